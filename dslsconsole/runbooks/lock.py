"""The operation's lock, on the cluster's own hosts: two consoles can't act at once, wherever they run.

The lock is a file created exclusively in the estate's `lock_directory`, on more than half of the nodes that can be
reached. Its content says who holds it, so that it can be asked, followed or, after a death, abandoned.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from dslsconsole.runbooks.attempt import StepOutcome
from dslsconsole.runbooks.beside import OperationRecord, record_path
from dslsconsole.runbooks.plan import PlannedStep
from dslsconsole.ssh.cleaning import clean
from dslsconsole.ssh.files import HALF_WRITTEN
from dslsconsole.systems.acting import Hands, Refused, Unfinished, Unreached
from dslsconsole.systems.ground import Ground

LONGEST = 16_384
"""Bytes of a lock file that is read as one."""
BEAT_SECONDS = 2.0
"""How often a living operation writes a new number into its lock."""
STILL_AFTER_SECONDS = 30.0
"""A lock whose operation has not been heard of for so long is shown as left behind."""
STOP_POLL_SECONDS = 1.0
TELL_SECONDS = 2.0
"""How long a step waits for its lock's hosts to be told of it."""
CLAIM_SECONDS = 5.0
"""In so long a process that claimed a left lock has written it, or is dead."""
FILLED_SECONDS = 0.1
FILLED_LOOKS = 20
"""An empty lock is looked at so often, so far apart: SFTP makes a file with one request and fills it with the next."""
_NOT_DONE = (Unreached, Unfinished, Refused)
_Word = Annotated[str, Meta(max_length=200)]
_Count = Annotated[int, Meta(ge=0, le=10_000_000)]
_Time = Annotated[float, Meta(ge=0, le=4_102_444_800)]  # the year 2100


class LockRecord(Struct, frozen=True):
    """What a lock file says. Times are seconds since the epoch. What lies on a host is a hostile text: see `decoded`.

    `holder` is the process that has it, a word that nobody else has; `generation` counts those that took it up again.
    """

    operation: Annotated[str, Meta(pattern="^[A-Za-z0-9._-]{1,100}$")]
    cluster: _Word
    runbook: _Word
    operator: _Word
    from_host: _Word
    pid: Annotated[int, Meta(ge=0, le=2**31)]
    started_at: _Time
    plan: _Word
    step: _Count = 0
    steps: _Count = 0
    reason: Annotated[str, Meta(max_length=1000)] = ""
    holder: _Word = ""
    generation: _Count = 0
    beat: _Count = 0
    beat_at: _Time = 0.0


def decoded(data: bytes, cluster: str) -> LockRecord | None:
    """What a lock file of the cluster says, with bounds on every number and length; None where it is no such file."""
    if len(data) > LONGEST:
        return None
    try:
        record = msgspec.json.decode(data, type=LockRecord)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if record.cluster != cluster:
        return None
    words = {name: clean(getattr(record, name)) for name in ("runbook", "operator", "from_host", "reason")}
    return msgspec.structs.replace(record, **words)


def told(record: LockRecord) -> str:
    """Whose lock it is, in words."""
    return f"{record.runbook} by {record.operator} on {record.from_host} (operation {record.operation})"


class Held(Exception):  # noqa: N818
    """Another operation holds the lock. `record` is None where its file can't be read."""

    def __init__(self, host: str, record: LockRecord | None) -> None:
        who = told(record) if record else "an operation whose lock file can't be understood"
        super().__init__(f"{who} holds the cluster's lock on {host}")
        self.host = host
        self.record = record


class NoLock(Exception):  # noqa: N818
    """The lock can't be taken for another reason: which, and what to do."""


def path_of(ground: Ground) -> str:
    return f"{ground.estate.lock_directory.rstrip('/')}/{ground.name}.lock"


def stop_path(lock: str) -> str:
    """The file beside a lock by which any console asks the operation to stop; it holds the operation's id."""
    return f"{lock.removesuffix('.lock')}.stop"


def claim_path(lock: str, generation: int) -> str:
    """The file by which one process alone takes a left lock up again."""
    return f"{lock.removesuffix('.lock')}.taken-{generation}"


