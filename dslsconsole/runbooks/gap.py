"""What may have happened while an operation lay cut off: commands that went on, and what was done by others.

A step whose end nobody wrote down may still be going on at its host: what it is to bring about is looked for until its
own time limit there is over. And what was done before the cut is read again before the operation goes on: somebody may
have started a loop again, licences have come and gone since the tokens were passed on.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from dslsconsole.runbooks.attempt import POLL_SECONDS, Attempts, Pause, StepOutcome
from dslsconsole.runbooks.overruled import lasts, overruled
from dslsconsole.runbooks.plan import Plan, PlannedStep
from dslsconsole.systems.acting import Checked

_SETTLED = (StepOutcome.DONE, StepOutcome.SKIPPED)
Ask = Callable[[PlannedStep], Awaitable[Checked]]


def asking(attempts: Attempts, memory: Mapping[str, str]) -> Ask:
    """Asks what a step was to bring about, without what the step itself remembered."""

    async def ask(step: PlannedStep) -> Checked:
        assert step.until is not None
        return await attempts.ask(step.until, dict(memory))

    return ask


def ending(plan: Plan, open_since: Mapping[int, float], attempts: Attempts) -> dict[int, float]:
    """When at the latest nothing goes on any more of the steps that were begun at these times, and whose end is not
    known, by number. One without a time limit at its host is left out: that can't be told."""
    found = {}
    for number, since in open_since.items():
        if (seconds := attempts.time_of(plan.steps[number - 1])) is not None:
            found[number] = since + seconds
    return found


async def over(
    plan: Plan, ends: Mapping[int, float], ask: Ask, clock: Callable[[], float], pause: Pause = asyncio.sleep
) -> None:
    """Wait for each of the steps until it ends, or what it was to bring about is so."""
    async with asyncio.TaskGroup() as tasks:
        for number, at in ends.items():
            tasks.create_task(_over(plan.steps[number - 1], at, ask, clock, pause))


async def _over(step: PlannedStep, ends: float, ask: Ask, clock: Callable[[], float], pause: Pause) -> None:
    while clock() < ends:
        if step.until is not None and (await ask(step)).ok:
            return
        await pause(POLL_SECONDS)


async def reread(plan: Plan, earlier: Mapping[int, StepOutcome], ask: Ask) -> tuple[dict[int, StepOutcome], list[str]]:
    """Which of the steps that were done are not so any more, and what they count as now; and those of which that can't
    be told, in words.

    A step that a later one has overruled need not stand; one that can't be taken back is not repeated.
    Once something final was begun, what can't be read is left to the end of the operation: it reads
    again what must hold.
    """
    begun = {number for number, outcome in earlier.items() if outcome is not StepOutcome.SKIPPED}
    final = any(plan.steps[number - 1].undo.final for number in earlier)
    steps = [
        step
        for step in plan.steps
        if earlier.get(step.number) in _SETTLED
        and lasts(step)
        and not step.undo.final
        and not overruled(plan, step, begun)
    ]
    told = await asyncio.gather(*(ask(step) for step in steps))
    again, unread = dict[int, StepOutcome](), list[str]()
    for step, checked in zip(steps, told, strict=True):
        if checked.ok is False:
            skipped = earlier[step.number] is StepOutcome.SKIPPED
            again[step.number] = StepOutcome.PLANNED if skipped else StepOutcome.FAILED
        elif checked.ok is None and not final:
            unread.append(f"“{step.name}” ({step.host}): {checked.reading}")
    return again, unread
