"""Running a plan: every step proven before and after, written down before it runs, and taken back where it fails."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from itertools import groupby
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from dslsconsole.runbooks.plan import Plan, PlannedCheck, PlannedStep
from dslsconsole.ssh.cleaning import clean, clean_lines
from dslsconsole.systems.acting import Action, Call, Check, Checked, Hands, Refused, Unfinished, Unreached
from dslsconsole.systems.ground import Ground

OUTPUT_LIMIT = 4000
"""Characters of a command's output that are kept in the journal and the result."""
POLL_SECONDS = 0.2
"""Between two readings of a check that waits for its deadline."""


class StepOutcome(StrEnum):
    PLANNED = "planned"
    RUNNING = "running"
    DONE = "done"
    SKIPPED = "skipped"  # already so
    FAILED = "failed"
    UNDONE = "undone"
    UNKNOWN = "unknown"


class Ending(StrEnum):
    """How an operation ended."""

    DONE = "done"
    REFUSED = "refused"
    LOCKED = "locked"
    ROLLED_BACK = "rolled_back"
    NEEDS_PERSON = "needs_person"
    NOT_CONFIRMED = "not_confirmed"


class StepResult(Struct, frozen=True):
    """What became of a step. Times are seconds since the epoch."""

    name: str
    host: str
    command: str
    outcome: StepOutcome
    started_at: float | None = None
    seconds: float | None = None
    output: str = ""
    undo: str = ""
    within: float | None = None
    """Seconds that it is given."""


class Ended(Struct, frozen=True):
    """What became of the whole: the sentence says what happened, the card what to look at."""

    ending: Ending
    sentence: str
    card: tuple[str, ...] = ()


class NotWritten(Exception):  # noqa: N818
    """The journal could not be written; what it was to say has not been done."""


class Log(Protocol):
    """Where an operation is written down, synced to disk before `append` returns. Raises NotWritten."""

    def append(self, event: str, **data: object) -> None: ...