class Lock:
    """The lock of one operation, taken on each host in the same order, so that of two consoles one comes first."""

    def __init__(self, hands: Hands, ground: Ground, record: LockRecord, clock: Callable[[], float]) -> None:
        self._hands = hands
        self._ground = ground
        self._path = path_of(ground)
        self._directory = ground.estate.lock_directory
        self._record = record
        self._clock = clock
        self._beside: OperationRecord | None = None
        self._told: set[str] = set()
        """Hosts that have the operation's record as it is now."""
        self._beaten_at = clock()
        self._telling = asyncio.Lock()
        """Steps that run together and the beat tell one after another: an older word never comes after a newer one."""
        self._wanted = self._covered = 0
        """How often it was to be told, and up to which of these it has been."""
        self.hosts: list[str] = []
        self._maybe: list[str] = []
        self._left: tuple[str, ...] = ()
        self._lost: str | None = None

    async def take(self, hosts: tuple[str, ...]) -> None:
        """Take it on `hosts`, the nodes that answer.

        Raises:
            Held: another operation has it; nothing of ours is left behind.
            NoLock: it could not be written on more than half of the hosts.
        """
        await self._on_each(hosts, self._create, let_go=self.release)

    async def adopt(self, hosts: tuple[str, ...], left: frozenset[str], carriers: tuple[str, ...] = ()) -> None:
        """Take it over from a process that has ended: where the lock is gone, anew; else from one of the holders
        `left`, by a claim that one process alone can make. Those of its `carriers` that are not among the hosts, or on
        which it can't be taken over, are told when it is released.

        Raises:
            Held: another operation or process has it; what was taken over so far is free to be taken up again.
            NoLock: it could not be written on more than half of the hosts.
        """

        async def one(host: str) -> None:
            if await self._hands.create(host, self._path, self._encoded()):
                self.hosts.append(host)
                return
            found = await self._found(host)
            if found is None or found.operation != self._record.operation or found.holder not in left:
                raise Held(host, found)
            generation = await self._claimed(host, found)
            self._record = msgspec.structs.replace(self._record, generation=max(generation, self._record.generation))
            self.hosts.append(host)
            await self._hands.replace(host, self._path, self._encoded())
            # A wish to stop was for the process that has ended.
            await self._hands.remove(host, stop_path(self._path))

        async def leave() -> list[str]:
            """What was taken over is left behind as it was: to be taken up by whoever comes next."""
            self.hosts.clear()
            return []

        await self._on_each(hosts, one, let_go=leave)
        self._left = tuple(host for host in dict.fromkeys((*carriers, *hosts)) if host not in self.hosts)

    async def _claimed(self, host: str, found: LockRecord) -> int:
        """The generation that this process alone may take a left lock up as. Raises Held: another one does.

        A claim whose maker died before it wrote its lock would bar everybody for ever: after a while in which the lock
        stayed as it was, the next one is as good.
        """
        mine = self._record.holder.encode()
        if await self._hands.create(host, claim_path(self._path, found.generation + 1), mine):
            return found.generation + 1
        await asyncio.sleep(CLAIM_SECONDS)
        now = await self._found(host)
        is_as_it_was = now is not None and (now.holder, now.generation) == (found.holder, found.generation)
        if not is_as_it_was or not await self._hands.create(host, claim_path(self._path, found.generation + 2), mine):
            raise Held(host, now)
        return found.generation + 2

    async def _on_each(
        self, hosts: tuple[str, ...], take: Callable[[str], Awaitable[None]], *, let_go: Callable[[], Awaitable[object]]
    ) -> None:
        troubles: list[str] = []
        for host in hosts:
            try:
                await take(host)
            except Held:
                await let_go()
                raise
            except Unfinished as failure:
                self._maybe.append(host)
                troubles.append(_named(host, failure))
            except (Unreached, Refused) as failure:
                troubles.append(_named(host, failure))
        if len(self.hosts) * 2 <= len(hosts):
            taken = len(self.hosts)
            await let_go()
            raise NoLock(self._too_few(taken, hosts, troubles))

    def _too_few(self, taken: int, hosts: tuple[str, ...], troubles: list[str]) -> str:
        if not hosts:
            return "no node answers, so there is none to put the cluster's lock on."
        return (
            f"the cluster's lock could be written on {taken} of the {len(hosts)} nodes that answer, and more than half "
            f"must carry it. {'; '.join(trouble.rstrip('.') for trouble in troubles)}. On each of them "
            f"{self._directory} must be there, belong to the operate user, and have room."
        )

    async def _create(self, host: str) -> None:
        if await self._hands.create(host, self._path, self._encoded()):
            self.hosts.append(host)
            return
        other = await self._found(host)
        if other is None or not self._is_ours(other):
            raise Held(host, other)
        self.hosts.append(host)

    def _encoded(self) -> bytes:
        return msgspec.json.encode(self._record)

    async def _found(self, host: str) -> LockRecord | None:
        return await read(self._hands, host, self._ground)

    def _is_ours(self, found: LockRecord) -> bool:
        return found.operation == self._record.operation and found.holder == self._record.holder

    async def keep(self, record: OperationRecord) -> None:
        """Put the operation's record beside the lock, so that any console can take it up."""
        self._beside = record
        self._told.clear()
        await self._tell()

    def note(self, step: PlannedStep, outcome: StepOutcome) -> None:
        """What became of a step, for the record; the hosts are told before the next one, or with the next beat."""
        if self._beside is not None and outcome is not StepOutcome.RUNNING:
            self._beside = self._beside.with_outcome(step.number, outcome.value)
            self._told.clear()

    async def before(self, step: PlannedStep) -> str | None:
        """See that the lock is still ours and note on its hosts that the step begins; else why it may not.

        Where none of them can be asked any more the step begins: a runbook that stands still between a stop and a
        promotion serves nobody, and nobody else can take over a lock on hosts that can't be reached.
        """
        self._record = msgspec.structs.replace(self._record, step=step.number)
        if self._beside is not None:
            self._beside = self._beside.with_outcome(step.number, StepOutcome.RUNNING.value)
            self._told.clear()
        await self._tell()
        return self._lost

    async def beat(self) -> None:
        """Show the hosts that the operation lives, and how far it is. A host that is not reached is left out."""
        if self._clock() - self._beaten_at >= BEAT_SECONDS or len(self._told) < len(self.hosts):
            await self._tell()

    async def _tell(self) -> None:
        self._wanted += 1
        mine = self._wanted
        async with self._telling:
            if self._covered < mine:
                self._covered = self._wanted
                await self._tell_all()

    async def _tell_all(self) -> None:
        self._beaten_at = self._clock()
        beat = self._record.beat + 1
        self._record = msgspec.structs.replace(self._record, beat=beat, beat_at=self._beaten_at)
        try:
            async with asyncio.timeout(TELL_SECONDS), asyncio.TaskGroup() as tasks:
                for host in self.hosts:
                    tasks.create_task(self._tell_one(host))
        except TimeoutError:
            # Whom it did not reach in time it tells with the next beat; a step does not wait longer for that.
            return

    async def _tell_one(self, host: str) -> None:
        """Write what we know, unless the lock there is not ours any more."""
        beside = self._beside
        try:
            record = await self._found(host)
            if record is None or not self._is_ours(record):
                self._lost = (
                    f"{record.operator} on {record.from_host} has taken the cluster's lock over, on {host}."
                    if record
                    else f"somebody has removed or changed its lock on {host}."
                )
                return
            await self._hands.replace(host, self._path, self._encoded())
            if beside is not None and host not in self._told:
                path = record_path(self._directory, beside.cluster, beside.operation)
                await self._hands.replace(host, path, beside.encoded())
                if self._beside is beside:
                    self._told.add(host)
        except _NOT_DONE:
            # A host that went away in the middle is no reason to stop: the others hold the lock.
            return

    async def leave(self) -> None:
        """Leave the lock where it lies, without a sign of life: to be taken up again."""
        self._record = msgspec.structs.replace(self._record, beat_at=0.0)
        for host in self.hosts:
            with contextlib.suppress(*_NOT_DONE):
                await self._hands.replace(host, self._path, self._encoded())

    async def asked_to_stop(self) -> bool:
        """Whether somebody, on any console, wishes this operation to stop between two steps."""
        for host in tuple(self.hosts):
            with contextlib.suppress(*_NOT_DONE):
                if await self._hands.read(host, stop_path(self._path)) == self._record.operation.encode():
                    return True
        return False

    async def release(self) -> list[str]:
        """Remove our own files; the troubles that this met, in words."""
        troubles = [
            f"The lock {self._path} may be left behind on {host}, which could not be told. When it is back, see "
            "`dslsconsole operations`."
            for host in self._left
        ]
        for host in (*self.hosts, *self._maybe):
            try:
                found = await self._found(host)
                if found is not None and self._is_ours(found):
                    await _remove_all(self._hands, host, self._path, self._directory, found)
            except _NOT_DONE as failure:
                troubles.append(
                    f"The lock {self._path} is left behind on {host}: {failure}. See `dslsconsole operations`."
                )
        self.hosts.clear()
        self._maybe.clear()
        return troubles


