"""Actions, checks and operations on the estate of real servers, in the test's own process."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from dslsconsole.runbooks.operation import Operation, Wish, asked
from dslsconsole.runbooks.permission import who
from dslsconsole.runbooks.reach import Reach
from dslsconsole.runbooks.record import OperationLog, journal_of
from dslsconsole.runbooks.report import Report
from dslsconsole.runbooks.schema import builtin
from dslsconsole.settings import load
from dslsconsole.systems.acting import Call, Checked, Refused, actions, checks
from dslsconsole.systems.ground import Ground
from tests.operation_clock import OperationClock
from tests.real.real_estate import CLUSTER, RealEstate


class Acting:
    """What a step of a runbook does, one at a time."""

    def __init__(self, ground: Ground, hands: Reach) -> None:
        self.ground = ground
        self.hands = hands
        self.memory: dict[str, str] = {}

    def call(self, host: str, **arguments: str) -> Call:
        return Call(self.hands, self.ground, host, arguments, time.time, self.memory)

    async def do(self, action: str, host: str, **arguments: str) -> str:
        return await actions()[action].do(self.call(host, **arguments))

    async def refused(self, action: str, host: str, **arguments: str) -> str:
        """What is said when the action is refused, as it must be."""
        try:
            said = await self.do(action, host, **arguments)
        except Refused as refusal:
            return str(refusal)
        raise AssertionError(f"{action} was not refused: {said}")

    async def check(self, check: str, host: str, **arguments: str) -> Checked:
        return await checks()[check](self.call(host, **arguments))

    def commands(self, action: str, host: str, **arguments: str) -> tuple[str, ...]:
        return actions()[action].commands(self.call(host, **arguments))


@asynccontextmanager
async def acting(estate: RealEstate) -> AsyncIterator[Acting]:
    ground = Ground(load(estate.path), CLUSTER)
    async with Reach(ground, time.time) as hands:
        yield Acting(ground, hands)


async def operated(estate: RealEstate, runbook: str, failing: str) -> Report:
    """Run a runbook, with deadlines that come sooner for an action that is meant to fail."""
    settings, book, person = load(estate.path), builtin()[runbook], who()
    ground = Ground(settings, CLUSTER)
    wish = Wish(book, "hurried", "test", asked(book, {}), confirmation=CLUSTER)
    log = OperationLog(journal_of(settings, time.time), person, CLUSTER, runbook, wish.operation)
    clock = OperationClock(lambda step: step.action == failing)
    async with Reach(ground, time.time) as hands:
        operation = Operation(wish, ground, hands, log, person, clock, clock.pause, progress=clock.seen)
        return await operation.run()
