"""Running a plan: every step proven before and after, written down before it runs, and taken back where it fails."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from itertools import groupby

from msgspec.structs import replace

from dslsconsole.runbooks import card
from dslsconsole.runbooks.attempt import Attempts
from dslsconsole.runbooks.attempt import Pause as Pause
from dslsconsole.runbooks.attempt import StepOutcome as StepOutcome
from dslsconsole.runbooks.attempt import StepResult as StepResult
from dslsconsole.runbooks.ending import Ended as Ended
from dslsconsole.runbooks.ending import Ending as Ending
from dslsconsole.runbooks.ending import Log as Log
from dslsconsole.runbooks.ending import NotWritten as NotWritten
from dslsconsole.runbooks.overruled import overruled, stands
from dslsconsole.runbooks.plan import Plan, PlannedCheck, PlannedStep
from dslsconsole.ssh.cleaning import clean, clean_lines
from dslsconsole.systems.acting import Action, Check, Checked, Hands, both
from dslsconsole.systems.ground import Ground

OUTPUT_LIMIT = 4000
"""Characters of a command's output that are kept in the journal and the result."""

JUST_S = 2.0
"""For so long what was read at the end of one step is good for the next one, where users wait for it."""
_SETTLED = (StepOutcome.DONE, StepOutcome.SKIPPED)
Progress = Callable[[PlannedStep, StepResult], None]
Barrier = Callable[[PlannedStep], Awaitable[str | None]]
"""Asked before a step or its undo runs: why it may not, because the operation is not this process's any more."""