@contextlib.asynccontextmanager
async def watched(lock: Lock, stop: asyncio.Event) -> AsyncIterator[None]:
    """Meanwhile keep the lock's record up to date, and look for another console's wish to stop."""

    over = asyncio.Event()

    async def watch() -> None:
        while not over.is_set():
            try:
                async with asyncio.timeout(STOP_POLL_SECONDS):
                    await over.wait()
            except TimeoutError:
                await lock.beat()
                if await lock.asked_to_stop():
                    stop.set()

    task = asyncio.create_task(watch())
    try:
        yield
    finally:
        # Never cancelled: a lock that is being rewritten must not come back after its removal.
        over.set()
        await task


def _named(host: str, failure: Exception) -> str:
    """A failure with the host's name before it, once."""
    text = str(failure)
    return text if text.startswith(host) else f"{host}: {text}"


async def _remove_all(hands: Hands, host: str, path: str, directory: str, record: LockRecord) -> None:
    """A lock and what lies beside it; the lock last but for the claims on it, which would let another in."""
    await hands.remove(host, record_path(directory, record.cluster, record.operation))
    await hands.remove(host, stop_path(path))
    await hands.remove(host, path)
    for generation in range(1, min(record.generation, 50) + 1):
        await hands.remove(host, claim_path(path, generation))
    with contextlib.suppress(*_NOT_DONE):
        await _swept(hands, host, directory, record)