_SETTLED = (StepOutcome.DONE, StepOutcome.SKIPPED)
Pause = Callable[[float], Awaitable[None]]
Progress = Callable[[PlannedStep, StepResult], None]


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
        before_step: Callable[[PlannedStep], Awaitable[None]] | None = None,
        earlier: Mapping[int, StepOutcome] | None = None,
    ) -> None:
        """`earlier` is what an operation that was cut off had made of its steps, by number; those done are not run."""
        self._plan = plan
        self._hands = hands
        self._ground = ground
        self._actions = actions
        self._checks = checks
        self._log = log
        self._clock = clock
        self._pause = pause
        self._stop = stop or asyncio.Event()
        self._memory = memory if memory is not None else {}
        self._progress = progress
        self._before_step = before_step
        self.results: list[StepResult] = [
            StepResult(step.name, step.host, step.command, StepOutcome.PLANNED, undo=step.undo.text, within=step.within)
            for step in plan.steps
        ]
        self._begun: set[int] = set()
        for number, outcome in (earlier or {}).items():
            self.results[number - 1] = replace(self.results[number - 1], outcome=outcome)
            if outcome is not StepOutcome.SKIPPED:
                self._begun.add(number)

    async def run(self) -> Ended:
        """Run every step, or stop and take back what can be. Never raises for what a host did."""
        for _, group in groupby(self._plan.steps, key=lambda step: step.group):
            steps = [step for step in group if self.results[step.number - 1].outcome not in _SETTLED]
            if self._stop.is_set():
                return await self._take_back(None, "It was asked to stop.")
            async with asyncio.TaskGroup() as tasks:
                running = [tasks.create_task(self._written_step(step)) for step in steps]
            if lost := [why for task in running if (why := task.result()) is not None]:
                return self._journal_lost(lost[0])
            if (wrong := self._worst(steps)) is not None:
                return await self._went_wrong(wrong)
        return Ended(Ending.DONE, "")

    async def undo(self, why: str) -> Ended:
        """Take back what was done, in reverse. What may have happened is read first; unknown, nothing is taken back."""
        for step in self._plan.steps:
            if step.until is None or self.results[step.number - 1].outcome is not StepOutcome.FAILED:
                continue
            checked = await self._ask(step.until)
            if checked.ok is None:
                self._note(step, StepOutcome.UNKNOWN, self._clock(), checked.reading)
                return await self._went_wrong(step)
            if checked.ok:
                self._note(step, StepOutcome.DONE, self._clock(), checked.reading)
        return await self._take_back(None, why)

    async def verify(self) -> Ended:
        """Read what became of the steps that were begun; changes nothing."""
        open_: list[str] = []
        for step in self._plan.steps:
            if step.until is None or step.number not in self._begun:
                continue
            checked = await self._ask(step.until)
            outcome = {True: StepOutcome.DONE, False: StepOutcome.FAILED, None: StepOutcome.UNKNOWN}[checked.ok]
            self._note(step, outcome, self._clock(), checked.reading)
            if not checked.ok:
                open_.append(f"{step.name} ({step.host}): {clean(checked.reading)}")
        left = [step.name for step in self._plan.steps if self.results[step.number - 1].outcome is StepOutcome.PLANNED]
        if open_ or left:
            card = (*(f"Not so: {line}." for line in open_), *(f"Not begun: {name}." for name in left))
            return Ended(Ending.NEEDS_PERSON, "It is not complete. Continue it, undo it, or abandon it.", card)
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
                *self._standing(),
                "Nothing was taken back, because that could do harm while this is open.",
            ),
        )

    def _standing(self) -> tuple[str, ...]:
        """What has been done and stands."""
        done = [result for result in self.results if result.outcome is StepOutcome.DONE]
        return tuple(f"Done and standing: {result.name} ({result.host})." for result in done)

    def _journal_lost(self, why: str) -> Ended:
        if not self._begun:
            return Ended(Ending.REFUSED, f"Nothing was run, because the journal can't be written: {why}")
        return Ended(
            Ending.NEEDS_PERSON,
            f"It stopped before its next step, because the journal can't be written: {why}",
            (*self._standing(), "Nothing was taken back: that could not be written down either."),
        )

    async def _take_back(self, failed: PlannedStep | None, why: str) -> Ended:
        done = [
            step
            for step in self._plan.steps
            if step.number in self._begun and self.results[step.number - 1].outcome is StepOutcome.DONE
        ]
        final = [step for step in done if step.undo.final]
        if final:
            reasons = tuple(f"“{step.name}” {step.undo.text}." for step in final)
            return Ended(Ending.NEEDS_PERSON, f"{why} It was not rolled back.", (*reasons, *self._standing()))
        unfinished = [
            step
            for step in self._plan.steps
            if step.number in self._begun and self.results[step.number - 1].outcome is StepOutcome.FAILED
        ]
        told: list[str] = []
        for step in sorted([*done, *unfinished], key=lambda step: step.number, reverse=True):
            if step.undo.action is None:
                continue
            try:
                undone, trouble = await self._undo(step)
            except NotWritten as full:
                return self._journal_lost(str(full))
            told.append(f"Taken back: {step.name} ({step.undo.host}). {clean(trouble)}")
            if not undone:
                card = (f"Taking back “{step.name}” on {step.undo.host} did not work: {trouble}", *self._standing())
                return Ended(Ending.NEEDS_PERSON, f"{why} Rolling back stopped.", card)
        return Ended(Ending.ROLLED_BACK, f"{why} Everything done before was taken back.", tuple(told))

    async def _written_step(self, step: PlannedStep) -> str | None:
        """Run one step; why the journal can't be written, if so. The others of its group go on to their end."""
        try:
            await self._step(step)
        except NotWritten as full:
            return str(full)
        return None

    async def _step(self, step: PlannedStep) -> None:
        started, notes = self._clock(), dict(self._memory)
        if trouble := await self._unmet(step):
            self._note(step, StepOutcome.FAILED, started, trouble)
            self._log.append("step-ended", **self._words(step), outcome="failed", output=trouble, run=False)
            return
        if step.until is not None:
            before = await self._ask(step.until, notes)
            if before.ok:
                self._note(step, StepOutcome.SKIPPED, started, before.reading)
                self._log.append("step-ended", **self._words(step), outcome="skipped", output=before.reading, run=False)
                return
        self._log.append("step-started", **self._words(step))
        self._begun.add(step.number)
        self._note(step, StepOutcome.RUNNING, started, "")
        if self._before_step is not None:
            await self._before_step(step)
        call = self._call(step.host, step.arguments, notes)
        outcome, output = await self._carry_out(step.action, call, step.until, step.within, retry=step.retry)
        self._note(step, outcome, started, output)
        self._log.append("step-ended", **self._words(step), outcome=outcome.value, output=_bounded(output), run=True)

    async def _unmet(self, step: PlannedStep) -> str:
        for need in step.needs:
            checked = await self._ask(need)
            if not checked.ok:
                return f"Not run: what it needs is not so: {checked.reading}"
        return ""

    async def _undo(self, step: PlannedStep) -> tuple[bool, str]:
        """Take a step back; whether it is, and what was read."""
        undo, started = step.undo, self._clock()
        if undo.until is not None and (await self._ask(undo.until)).ok:
            outcome, output = StepOutcome.DONE, "already as before"
        else:
            words = self._words(step) | {"command": list(undo.commands), "host": undo.host, "undo": True}
            self._log.append("step-started", **words)
            call = self._call(undo.host, undo.arguments, dict(self._memory))
            assert undo.action is not None
            outcome, output = await self._carry_out(undo.action, call, undo.until, undo.within, retry=undo.retry)
        undone = outcome is StepOutcome.DONE
        said = "undone" if undone else outcome.value
        self._log.append("step-ended", **self._words(step), undo=True, outcome=said, output=_bounded(output), run=True)
        if undone and self.results[step.number - 1].outcome is StepOutcome.DONE:
            self._note(step, StepOutcome.UNDONE, started, output)
        return undone, output

    async def _carry_out(
        self, action: str, call: Call, until: PlannedCheck | None, within: float, *, retry: bool
    ) -> tuple[StepOutcome, str]:
        """Do it, then find out what became of it. What is not known after the deadline is unknown, never done."""
        deadline = self._clock() + within
        refused = uncertain = False
        while True:
            try:
                output = await self._actions[action].do(call)
                refused = uncertain = False
            except Unreached as failure:
                return StepOutcome.FAILED, f"Nothing was sent: {failure}"
            except Refused as refusal:
                output, refused = str(refusal), True
            except Unfinished as failure:
                output, uncertain = str(failure), True
            if not (refused and retry and self._clock() < deadline):
                break
            await self._pause(POLL_SECONDS * 5)
        if until is None:
            known = StepOutcome.FAILED if refused else StepOutcome.DONE
            return (StepOutcome.UNKNOWN if uncertain else known), output
        checked = await self._wait_for(until, self._clock() if refused else deadline, call.memory)
        output = "\n".join(part for part in (output, checked.reading) if part)
        if checked.ok:
            return StepOutcome.DONE, output
        return (StepOutcome.UNKNOWN if checked.ok is None else StepOutcome.FAILED), output

    async def _wait_for(self, check: PlannedCheck, deadline: float, notes: dict[str, str]) -> Checked:
        while True:
            checked = await self._ask(check, notes)
            if checked.ok or self._clock() >= deadline:
                return checked
            await self._pause(POLL_SECONDS)

    async def _ask(self, check: PlannedCheck, notes: dict[str, str] | None = None) -> Checked:
        memory = notes if notes is not None else dict(self._memory)
        return await self._checks[check.check](self._call(check.host, check.arguments, memory))

    def _call(self, host: str, arguments: Mapping[str, str], notes: dict[str, str]) -> Call:
        return Call(self._hands, self._ground, host, arguments, self._clock, notes)

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
