"""Operations that run, or were cut off: what this console's journal and the locks on the hosts tell of them."""

import asyncio
import datetime
import socket
import time
from collections.abc import Iterable
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from dslsconsole.journal import Entry
from dslsconsole.runbooks.lock import STILL_AFTER_SECONDS, LockRecord, holders
from dslsconsole.runbooks.process import alive
from dslsconsole.runbooks.record import Remembered, remembered
from dslsconsole.runbooks.report import iso
from dslsconsole.systems.acting import Hands, Refused, Unfinished, Unreached
from dslsconsole.systems.ground import Ground


class Known(Struct, frozen=True):
    """An operation that has not ended. `hosts` carry its lock."""

    operation: str
    cluster: str
    runbook: str
    operator: str
    from_host: str
    started_at: float
    step: int
    steps: int
    pid: int | None
    hosts: tuple[str, ...] = ()
    in_journal: bool = False
    process: str = ""
    holders: frozenset[str] = frozenset()
    """Whom the lock files on the hosts name."""
    beat_at: float = 0.0
    """When the lock last showed a sign of life, by the clock of the machine that runs it."""
    readable: bool = True

    @property
    def here(self) -> bool:
        """Whether this console's journal tells of it and it runs, or ran, on this machine."""
        return self.in_journal and self.from_host == socket.gethostname()

    @property
    def running(self) -> bool:
        """Whether its process lives. What lies on hosts names no process here that is believed: there its beat counts.

        A beat may be told by a clock that is wrong: before anything is taken up it is watched for a while.
        """
        if self.here and self.process:
            return alive(self.pid, self.process)
        if self.hosts:
            return abs(time.time() - self.beat_at) < STILL_AFTER_SECONDS
        return self.here and alive(self.pid, "")

    def document(self) -> dict[str, Any]:
        return {
            "operation": self.operation,
            "cluster": self.cluster,
            "runbook": self.runbook,
            "operator": self.operator,
            "from": self.from_host,
            "started_at": iso(self.started_at),
            "state": "running" if self.running else "unfinished",
            "step": self.step,
            "steps": self.steps,
        }


async def locked(hands: Hands, ground: Ground) -> dict[str, Known]:
    """The operations whose locks lie on the cluster's nodes, by id. Nodes that are not reached are left out."""
    found: dict[str, Known] = {}

    async def look(host: str) -> None:
        try:
            held = await holders(hands, ground, (host,))
        except (Unreached, Unfinished, Refused):
            return
        for record in held.values():
            if record is not None:
                _add(found, host, record)
            else:
                name = f"{ground.name}@{host}"
                found[name] = Known(
                    name, ground.name, "unreadable lock", "?", "?", 0.0, 0, 0, None, (host,), readable=False
                )

    async with asyncio.TaskGroup() as tasks:
        for host in ground.nodes:
            tasks.create_task(look(host))
    return found


def _add(found: dict[str, Known], host: str, record: LockRecord) -> None:
    before = found.get(record.operation)
    found[record.operation] = Known(
        operation=record.operation,
        cluster=record.cluster,
        runbook=record.runbook,
        operator=record.operator,
        from_host=record.from_host,
        started_at=record.started_at,
        step=max(record.step, before.step if before else 0),
        steps=record.steps,
        pid=record.pid,
        hosts=(*(before.hosts if before else ()), host),
        holders=frozenset({record.holder}) | (before.holders if before else frozenset()),
        beat_at=max(record.beat_at, before.beat_at if before else 0.0),
    )


def journalled(entries: Iterable[Entry]) -> dict[str, Known]:
    """The operations that this journal saw confirmed and not ended, by id."""
    return {name: _known(one) for name, one in remembered(entries).items() if not one.ended}


def _known(one: Remembered) -> Known:
    started = datetime.datetime.fromisoformat(one.started_at).timestamp()
    return Known(
        operation=one.operation,
        cluster=one.cluster,
        runbook=one.runbook,
        operator=one.operator,
        from_host=one.from_host,
        started_at=started,
        step=one.step,
        steps=one.steps,
        pid=one.pid,
        process=one.process,
        in_journal=True,
    )


def together(journal: dict[str, Known], locks: dict[str, Known]) -> tuple[Known, ...]:
    """Both, each operation once, the oldest first. The journal knows more steps, the locks more hosts."""
    found = dict(journal)
    for name, one in locks.items():
        before = found.get(name)
        if before is None or before.cluster != one.cluster:
            found[name] = one
            continue
        found[name] = replace(
            before,
            hosts=one.hosts,
            step=max(before.step, one.step),
            holders=one.holders,
            beat_at=one.beat_at,
            # A console that took it up later is named by the lock, not by this journal: whether that lives is told by
            # the lock's beat alone.
            from_host=one.from_host,
            process=before.process if one.pid == before.pid else "",
        )
    return tuple(sorted(found.values(), key=lambda one: one.started_at))