class Execution:
    """One run of a plan. `stop` asks it to stop between two steps."""

    def __init__(
        self,
        plan: Plan,
        *,
        hands: Hands,
        ground: Ground,
        actions: Mapping[str, Action],
        checks: Mapping[str, Check],
        log: Log,
        clock: Callable[[], float],
        pause: Pause = asyncio.sleep,
        stop: asyncio.Event | None = None,
        memory: dict[str, str] | None = None,
        progress: Progress = lambda step, result: None,
        going_back: Callable[[PlannedStep], None] = lambda step: None,
        before_step: Barrier | None = None,
        earlier: Mapping[int, StepOutcome] | None = None,
    ) -> None:
        """`earlier` is what an operation that was cut off had made of its steps, by number; those done are not run.
        `going_back` is told of a step before it is taken back."""
        self.plan = plan
        self._stop = stop or asyncio.Event()
        self._attempts = Attempts(hands, ground, actions, checks, clock, pause, self._stop)
        self._log = log
        self._clock = clock
        self._memory = memory if memory is not None else {}
        self._progress = progress
        self._going_back = going_back
        self._before_step = before_step
        self.results: list[StepResult] = [
            StepResult(step.name, step.host, step.command, StepOutcome.PLANNED, undo=step.undo.text, within=step.within)
            for step in plan.steps
        ]
        self._begun: set[int] = set()
        self._proven: list[tuple[PlannedCheck, float]] = []
        """What was read at the end of steps, and when."""
        self._barred: str | None = None
        for number, outcome in (earlier or {}).items():
            self.results[number - 1] = replace(self.results[number - 1], outcome=outcome)
            if outcome is not StepOutcome.SKIPPED:
                self._begun.add(number)

    @property
    def untested(self) -> tuple[str, ...]:
        """The features of which a checkout could not be tested, because none was free."""
        return tuple(
            step.arguments.get("feature", step.name)
            for step in self.plan.steps
            if step.action == "test-checkout" and self.results[step.number - 1].outcome is StepOutcome.SKIPPED
        )

    def _no_checkout(self) -> bool:
        """Whether checkouts were to be tested, and none could be."""
        tests = [step for step in self.plan.steps if step.action == "test-checkout"]
        return bool(tests) and len(self.untested) == len(tests)

    async def run(self) -> Ended:
        """Run every step, or stop and take back what can be. Never raises for what a host did."""
        for _, group in groupby(self.plan.steps, key=lambda step: step.group):
            steps = [step for step in group if self.results[step.number - 1].outcome not in _SETTLED]
            if self._stop.is_set():
                return await self._take_back(None, "It was asked to stop.")
            async with asyncio.TaskGroup() as tasks:
                running = [tasks.create_task(self._written_step(step)) for step in steps]
            if lost := [why for task in running if (why := task.result()) is not None]:
                return await self._journal_lost(lost[0])
            if self._barred is not None:
                return await self._taken_over()
            if (wrong := self._worst(steps)) is not None:
                return await self._went_wrong(wrong)
        if self._stop.is_set() and not self._final(self.plan.steps):
            return await self._take_back(None, "It was asked to stop.")
        return await self._held_to_the_end()

    async def _held_to_the_end(self) -> Ended:
        """Read what must still be so when all is done, and do again what a host has forgotten meanwhile.

        Where what can't be taken back does not stand, the service has gone on without us: then nothing is done again.
        """
        holding = [step for step in self.plan.steps if step.holds and step.until is not None]
        read = await asyncio.gather(*(self._holds(step) for step in holding))
        overtaken = any(step.undo.final and one.ok is False for step, one in zip(holding, read, strict=True))
        open_, fallen, repeated = list[str](), set[int](), list[str]()
        for step, found in zip(holding, read, strict=True):
            checked = found
            if checked.ok is False and not overtaken:
                try:
                    checked = await self._again(step, checked)
                except NotWritten as full:
                    return await self._journal_lost(str(full))
                if self._barred is not None:
                    return await self._taken_over()
                repeated.append(f"Done again, because it did not last: {step.name} ({step.host}).")
            if not checked.ok:
                still = "Not so any more" if checked.ok is False else "It can't be read whether this still stands"
                open_.append(f"{still}: {step.name} ({step.host}): {clean(checked.reading)}")
                fallen.add(step.number)
        if open_:
            lines = (*open_, *repeated, *await self._standing(fallen))
            return Ended(Ending.NEEDS_PERSON, "Every step was done, but not all of it stands.", lines)
        late = (card.TOO_LATE,) if self._stop.is_set() else ()
        return Ended(Ending.DONE, "", (*late, *card.told(self.plan, self.results), *repeated))

    async def _holds(self, step: PlannedStep) -> Checked:
        assert step.until is not None
        return await self._asked(step.until)

    async def _again(self, step: PlannedStep, found: Checked) -> Checked:
        """Do a step once more that did not last, written down like the first time.

        What can't be taken back is not done again: what it needs was proven for the first time only.
        """
        if found.ok is None or step.undo.final or await self._is_barred(step):
            return found
        started = self._clock()
        self._log.append("step-started", **self._words(step), again=clean(found.reading))
        call = self._attempts.call(step.host, step.arguments, dict(self._memory))
        outcome, output = await self._attempts.carry_out(step.action, call, step.until, step.within, retry=step.retry)
        self._note(step, outcome, started, f"Done again, because it was forgotten: {found.reading}\n{output}")
        self._log.append("step-ended", **self._words(step), outcome=outcome.value, output=_bounded(output), run=True)
        return Checked({StepOutcome.DONE: True, StepOutcome.FAILED: False}.get(outcome), output)

    async def undo(self, why: str) -> Ended:
        """Take back what was done, in reverse. What may have happened is read first; unknown, nothing is taken back."""
        for step in self.plan.steps:
            if step.until is None or self.results[step.number - 1].outcome is not StepOutcome.FAILED:
                continue
            if step.undo.action is None and not step.undo.final:
                continue
            checked = await self._asked(step.until)
            if checked.ok is None:
                self._note(step, StepOutcome.UNKNOWN, self._clock(), checked.reading)
                return await self._went_wrong(step)
            if checked.ok:
                self._note(step, StepOutcome.DONE, self._clock(), checked.reading)
        return await self._take_back(None, why)

    async def verify(self) -> Ended:
        """Read what became of the steps that were begun; changes nothing."""
        open_: list[str] = []
        for step in self.plan.steps:
            if step.number not in self._begun or overruled(self.plan, step, self._begun):
                continue
            if step.until is None:
                if self.results[step.number - 1].outcome is not StepOutcome.DONE:
                    open_.append(f"{step.name} ({step.host}): it was begun, and nothing tells whether it happened")
                continue
            checked = await self._asked(step.until)
            outcome = {True: StepOutcome.DONE, False: StepOutcome.FAILED, None: StepOutcome.UNKNOWN}[checked.ok]
            self._note(step, outcome, self._clock(), checked.reading)
            if not checked.ok:
                open_.append(f"{step.name} ({step.host}): {clean(checked.reading)}")
        left = [step.name for step in self.plan.steps if self.results[step.number - 1].outcome is StepOutcome.PLANNED]
        if open_ or left:
            lines = (*(f"Not so: {line}." for line in open_), *(f"Not begun: {name}." for name in left))
            return Ended(Ending.NEEDS_PERSON, "It is not complete. Continue it, undo it, or abandon it.", lines)
        return Ended(Ending.DONE, "Every step is as it should be.")

    def _worst(self, steps: list[PlannedStep]) -> PlannedStep | None:
        for outcome in (StepOutcome.UNKNOWN, StepOutcome.FAILED):
            for step in steps:
                if self.results[step.number - 1].outcome is outcome:
                    return step
        return None

    async def _went_wrong(self, step: PlannedStep) -> Ended:
        result = self.results[step.number - 1]
        said = f" {clean(result.output)}" if result.output else ""
        if result.outcome is StepOutcome.FAILED:
            return await self._take_back(step, f"“{step.name}” on {step.host} failed.{said}")
        return Ended(
            Ending.NEEDS_PERSON,
            f"It is not known whether “{step.name}” happened on {step.host}.{said}",
            (
                f"Look at {step.host}: did this happen? {step.command}",
                *card.wrong_too(self.plan, self.results, step),
                *await self._standing(),
                "Nothing was taken back, because that could do harm while this is open.",
            ),
        )

    async def _standing(self, told: Collection[int] = ()) -> tuple[str, ...]:
        """What has been done, and whether it stands, read now where that can be read; but for those `told` already."""
        done = [
            step
            for step in self.plan.steps
            if self.results[step.number - 1].outcome is StepOutcome.DONE and step.number not in told
        ]
        return tuple(await asyncio.gather(*(self._stands(step) for step in done)))

    async def _stands(self, step: PlannedStep) -> str:
        what = f"{step.name} ({step.host})"
        if step.until is None or not stands(step):
            return f"Done and standing: {what}."
        if overruled(self.plan, step, self._begun):
            return f"Done, and followed by what comes after it: {what}."
        checked = await self._asked(step.until)
        if checked.ok:
            return f"Done and standing: {what}."
        if checked.ok is None:
            return f"Done, but it can't be read whether it still stands: {what}: {clean(checked.reading)}."
        return f"Done, but not so any more: {what}: {clean(checked.reading)}."

    async def _taken_over(self) -> Ended:
        return Ended(
            Ending.NEEDS_PERSON,
            f"It stopped before its next step: {self._barred}",
            (*await self._standing(), "Nothing was taken back."),
        )

    async def _journal_lost(self, why: str) -> Ended:
        if not self._begun:
            return Ended(Ending.REFUSED, f"Nothing was run, because the journal can't be written: {why}")
        return Ended(
            Ending.NEEDS_PERSON,
            f"It stopped before its next step, because the journal can't be written: {why}",
            (*await self._standing(), "Nothing was taken back: that could not be written down either."),
        )

    async def _take_back(self, failed: PlannedStep | None, why: str) -> Ended:
        settled = self._settled()
        open_ = tuple(step for step in self.plan.steps if step.number > settled)
        done = [
            step
            for step in open_
            if step.number in self._begun and self.results[step.number - 1].outcome is StepOutcome.DONE
        ]
        if final := self._final(open_):
            reasons = tuple(f"“{step.name}” {step.undo.text}." for step in final)
            wrong, left = card.wrong_too(self.plan, self.results, failed), card.left(self.plan, self.results)
            lines = (*reasons, *wrong, *await self._standing(), *left)
            return Ended(Ending.NEEDS_PERSON, f"{why} It was not rolled back.", lines)
        unfinished = [
            step
            for step in open_
            if step.number in self._begun and self.results[step.number - 1].outcome is StepOutcome.FAILED
        ]
        told: list[str] = []
        for step in sorted([*done, *unfinished], key=lambda step: step.number, reverse=True):
            if step.undo.action is None:
                continue
            try:
                undone, trouble = await self._undo(step)
            except NotWritten as full:
                return await self._journal_lost(str(full))
            if self._barred is not None:
                return await self._taken_over()
            told.append(f"Taken back: {step.name} ({step.undo.host}). {clean(trouble)}")
            if not undone:
                lines = (
                    f"Taking back “{step.name}” on {step.undo.host} did not work: {trouble}",
                    *card.wrong_too(self.plan, self.results, failed),
                    *await self._standing(),
                )
                return Ended(Ending.NEEDS_PERSON, f"{why} Rolling back stopped.", lines)
        told += [
            f"It may have happened, and is not taken back: {step.name} ({step.host}): {step.undo.why}."
            for step in unfinished
            if step.undo.action is None and step is not failed
        ]
        told += card.wrong_too(self.plan, self.results, failed)
        if settled:
            done_before = f"Up to “{self.plan.steps[settled - 1].name}” all was done; what came after was taken back."
            return Ended(Ending.ROLLED_BACK, f"{why} {done_before}", (*card.told(self.plan, self.results), *told))
        return Ended(Ending.ROLLED_BACK, f"{why} Everything done before was taken back.", tuple(told))

    def _final(self, steps: Collection[PlannedStep]) -> list[PlannedStep]:
        """Those of the steps that are done and can't be taken back.

        A server that took its role by itself, so that the step was skipped, has taken it all the same.
        """
        return [step for step in steps if step.undo.final and self.results[step.number - 1].outcome in _SETTLED]

    def _settled(self) -> int:
        """The number of the last step that settled what was done up to it; 0 where none did."""
        return max(
            (one.number for one in self.plan.steps if one.settles and self.results[one.number - 1].outcome in _SETTLED),
            default=0,
        )

    async def _written_step(self, step: PlannedStep) -> str | None:
        """Run one step; why the journal can't be written, if so. The others of its group go on to their end."""
        try:
            await self._step(step)
        except NotWritten as full:
            return str(full)
        return None

    async def _step(self, step: PlannedStep) -> None:
        started, notes = self._clock(), dict(self._memory)
        if step.after_checkout and self._no_checkout():
            self._note(step, StepOutcome.SKIPPED, started, card.NO_CHECKOUT)
            said = {"outcome": StepOutcome.SKIPPED.value, "output": card.NO_CHECKOUT, "run": False}
            self._log.append("step-ended", **self._words(step), **said)
            return
        # Asked at once: between two steps users may be waiting.
        trouble, before = await both(self._unmet(step, notes), self._before(step, notes))
        if trouble:
            self._note(step, StepOutcome.FAILED, started, trouble)
            self._log.append("step-ended", **self._words(step), outcome="failed", output=trouble, run=False)
            return
        if before.ok:
            # What this operation began before it was cut off is its own doing, and taken back with the rest.
            outcome = StepOutcome.DONE if step.number in self._begun else StepOutcome.SKIPPED
            self._note(step, outcome, started, before.reading)
            said = {"outcome": outcome.value, "output": before.reading, "run": False}
            self._log.append("step-ended", **self._words(step), **said)
            return
        if await self._is_barred(step):
            return
        self._log.append("step-started", **self._words(step))
        self._begun.add(step.number)
        self._note(step, StepOutcome.RUNNING, started, "")
        call = self._attempts.call(step.host, step.arguments, notes)
        outcome, output = await self._attempts.carry_out(step.action, call, step.until, step.within, retry=step.retry)
        if outcome is StepOutcome.DONE and step.until is not None:
            self._proven.append((step.until, self._clock()))
        self._note(step, outcome, started, output)
        self._log.append("step-ended", **self._words(step), outcome=outcome.value, output=_bounded(output), run=True)

    async def _is_barred(self, step: PlannedStep) -> bool:
        if self._before_step is not None and (why := await self._before_step(step)) is not None:
            self._barred = why
        return self._barred is not None

    async def _asked(self, check: PlannedCheck) -> Checked:
        return await self._attempts.ask(check, dict(self._memory))

    async def _before(self, step: PlannedStep, notes: dict[str, str]) -> Checked:
        """Whether what a step is to reach is so already."""
        if step.until is None or (step.urgent and step.number not in self._begun):
            return Checked(False, "")
        return await self._attempts.ask(step.until, notes)

    async def _unmet(self, step: PlannedStep, notes: dict[str, str]) -> str:
        for need in step.needs:
            if step.urgent and self._just_proven(need):
                continue
            checked = await self._attempts.ask(need, notes)
            if not checked.ok:
                return f"Not run: what it needs is not so: {checked.reading}"
        return ""

    def _just_proven(self, need: PlannedCheck) -> bool:
        return any(need.is_answered_by(known) and 0 <= self._clock() - at <= JUST_S for known, at in self._proven)

    async def _undo(self, step: PlannedStep) -> tuple[bool, str]:
        """Take a step back; whether it is, and what was read."""
        undo, started = step.undo, self._clock()
        if undo.until is not None and (await self._asked(undo.until)).ok:
            outcome, output = StepOutcome.DONE, "already as before"
        else:
            if await self._is_barred(step):
                return False, self._barred or ""
            words = self._words(step) | {"command": list(undo.commands), "host": undo.host, "undo": True}
            self._log.append("step-started", **words)
            self._going_back(step)
            call = self._attempts.call(undo.host, undo.arguments, dict(self._memory))
            assert undo.action is not None
            outcome, output = await self._attempts.carry_out(
                undo.action, call, undo.until, undo.within, retry=undo.retry
            )
        undone = outcome is StepOutcome.DONE
        said = "undone" if undone else outcome.value
        self._log.append("step-ended", **self._words(step), undo=True, outcome=said, output=_bounded(output), run=True)
        if undone and self.results[step.number - 1].outcome is StepOutcome.DONE:
            self._note(step, StepOutcome.UNDONE, started, output)
        return undone, output

    def _words(self, step: PlannedStep) -> dict[str, object]:
        return {"step": step.number, "name": step.name, "host": step.host, "command": list(step.commands)}

    def _note(self, step: PlannedStep, outcome: StepOutcome, started: float, output: str) -> None:
        seconds = None if outcome is StepOutcome.RUNNING else round(max(0.0, self._clock() - started), 3)
        result = StepResult(
            step.name, step.host, step.command, outcome, started, seconds, _bounded(output), step.undo.text, step.within
        )
        self.results[step.number - 1] = result
        self._progress(step, result)


def _bounded(text: str) -> str:
    return "\n".join(clean_lines(text, OUTPUT_LIMIT))
