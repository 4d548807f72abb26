"""A fault of the practice estate that comes while an operation runs, at a boundary of its steps."""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from dslsconsole.lab.practice import Lab
from dslsconsole.lab.world.site import NOTIFY_HOST, STORAGE
from dslsconsole.runbooks.execution import StepOutcome, StepResult
from dslsconsole.runbooks.plan import PlannedStep
from dslsconsole.runbooks.reach import Reach
from dslsconsole.runbooks.report import Report
from dslsconsole.settings import load
from dslsconsole.ssh.access import Access
from dslsconsole.systems.acting import Answer, Page, Request
from dslsconsole.systems.ground import Ground
from tests.estate import practising as p
from tests.operation_clock import OperationClock

T = TypeVar("T")
Steps = tuple[PlannedStep, ...]
HURRY = 8.0
"""How many times sooner all deadlines come once the fault is there: the practice estate, too, is faster than life."""
SHORTEST_WAIT = 1.0
OF_COMMANDS = ("command-lost-after", "command-lost-before", "command-refused", "command-slow")
OF_SERVERS = (
    *("command-hangs", "garbage-output", "promote-refused", "replication-stuck", "service-hung", "service-killed"),
    *("service-will-not-start", "service-will-not-stop"),
)
OF_BALANCERS = ("address-twice", "lb-dead", "lb-reload", "lb-socket-denied")
OF_HOSTS = ("clock-skew", "disk-full", "host-key-changed", "isolate", "node-down", "node-hung", "sshd-dead")
OF_MOUNTS = ("storage-hanging", "storage-unmounted")


@dataclass(frozen=True)
class Strike:
    """A fault with where it strikes, and the number of the step before which it comes; one more than the last is after
    all of them."""

    number: int
    fault: str
    arguments: tuple[str, ...] = ()

    @property
    def hosts(self) -> frozenset[str]:
        """What of the estate is not as before by the fault alone."""
        words = self.arguments[:1] if self.fault in OF_COMMANDS else self.arguments
        return frozenset(words) - {"console", NOTIFY_HOST}

    def __str__(self) -> str:
        return f"{' '.join((self.fault, *self.arguments))} before step {self.number}"


class Lot:
    """Choices that are always the same for the same name, and differ from name to name."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._drawn = 0

    def one_of(self, items: Sequence[T]) -> T:
        self._drawn += 1
        digest = hashlib.sha256(f"{self._name} {self._drawn}".encode()).digest()
        return items[int.from_bytes(digest[:8], "big") % len(items)]


def strike_of(fault: str, runbook: str, steps: Steps, lab: Lab) -> Strike:
    """Where and when the fault strikes the runbook: as the pair's name has it, among the hosts that matter to it."""
    lot = Lot(f"{fault} during {runbook}")
    if fault in OF_COMMANDS:
        step = lot.one_of([step for step in steps if step.commands])
        host = NOTIFY_HOST if step.action == "notify" else step.host
        return Strike(step.number, fault, (host, p.words_of(step)))
    # Where something is read again before the end, that is met too.
    number = lot.one_of(range(1, len(steps) + 1 + any(step.holds for step in steps)))
    return Strike(number, fault, _hosts(fault, lot, steps, lab))


def _hosts(fault: str, lot: Lot, steps: Steps, lab: Lab) -> tuple[str, ...]:
    acted_on = {step.host for step in steps} | {check.host for step in steps for check in step.needs}
    balancers, nodes = list(lab.world.balancers), list(lab.world.nodes)

    def nearest(hosts: list[str]) -> list[str]:
        """Those that the runbook acts on or that hold its lock, if there are any."""
        return [host for host in hosts if host in acted_on or host in p.MAIN] or hosts

    if fault == "address-twice":
        return (lot.one_of(p.MAIN_BALANCERS),)
    if fault in OF_BALANCERS:
        return (lot.one_of(nearest(balancers)),)
    if fault in OF_SERVERS:
        return (lot.one_of(nearest(nodes)),)
    if fault in OF_HOSTS:
        return (lot.one_of(nearest([*nodes, *balancers])),)
    if fault in OF_MOUNTS:
        with_storage = [
            name
            for name, host in lab.world.hosts.items()
            if any(mount.point in STORAGE.values() for mount in host.mounts)
        ]
        return (lot.one_of(nearest(with_storage)),)
    if fault == "partition":
        one = lot.one_of(nearest(nodes))
        return one, lot.one_of([host for host in ("console", *nearest([*nodes, *balancers])) if host != one])
    return ()


