"""The time of day as an operation under test reads it."""

import asyncio
import time
from collections.abc import Callable

from dslsconsole.runbooks.execution import StepOutcome, StepResult
from dslsconsole.runbooks.plan import PlannedStep

HURRY = 30.0
"""How many times sooner the deadline of what is meant to fail comes."""
SHORTEST_PAUSE = 0.05


class OperationClock:
    """Goes faster while nothing is waited for but steps that are meant to fail.

    What is to succeed has all its time, however busy the machine is. `seen` belongs in the operation's progress.
    """

    def __init__(self, hurried: Callable[[PlannedStep], bool] = lambda step: False) -> None:
        self._hurried = hurried
        self._running: dict[int, bool] = {}
        self._read = self._at = time.time()
        self._pace = 1.0

    def __call__(self) -> float:
        return self._read + (time.time() - self._at) * self._pace

    async def pause(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, SHORTEST_PAUSE))

    def seen(self, step: PlannedStep, result: StepResult) -> None:
        if result.outcome is StepOutcome.RUNNING:
            self._running[step.number] = self._hurried(step)
        else:
            self._running.pop(step.number, None)
        self._read, self._at = self(), time.time()
        self._pace = HURRY if self._running and all(self._running.values()) else 1.0


class Later:
    """A time at which nothing goes on any more of what was being done: an hour later, and each pause is a minute."""

    def __init__(self) -> None:
        self._ahead = 3600.0

    def clock(self) -> float:
        return time.time() + self._ahead

    async def pause(self, seconds: float) -> None:
        self._ahead += 60.0
        await asyncio.sleep(0)
