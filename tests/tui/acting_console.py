"""A console with a runner that does as it is told, and the keys that a person presses."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot
from textual.widgets import Input

from dslsconsole.shipped import shipped
from dslsconsole.tui import scenes
from dslsconsole.tui.app import ConsoleApp
from dslsconsole.tui.bars import FooterBar, HeaderBar
from dslsconsole.tui.dialogs.decision import DecisionDialog
from dslsconsole.tui.dialogs.plan import PlanDialog
from dslsconsole.tui.dialogs.question import Question
from dslsconsole.tui.dialogs.reading import Notice
from dslsconsole.tui.dialogs.rehearsal import RehearsalDialog
from dslsconsole.tui.dialogs.run import RunDialog
from dslsconsole.tui.lines import OneLine
from dslsconsole.tui.operation import KnownOperation, Library, Plan, PlannedGuard, PlannedStep, Request, RunFailed
from dslsconsole.tui.source import PlayedFrames
from dslsconsole.tui.table import LineTable
from dslsconsole.tui.themes import load

THEMES = load([shipped("themes")])
PLAN = Plan(
    runbook="failover",
    cluster=scenes.CLUSTER,
    operation="op-1",
    outcome="planned",
    guards=(PlannedGuard("backup_in_step", "pass", "generation 48211 on both", "the same generation"),),
    steps=(
        PlannedStep(
            "pause token sync",
            "dsls-primary-01",
            "timeout -k 1 20 sudo -n systemctl stop dsls-token-sync.service",
            "planned",
        ),
        PlannedStep(
            "promote the backup",
            "dsls-backup-01",
            "timeout -k 1 20 /opt/dsls/bin/DSLicSrv -promote-to-primary",
            "planned",
        ),
    ),
    plan="abc123",
    impact=("212 sessions reconnect within 20 s", "712 tokens stay in use"),
    confirm=scenes.CLUSTER,
)
REFUSED = replace(
    PLAN,
    outcome="refused",
    status=10,
    guards=(
        PlannedGuard(
            "old_primary_dead", "unknown", "only one observer", "two observers", "attest it, if it is off", False
        ),
        PlannedGuard("backup_in_step", "fail", "11 generations behind", "the same generation", "sync first: T", True),
    ),
    attest=("dsls-primary-01",),
)


@dataclass
class FakeRun:
    """A run that ends when the test says so."""

    operation: str
    outcome: "asyncio.Future[Plan]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    stops: int = 0

    async def ended(self) -> Plan:
        return await self.outcome

    def stop(self) -> None:
        self.stops += 1


@dataclass
class FakeRunner:
    """Gives the plan that a function makes of a request, and remembers what was started, stopped and resumed."""

    planned: Callable[[Request], Plan] = lambda _: PLAN
    requests: list[Request] = field(default_factory=list)
    started: list[tuple[Request, Plan]] = field(default_factory=list)
    run: FakeRun | None = None
    known: list[KnownOperation] = field(default_factory=list)
    asked: int = 0
    stopped: list[str] = field(default_factory=list)
    resumed: list[tuple[str, str, str, str]] = field(default_factory=list)
    whose: list[str] = field(default_factory=list)
    library: Library = field(default_factory=Library)
    rehearsed: list[Request] = field(default_factory=list)
    went: Plan | None = None
    """How a rehearsal goes; None where there can be none."""
    planning: asyncio.Event | None = None
    """Where given, a plan is ready only when this is set."""

    async def plan(self, request: Request) -> Plan:
        self.requests.append(request)
        if self.planning is not None:
            await self.planning.wait()
        return self.planned(request)

    async def rehearse(self, request: Request) -> Plan:
        self.rehearsed.append(request)
        if self.went is None:
            raise RunFailed("no practice estate can stand for it")
        return self.went

    async def runbooks(self) -> Library:
        return self.library

    def start(self, request: Request, plan: Plan) -> FakeRun:
        self.started.append((request, plan))
        self.run = FakeRun(plan.operation)
        return self.run

    async def operations(self) -> tuple[KnownOperation, ...]:
        self.asked += 1
        return tuple(self.known)

    async def stop(self, operation: str) -> str:
        self.stopped.append(operation)
        return f"{operation} was asked to stop"

    def resume(self, operation: str, decision: str, cluster: str, reason: str, whose: str = "") -> FakeRun:
        self.resumed.append((operation, decision, cluster, reason))
        self.whose.append(whose)
        self.run = FakeRun(operation)
        return self.run


class Clock:
    def __init__(self) -> None:
        self.now = scenes.NOON + 1

    def __call__(self) -> float:
        return self.now


def console(runner: FakeRunner, clock: Clock | None = None) -> ConsoleApp:
    return ConsoleApp(PlayedFrames([scenes.healthy()]), clock=clock or Clock(), themes=THEMES, runner=runner)


def read_only(clock: Clock | None = None) -> ConsoleApp:
    return ConsoleApp(PlayedFrames([scenes.healthy()]), clock=clock or Clock(), themes=THEMES)


async def until(pilot: Pilot[None], holds: Callable[[], bool]) -> None:
    """Wait for a condition, ten seconds at most."""
    async with asyncio.timeout(30):
        while not holds():
            await pilot.pause(0.01)


def header(app: ConsoleApp) -> str:
    return app.cluster_screen.query_one(HeaderBar).text


def footer(app: ConsoleApp) -> str:
    return app.cluster_screen.query_one(FooterBar).text


def dialog(app: ConsoleApp) -> str:
    """All that the dialog in front shows."""
    lines = [line for table in app.screen.query(LineTable) for line in table.text()]
    return "\n".join([*lines, *(line.text for line in app.screen.query(OneLine))])


def hear_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dialogs take keys at once."""
    for kind in (Question, PlanDialog, RehearsalDialog, RunDialog, DecisionDialog, Notice):
        monkeypatch.setattr(kind, "deaf_s", 0.0)


async def arm(pilot: Pilot[None], app: ConsoleApp) -> None:
    await pilot.pause()
    await pilot.press("a")
    await until(pilot, lambda: isinstance(app.screen, Question))
    await pilot.press(*"INC-1", "enter")
    await until(pilot, lambda: "ARMED 10 min" in header(app))


async def ask(pilot: Pilot[None], app: ConsoleApp, key: str = "F") -> None:
    await pilot.press(key)
    await until(pilot, lambda: isinstance(app.screen, PlanDialog))
    await pilot.pause()


async def type_in(pilot: Pilot[None], app: ConsoleApp, text: str) -> None:
    """Type a text and Enter."""
    app.screen.query_one(Input).value = text
    await pilot.press("enter")