async def _swept(hands: Hands, host: str, directory: str, record: LockRecord) -> None:
    """Remove what a process was writing for the operation when it died."""
    begun = (f"{record.cluster}.lock.", f"{record.cluster}.{record.operation}.json.")
    for name in await hands.names(host, directory) or ():
        if name.startswith(begun) and name.endswith(HALF_WRITTEN):
            await hands.remove(host, f"{directory.rstrip('/')}/{name}")


async def removed(hands: Hands, ground: Ground, host: str, operation: str) -> None:
    """Remove an operation's lock and record from a host, if they are there. Raises Unreached, Unfinished, Refused."""
    record = await read(hands, host, ground)
    if record is not None and record.operation == operation:
        await _remove_all(hands, host, path_of(ground), ground.estate.lock_directory, record)
        await hands.remove(host, claim_path(path_of(ground), record.generation + 1))


async def _filled(hands: Hands, host: str, path: str) -> bytes | None:
    """What a lock file holds, once whoever has just made it had time to fill it; empty where its maker died."""
    for _ in range(FILLED_LOOKS):
        if (data := await hands.read(host, path)) != b"":
            return data
        await asyncio.sleep(FILLED_SECONDS)
    return b""


async def removed_unreadable(hands: Hands, ground: Ground, host: str) -> bool:
    """Remove a lock file that is there and can't be understood; whether there was one."""
    data = await _filled(hands, host, path_of(ground))
    if data is None or decoded(data, ground.name) is not None:
        return False
    await hands.remove(host, path_of(ground))
    return True


async def read(hands: Hands, host: str, ground: Ground) -> LockRecord | None:
    """What the lock file on a host says; None where there is none or it can't be understood."""
    data = await _filled(hands, host, path_of(ground))
    return decoded(data, ground.name) if data is not None else None


async def holders(hands: Hands, ground: Ground, hosts: tuple[str, ...]) -> dict[str, LockRecord | None]:
    """Which hosts carry a lock of this cluster, and what it says. A file that can't be read counts, as None."""
    found: dict[str, LockRecord | None] = {}
    for host in hosts:
        data = await _filled(hands, host, path_of(ground))
        if data is not None:
            found[host] = decoded(data, ground.name)
    return found
