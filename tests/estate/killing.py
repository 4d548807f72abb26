"""Killing the process that runs an operation, at any point of any step, and taking the operation up again."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Any, TypeVar

from dslsconsole.journal import read
from dslsconsole.lab.practice import Lab
from dslsconsole.runbooks.execution import StepOutcome, StepResult
from dslsconsole.runbooks.plan import PlannedStep
from dslsconsole.runbooks.reach import Reach
from dslsconsole.runbooks.record import directory_of
from dslsconsole.runbooks.report import Report
from dslsconsole.runbooks.resuming import resumed
from dslsconsole.runbooks.unfinished import Known, journalled, locked, together
from dslsconsole.settings import load
from dslsconsole.systems.acting import Answer, Page, Request
from dslsconsole.systems.ground import Ground
from tests.estate import practising as p
from tests.operation_clock import Later

T = TypeVar("T")


class Point(StrEnum):
    """Where in a step the process dies."""

    BEGUN = "begun"
    """Written down as begun; its command never left."""
    HAPPENED = "happened"
    """The host has done it; nobody read the answer."""
    ENDED = "ended"
    """Written down as ended; the next has not begun."""


class Killed(Reach):
    """The hands of a process that dies at a point of one step. It writes nothing more and lets go of nothing."""

    def __init__(self, ground: Ground, number: int, point: Point) -> None:
        super().__init__(ground, time.time)
        self._number = number
        self._point = point
        self._words: str | None = None
        self.dead = asyncio.Event()

    def seen(self, step: PlannedStep, result: StepResult) -> None:
        """The operation's progress."""
        if step.number == self._number:
            if result.outcome is StepOutcome.RUNNING:
                self._words = p.words_of(step)
            elif self._point is Point.ENDED:
                self.dead.set()

    async def run(self, host: str, command: str, *, stdin: bytes | None = None, timeout: float) -> Answer:
        do = super().run
        return await self._unless_dead(command, lambda: do(host, command, stdin=stdin, timeout=timeout))

    async def ask_socket(self, host: str, path: str, line: str, *, timeout: float) -> str:
        ask = super().ask_socket
        return await self._unless_dead(line, lambda: ask(host, path, line, timeout=timeout))

    async def request(self, request: Request, *, timeout: float) -> Page:
        ask = super().request
        form = "&".join(f"{key}={value}" for key, value in request.form or ())
        text = form or (request.json or b"").decode()
        return await self._unless_dead(text, lambda: ask(request, timeout=timeout))

    async def _unless_dead(self, text: str, ask: Callable[[], Awaitable[T]]) -> T:
        is_it = self._words is not None and self._words in text
        if is_it and self._point is Point.BEGUN:
            await self._die()
        answer = await ask()
        if is_it and self._point is Point.HAPPENED:
            await self._die()
        return answer

    async def _die(self) -> None:
        self.dead.set()
        await asyncio.Event().wait()


async def killed(lab: Lab, runbook: str, operation: str, number: int, point: Point, **more: Any) -> Report | None:
    """Run it in a process that dies there; its report where it came to its end before, because nothing was to do."""
    ground = Ground(load(lab.estate_path), p.CLUSTER)
    async with Killed(ground, number, point) as hands:
        going = p.operation_of(runbook, operation, hands, ground, progress=hands.seen, **more)
        run, death = asyncio.create_task(going.run()), asyncio.create_task(hands.dead.wait())
        await asyncio.wait((run, death), return_when=asyncio.FIRST_COMPLETED)
        if not death.done():
            death.cancel()
            return run.result()
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)
    return None


async def left_behind(lab: Lab) -> Known:
    """The one operation that the next console finds."""
    estate = load(lab.estate_path)
    ground = Ground(estate, p.CLUSTER)
    async with Reach(ground, time.time) as hands:
        (one,) = together(journalled(read(directory_of(estate))), await locked(hands, ground))
    return one


async def taken_up(lab: Lab, decision: str) -> Report:
    """What became of it by the decision of the next console."""
    later = Later()
    left = await left_behind(lab)
    return await resumed(load(lab.estate_path), left, decision, p.CLUSTER, "test", clock=later.clock, pause=later.pause)
