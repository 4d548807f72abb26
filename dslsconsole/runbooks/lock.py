"""The operation's lock, on the cluster's own hosts: two consoles can't act at once, wherever they run.

The lock is a file created exclusively in the estate's `lock_directory`, on more than half of the nodes that can be
reached. Its content says who holds it, so that it can be asked, followed or, after a death, abandoned.
"""

import contextlib

import msgspec
from msgspec import Struct

from dslsconsole.runbooks.plan import PlannedStep
from dslsconsole.systems.acting import Hands, Refused, Unfinished, Unreached
from dslsconsole.systems.ground import Ground


class LockRecord(Struct, frozen=True):
    """What a lock file says. Times are seconds since the epoch."""

    operation: str
    cluster: str
    runbook: str
    operator: str
    from_host: str
    pid: int
    started_at: float
    plan: str
    step: int = 0
    steps: int = 0
    reason: str = ""


class Held(Exception):  # noqa: N818
    """Another operation holds the lock. `record` is None where its file can't be read."""

    def __init__(self, host: str, record: LockRecord | None) -> None:
        who = (
            f"operation {record.operation} ({record.runbook}, {record.operator} on {record.from_host})"
            if record
            else ("an operation whose lock file can't be read")
        )
        super().__init__(f"{who} holds the lock on {host}")
        self.host = host
        self.record = record


class NoLock(Exception):  # noqa: N818
    """The lock can't be taken for another reason: which, and what to do."""


def path_of(ground: Ground) -> str:
    return f"{ground.estate.lock_directory.rstrip('/')}/{ground.name}.lock"


def stop_path(lock: str) -> str:
    """The file beside a lock by which any console asks the operation to stop; it holds the operation's id."""
    return f"{lock.removesuffix('.lock')}.stop"


class Lock:
    """The lock of one operation, taken on each host in the same order, so that of two consoles one comes first."""

    def __init__(self, hands: Hands, ground: Ground, record: LockRecord) -> None:
        self._hands = hands
        self._path = path_of(ground)
        self._directory = ground.estate.lock_directory
        self._record = record
        self.hosts: list[str] = []
        self._maybe: list[str] = []
        self._written = 0

    async def take(self, hosts: tuple[str, ...]) -> None:
        """Take it on `hosts`, the nodes that answer.

        Raises:
            Held: another operation has it; nothing of ours is left behind.
            NoLock: it could not be written on more than half of the hosts.
        """
        troubles: list[str] = []
        for host in hosts:
            try:
                if await self._hands.create(host, self._path, msgspec.json.encode(self._record)):
                    self.hosts.append(host)
                    continue
                other = await read(self._hands, host, self._path)
            except Unfinished as failure:
                self._maybe.append(host)
                troubles.append(f"{host}: {failure}")
                continue
            except (Unreached, Refused) as failure:
                troubles.append(f"{host}: {failure}")
                continue
            if other is not None and other.operation == self._record.operation:
                self.hosts.append(host)
                continue
            await self.release()
            raise Held(host, other)
        if len(self.hosts) * 2 <= len(hosts):
            await self.release()
            raise NoLock(
                f"the lock could not be written to {self._directory} on more than half of the nodes that answer "
                f"({', '.join(hosts) or 'none does'}). {'; '.join(troubles)} "
                "The directory must exist there, owned by the operate user."
            )

    async def mark(self, step: PlannedStep) -> None:
        """Note which step runs; `write_progress` tells the hosts, so that no step waits for it."""
        self._record = msgspec.structs.replace(self._record, step=step.number)

    async def write_progress(self) -> None:
        """Tell the hosts that hold the lock how far the operation is. A host that is not reached is left out."""
        if self._record.step == self._written:
            return
        self._written = self._record.step
        for host in self.hosts:
            with contextlib.suppress(Unreached, Unfinished, Refused):
                await self._hands.replace(host, self._path, msgspec.json.encode(self._record))

    async def asked_to_stop(self) -> bool:
        """Whether somebody, on any console, wishes this operation to stop between two steps."""
        for host in self.hosts:
            with contextlib.suppress(Unreached, Unfinished, Refused):
                return await self._hands.read(host, stop_path(self._path)) == self._record.operation.encode()
        return False

    async def release(self) -> list[str]:
        """Remove our own files; the troubles that this met, in words."""
        troubles = []
        for host in (*self.hosts, *self._maybe):
            try:
                found = await read(self._hands, host, self._path)
                if found is not None and found.operation == self._record.operation:
                    await self._hands.remove(host, self._path)
                    await self._hands.remove(host, stop_path(self._path))
            except (Unreached, Unfinished, Refused) as failure:
                troubles.append(f"{host}: the lock {self._path} is still there: {failure}")
        self.hosts.clear()
        self._maybe.clear()
        return troubles


async def read(hands: Hands, host: str, path: str) -> LockRecord | None:
    """What the lock file on a host says; None where there is none or it can't be understood."""
    data = await hands.read(host, path)
    if data is None:
        return None
    try:
        return msgspec.json.decode(data, type=LockRecord)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


async def holders(hands: Hands, ground: Ground, hosts: tuple[str, ...]) -> dict[str, LockRecord | None]:
    """Which hosts carry a lock of this cluster, and what it says. A file that can't be read counts, as None."""
    found: dict[str, LockRecord | None] = {}
    for host in hosts:
        data = await hands.read(host, path_of(ground))
        if data is not None:
            try:
                found[host] = msgspec.json.decode(data, type=LockRecord)
            except (msgspec.DecodeError, UnicodeDecodeError):
                found[host] = None
    return found