class HurriedClock(OperationClock):
    """The time of day; from `hurry` on it goes faster."""

    def hurry(self) -> None:
        self._read, self._at, self._pace = self(), time.time(), HURRY


class Struck(Reach):
    """Hands that meet the fault before the first thing they do after its boundary."""

    def __init__(self, ground: Ground, lab: Lab, strike: Strike) -> None:
        super().__init__(ground, time.time)
        settings = ground.estate.ssh
        self._impatient = Access.operate(settings.model_copy(update={"connect_timeout": SHORTEST_WAIT}))
        self._lab = lab
        self._strike = strike
        self._due = False
        self._striking = asyncio.Lock()
        self.clock = HurriedClock()
        self.struck = False

    def seen(self, step: PlannedStep, result: StepResult) -> None:
        """The operation's progress."""
        first = self._strike.number == 1
        ended = result.outcome is not StepOutcome.RUNNING
        self._due = self._due or first or (ended and step.number >= self._strike.number - 1)

    async def _asked(self, ask: Callable[[], Awaitable[T]]) -> T:
        async with self._striking:
            if self._due and not self.struck:
                await self._lab.fault(self._strike.fault, *self._strike.arguments)
                self.struck = True
                self.clock.hurry()
                self._pool._access = self._impatient
        return await ask()

    def _within(self, seconds: float) -> float:
        return max(seconds / HURRY, SHORTEST_WAIT) if self._due else seconds

    async def run(self, host: str, command: str, *, stdin: bytes | None = None, timeout: float) -> Answer:
        ask = super().run
        return await self._asked(lambda: ask(host, command, stdin=stdin, timeout=self._within(timeout)))

    async def ask_socket(self, host: str, path: str, line: str, *, timeout: float) -> str:
        ask = super().ask_socket
        return await self._asked(lambda: ask(host, path, line, timeout=self._within(timeout)))

    async def request(self, request: Request, *, timeout: float) -> Page:
        ask = super().request
        return await self._asked(lambda: ask(request, timeout=self._within(timeout)))

    async def greet(self, host: str, port: int, line: str, *, timeout: float) -> str:
        ask = super().greet
        return await self._asked(lambda: ask(host, port, line, timeout=self._within(timeout)))

    async def create(self, host: str, path: str, data: bytes) -> bool:
        ask = super().create
        return await self._asked(lambda: ask(host, path, data))

    async def read(self, host: str, path: str) -> bytes | None:
        ask = super().read
        return await self._asked(lambda: ask(host, path))

    async def replace(self, host: str, path: str, data: bytes) -> None:
        ask = super().replace
        await self._asked(lambda: ask(host, path, data))

    async def remove(self, host: str, path: str) -> None:
        ask = super().remove
        await self._asked(lambda: ask(host, path))

    async def names(self, host: str, path: str) -> tuple[str, ...] | None:
        ask = super().names
        return await self._asked(lambda: ask(host, path))


async def struck_run(lab: Lab, runbook: str, operation: str, strike: Strike, **more: Any) -> Report:
    """Run it to its end while the fault strikes."""
    ground = Ground(load(lab.estate_path), p.CLUSTER)
    async with Struck(ground, lab, strike) as hands:
        going = p.operation_of(runbook, operation, hands, ground, clock=hands.clock, progress=hands.seen, **more)
        report = await going.run()
        assert hands.struck, f"{strike} never came: {p.explained(report)}"
    return report


class Watched:
    """Looks all the while whether two serve. Use as `async with`."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self.seen: list[str] = []
        self.raised: list[str] = []
        self._watch: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Watched":
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: self.raised.append(str(context)))
        self._watch = asyncio.create_task(self._look())
        return self

    async def __aexit__(self, *_exception: object) -> None:
        assert self._watch is not None
        self._watch.cancel()
        await asyncio.gather(self._watch, return_exceptions=True)
        asyncio.get_running_loop().set_exception_handler(None)

    async def _look(self) -> None:
        while True:
            for word in ("is_primary", "is_serving"):
                names = [server.name for server in self._lab.world.servers if getattr(server, word)]
                if len(names) > 1 and (told := f"{word}: {' and '.join(names)}") not in self.seen:
                    self.seen.append(told)
            await asyncio.sleep(0.01)
