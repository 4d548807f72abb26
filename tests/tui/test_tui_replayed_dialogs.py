"""What stood in the operator's dialogs is seen again: the plan, the run, its outcome, a rehearsal."""

from pathlib import Path

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from dslsconsole.sessions.reading import Recording
from dslsconsole.sessions.recording import encoded
from dslsconsole.sessions.telling import report
from dslsconsole.tui import scenes
from dslsconsole.tui.app import ConsoleApp
from dslsconsole.tui.dialogs.plan import PlanDialog
from dslsconsole.tui.dialogs.rehearsal import RehearsalDialog
from dslsconsole.tui.dialogs.run import RunDialog
from dslsconsole.tui.operation import Rehearsal
from dslsconsole.tui.recorder import Recordings
from tests.tui.acting_console import PLAN, THEMES, FakeRunner, arm, hear_at_once, type_in, until
from tests.tui.test_tui_replay import Replay, Session, checked, records

STEP = PLAN.steps[0].name
WENT = replace(PLAN, outcome="done", rehearsal=Rehearsal("REHEARSAL on a model", 3.0))


@pytest.fixture(autouse=True)
def hears_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    hear_at_once(monkeypatch)


class Acted(Session):
    """A session with means to act."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.runner = FakeRunner(lambda _: PLAN, went=WENT)
        recordings = Recordings(directory, 86_400.0, "0.1.0", "ada", "jump-1")
        self.app = ConsoleApp(self.fed, clock=self.clock, themes=THEMES, runner=self.runner, recordings=recordings)

    async def stands(self, pilot: Pilot[None], kind: type) -> float:
        """Wait for a dialog of this kind, let it stand for a while; a moment at which it stood."""
        await until(pilot, lambda: isinstance(self.app.screen, kind))
        await self.goes_on(pilot, 5)
        at = self.clock.now
        await self.goes_on(pilot, 5)
        return at


async def acted(session: Acted) -> dict[str, float]:
    """Rehearse a plan, run it, and see how it ended; when each was looked at."""
    moments: dict[str, float] = {}
    app = session.app
    async with app.run_test(size=(120, 40)) as pilot:
        await session.goes_on(pilot, 0, *scenes.healthy())
        await arm(pilot, app)
        await pilot.press("F")
        moments["plan"] = await session.stands(pilot, PlanDialog)
        await pilot.press("r")
        moments["rehearsal"] = await session.stands(pilot, RehearsalDialog)
        await pilot.press("escape")
        await session.stands(pilot, PlanDialog)
        await type_in(pilot, app, scenes.CLUSTER)
        moments["run"] = await session.stands(pilot, RunDialog)
        assert session.runner.run is not None
        session.runner.run.outcome.set_result(replace(PLAN, outcome="done", sentence="dsls-backup-01 serves."))
        await session.goes_on(pilot, 5)
        moments["outcome"] = await session.stands(pilot, RunDialog)
        await pilot.press("escape")
        await session.goes_on(pilot, 5)
        await session.goes_on(pilot, 5)
        moments["panels"] = session.clock.now
    return moments


async def test_each_dialog_is_seen_at_the_moment_it_stood_there(tmp_path: Path) -> None:
    session = Acted(tmp_path)
    moments = await acted(session)
    assert (await checked(session.path)).difference is None
    wanted = {
        "plan": "What it means for users",
        "rehearsal": "REHEARSAL on a model",
        "run": f"1. {STEP}",
        "outcome": "dsls-backup-01 serves.",
    }
    with Recording(session.path) as recording:
        replay = Replay(recording)
        async with replay.app.run_test(size=(120, 40)) as pilot:
            await replay.ready(pilot)
            screen = replay.app.cluster_screen
            for name, text in wanted.items():
                replay.app.jump(moments[name])
                await pilot.pause()
                assert screen.zoomed == "subject", name
                assert text in "\n".join(screen.panel("subject").text()), name
            replay.app.jump(moments["panels"])
            await pilot.pause()
            assert screen.zoomed is None
            replay.app.jump(moments["plan"])
            await pilot.press("f1")
            await pilot.pause()
            assert type(replay.app.screen).__name__ != "Screen"


async def test_why_it_was_to_be_run_is_not_in_it(tmp_path: Path) -> None:
    session = Acted(tmp_path)
    await acted(session)
    reason = session.runner.requests[0].reason
    assert reason
    assert reason.encode() not in b"".join(encoded(record) for record in records(session.path))


async def test_the_timeline_says_when_it_was_armed_and_how_a_rehearsal_went(tmp_path: Path) -> None:
    session = Acted(tmp_path)
    await acted(session)
    with Recording(session.path) as recording:
        told = "\n".join(report(recording))
    armed, rehearsed = f"| operator | armed for {scenes.CLUSTER} |", f"| operator | rehearsed {PLAN.runbook}: done |"
    assert armed in told
    assert rehearsed in told
    assert told.index(armed) < told.index(rehearsed)
