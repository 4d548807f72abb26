"""Operations that run, or were cut off: what this console's journal and the locks on the hosts tell of them."""

import asyncio
import contextlib
import datetime
import os
import socket
from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from dslsconsole.journal import Entry
from dslsconsole.runbooks.lock import LockRecord, holders
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

    @property
    def here(self) -> bool:
        """Whether it was started on this machine."""
        return self.from_host == socket.gethostname()

    @property
    def running(self) -> bool:
        """Whether its process lives. Of another machine's process that can't be told, so it is taken for alive."""
        return alive(self.pid) if self.here else True

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


def alive(pid: int | None) -> bool:
    """Whether a process of this number lives here."""
    if not pid or pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


async def locked(hands: Hands, ground: Ground) -> dict[str, Known]:
    """The operations whose locks lie on the cluster's nodes, by id. Nodes that are not reached are left out."""
    found: dict[str, Known] = {}

    async def look(host: str) -> None:
        with contextlib.suppress(Unreached, Unfinished, Refused):
            for record in (await holders(hands, ground, (host,))).values():
                if record is not None:
                    _add(found, host, record)

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
        in_journal=True,
    )


def together(journal: dict[str, Known], locks: dict[str, Known]) -> tuple[Known, ...]:
    """Both, each operation once, the oldest first. The journal knows more steps, the locks more hosts."""
    import msgspec

    found = dict(journal)
    for name, one in locks.items():
        before = found.get(name)
        found[name] = (
            msgspec.structs.replace(before, hosts=one.hosts, step=max(before.step, one.step)) if before else one
        )
    return tuple(sorted(found.values(), key=lambda one: one.started_at))
