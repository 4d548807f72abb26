"""An operation that was left behind: whether nobody runs it any more, and giving it up as it stands."""

import asyncio
import time
from collections.abc import Callable, Mapping

from dslsconsole.journal import Journal
from dslsconsole.runbooks.attempt import StepOutcome
from dslsconsole.runbooks.execution import Ending, NotWritten
from dslsconsole.runbooks.gap import Ask
from dslsconsole.runbooks.lock import BEAT_SECONDS, read, removed, removed_unreadable
from dslsconsole.runbooks.overruled import overruled, stands
from dslsconsole.runbooks.permission import Person
from dslsconsole.runbooks.plan import Plan
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


async def still(hands: Reach, ground: Ground, one: Known, waits: Callable[[str], None]) -> None:
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
    waits(f"Its lock is watched for {WATCHED_SECONDS:.0f} s for a sign of life.")
    await pause(WATCHED_SECONDS)
    if (after := await beats()) and after != before:
        raise NotNow(Ending.LOCKED, f"{one.operation} is running, from {one.from_host}: its lock shows signs of life.")


async def left_standing(plan: Plan, earlier: Mapping[int, StepOutcome], ask: Ask) -> tuple[str, ...]:
    """What the steps of a plan that were begun leave behind, and by which commands it is taken back. What is read not
    to be so any more is left out."""
    begun = {number for number, outcome in earlier.items() if outcome is not StepOutcome.SKIPPED}
    lines = []
    for step in plan.steps:
        is_kept = step.undo.action is None and not step.undo.final
        if step.number not in begun or is_kept or overruled(plan, step, begun):
            continue
        if stands(step) and (await ask(step)).ok is False:
            continue
        if step.undo.final:
            lines.append(f"Left as it is: {step.name} ({step.host}). It {step.undo.text}.")
        else:
            lines.append(f"Left as it is: {step.name} ({step.host}). By hand it is taken back so: {step.undo.text}")
    return tuple(lines)


async def abandoned(
    estate: Estate,
    ground: Ground,
    hands: Reach,
    one: Known,
    person: Person,
    reason: str,
    ended_with: Ender,
    standing: tuple[str, ...] = (),
) -> Report:
    """Release the operation's locks, write down who did, and change nothing else; `standing` says what it leaves
    behind. Nobody may run it any more (`still`)."""
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
        sentence = "Abandoned, but not every lock could be released."
        return ended_with(Ending.NEEDS_PERSON, sentence, (*troubles, *standing))
    where = ", ".join(one.hosts) or "no host"
    sentence = f"Abandoned; its lock is released on {where}. What it had done stands as it is."
    return ended_with(Ending.DONE, sentence, standing)
