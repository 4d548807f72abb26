"""Doing one thing on a host, and finding out what became of it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum

from msgspec import Struct

from dslsconsole.runbooks.plan import PlannedCheck, PlannedStep
from dslsconsole.systems.acting import (
    Action,
    Call,
    Check,
    Checked,
    Expired,
    Forbidden,
    Hands,
    Refused,
    Unfinished,
    Unreached,
    Untested,
)
from dslsconsole.systems.ground import Ground

POLL_SECONDS = 0.2
"""Between two readings of a check that waits for its deadline."""
REPEATS = 3
"""How often a thing is done where the host forgets it again."""
Pause = Callable[[float], Awaitable[None]]


class StepOutcome(StrEnum):
    PLANNED = "planned"
    RUNNING = "running"
    DONE = "done"
    SKIPPED = "skipped"  # already so, or a trial that could not be made
    FAILED = "failed"
    UNDONE = "undone"
    UNKNOWN = "unknown"


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


class Attempts:
    """Does named actions and asks named checks on the hosts of one cluster."""

    def __init__(
        self,
        hands: Hands,
        ground: Ground,
        actions: Mapping[str, Action],
        checks: Mapping[str, Check],
        clock: Callable[[], float],
        pause: Pause = asyncio.sleep,
        stop: asyncio.Event | None = None,
    ) -> None:
        self._stop = stop or asyncio.Event()
        self._hands = hands
        self._ground = ground
        self._actions = actions
        self._checks = checks
        self._clock = clock
        self._pause = pause

    async def carry_out(
        self, action: str, call: Call, until: PlannedCheck | None, within: float, *, retry: bool
    ) -> tuple[StepOutcome, str]:
        """Do it, then find out what became of it. What is not known after the deadline is unknown, never done."""
        deadline = self._clock() + within
        for _ in range(REPEATS):
            outcome, output, forgotten = await self._attempt(action, call, until, deadline, retry=retry)
            if not forgotten or self._clock() >= deadline:
                break
        return outcome, output

    async def _attempt(
        self, action: str, call: Call, until: PlannedCheck | None, deadline: float, *, retry: bool
    ) -> tuple[StepOutcome, str, bool]:
        """One attempt, with refusals asked again; and whether the host forgot it and it must be done again.

        Where no answer came, a check that says no is believed only after the far side's own time limit: until then
        it may still happen, and nothing may be rolled back around it.
        """
        known = self._actions[action]
        time = known.time_of(call) if known.bound is not None else None
        refused = uncertain = expired = False
        settled = self._clock()
        while True:
            try:
                output = await known.do(call)
                refused = False
            except Untested as why:
                return StepOutcome.SKIPPED, str(why), False
            except Unreached as failure:
                return StepOutcome.FAILED, f"Nothing was sent: {failure}", False
            except Refused as refusal:
                output, refused = str(refusal), True
                retry = retry and not isinstance(refusal, Forbidden)
            except Expired as failure:
                output, refused, expired = str(failure), False, True
            except Unfinished as failure:
                output, refused, uncertain = str(failure), False, True
            last = deadline - (time or 0.0) if known.within_deadline else deadline
            if not (refused and retry and self._clock() < last):
                break
            await self._pause(POLL_SECONDS * 5)
            settled = self._clock()
        if until is None:
            plain = StepOutcome.FAILED if refused else StepOutcome.DONE
            return (StepOutcome.UNKNOWN if uncertain or expired else plain), output, False
        checked = await self._wait_for(until, self._clock() if refused else deadline, call.memory, uncertain=uncertain)
        read_at = self._clock()
        output = "\n".join(part for part in (output, checked.reading) if part)
        if checked.ok:
            return StepOutcome.DONE, output, False
        if checked.ok is None:
            return StepOutcome.UNKNOWN, output, False
        if uncertain and (time is None or read_at < settled + time):
            return StepOutcome.UNKNOWN, f"{output}\nNo answer came, so it may still happen.", False
        return StepOutcome.FAILED, output, checked.forgotten

    async def _wait_for(
        self, check: PlannedCheck, deadline: float, notes: dict[str, str], *, uncertain: bool
    ) -> Checked:
        """Ask until it is so, or the deadline. Where no answer came, a person need not wait for that: asked to stop, it
        is asked once more and left open."""
        while True:
            stopping = uncertain and self._stop.is_set()
            checked = await self.ask(check, notes)
            if checked.ok or checked.forgotten or self._clock() >= deadline:
                return checked
            if stopping:
                return Checked(None, f"{checked.reading}\nIt was asked to stop before that could be told.")
            await self._pause(POLL_SECONDS)

    def time_of(self, step: PlannedStep) -> float | None:
        """Seconds after which nothing of the step, nor of what takes it back, goes on any more; None where that can't
        be told."""
        own = self._actions[step.action].time_of(self.call(step.host, step.arguments, {}))
        if own is None or step.undo.action is None:
            return own
        back = self._actions[step.undo.action].time_of(self.call(step.undo.host, step.undo.arguments, {}))
        return max(own, back or 0.0)

    async def ask(self, check: PlannedCheck, notes: dict[str, str]) -> Checked:
        """What a check says now."""
        return await self._checks[check.check](self.call(check.host, check.arguments, notes))

    def call(self, host: str, arguments: Mapping[str, str], notes: dict[str, str]) -> Call:
        return Call(self._hands, self._ground, host, arguments, self._clock, notes)
