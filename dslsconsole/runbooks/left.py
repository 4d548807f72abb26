"""An operation that was left behind: whether nobody runs it any more, and giving it up as it stands."""

import asyncio
import time
from collections.abc import Callable

from dslsconsole.journal import Journal
from dslsconsole.runbooks.execution import Ending, NotWritten
from dslsconsole.runbooks.lock import BEAT_SECONDS, read, removed, removed_unreadable
from dslsconsole.runbooks.permission import Person
from dslsconsole.runbooks.reach import Reach
from dslsconsole.runbooks.record import OperationLog, directory_of
from dslsconsole.runbooks.report import Report
from dslsconsole.runbooks.unfinished import Known
from dslsconsole.settings.schema import Estate
from dslsconsole.systems.acting import Refused, Unfinished, Unreached
from dslsconsole.systems.ground import Ground

Ender = Callable[..., Report]
pause = asyncio.sleep
WATCHED_SECONDS = 3 * BEAT_SECONDS
"""How long a lock whose process can't be looked at is watched for a sign of life before it is taken over."""


class NotNow(Exception):  # noqa: N818
    """It may not be taken up now, and nothing was changed: why, and with which ending."""

    def __init__(self, ending: Ending, sentence: str) -> None:
        super().__init__(sentence)
        self.ending = ending


async def still(hands: Reach, ground: Ground, one: Known) -> None:
    """See that nobody runs it. Where this machine can't look at the process, its lock is watched for a while.

    Raises:
        NotNow: it runs.
    """
    if not one.readable or (one.here and one.process):
        return

    async def beats() -> set[tuple[str, int]]:
        found = set()
        for host in one.hosts:
            try:
                record = await read(hands, host, ground)
            except (Unreached, Unfinished, Refused):
                continue
            if record is not None and record.operation == one.operation:
                found.add((record.holder, record.beat))
        return found

    before = await beats()
    if not before:
        return
    await pause(WATCHED_SECONDS)
    if (after := await beats()) and after != before:
        raise NotNow(Ending.LOCKED, f"{one.operation} is running, from {one.from_host}: its lock shows signs of life.")


async def abandoned(
    estate: Estate, ground: Ground, hands: Reach, one: Known, person: Person, reason: str, ended_with: Ender
) -> Report:
    """Release the operation's locks, write down who did, and change nothing else. Raises NotNow: somebody runs it."""
    await still(hands, ground, one)
    log = OperationLog(Journal(directory_of(estate), time.time), person, one.cluster, one.runbook, one.operation)
    try:
        log.append("abandoned", reason=reason, step=one.step, steps=one.steps, hosts=list(one.hosts))
    except NotWritten as full:
        return ended_with(Ending.REFUSED, f"Nothing was done, because the journal can't be written: {full}")
    troubles = []
    for host in one.hosts:
        try:
            if one.readable:
                await removed(hands, ground, host, one.operation)
            else:
                await removed_unreadable(hands, ground, host)
        except (Unreached, Unfinished, Refused) as failure:
            troubles.append(f"The lock of {ground.name} is left behind on {host}: {failure}.")
    if troubles:
        return ended_with(Ending.NEEDS_PERSON, "Abandoned, but not every lock could be released.", tuple(troubles))
    where = ", ".join(one.hosts) or "no host"
    return ended_with(Ending.DONE, f"Abandoned; its lock is released on {where}. What it had done stands as it is.")
