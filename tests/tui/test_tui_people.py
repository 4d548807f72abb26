"""What the console says of people: a second operator who is needed, what others run, and who may do what."""

import pytest
from msgspec.structs import replace
from textual.widgets import Static

from dslsconsole.model.frames import Frame, Full
from dslsconsole.model.lock import HeldLock
from dslsconsole.model.reading import Reading
from dslsconsole.model.snapshot import key
from dslsconsole.tui import scenes
from dslsconsole.tui.app import ConsoleApp
from dslsconsole.tui.dialogs.choice import Choice
from dslsconsole.tui.dialogs.plan import PlanDialog
from dslsconsole.tui.dialogs.question import Question
from dslsconsole.tui.dialogs.run import RunDialog
from dslsconsole.tui.journal_feed import LogEntry, News
from dslsconsole.tui.operation import KnownOperation, PlannedStep, Second
from dslsconsole.tui.render.cells import Tone
from dslsconsole.tui.render.log import log
from dslsconsole.tui.render.plan import cut_off, progress, running_step, stopping
from dslsconsole.tui.source import PlayedFrames
from dslsconsole.tui.table import LineTable
from tests.tui.acting_console import (
    PLAN,
    THEMES,
    Clock,
    FakeRunner,
    arm,
    ask,
    console,
    dialog,
    footer,
    header,
    hear_at_once,
    type_in,
    until,
)

WAITS = Second("none", "failover needs a second operator: confirming it makes a request and runs nothing.")
APPROVED = Second("approved", "failover is approved by bea until 12:30:00Z, for one run.", "op-1")


@pytest.fixture(autouse=True)
def hears_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    hear_at_once(monkeypatch)


async def test_a_runbook_for_two_says_that_confirming_asks_and_its_card_says_how_to_approve() -> None:
    runner = FakeRunner(lambda _: replace(PLAN, approval=WAITS))
    app = console(runner)
    async with app.run_test(size=(120, 40)) as pilot:
        await arm(pilot, app)
        await ask(pilot, app)
        assert "confirming it makes a request and runs nothing" in dialog(app)
        choice = str(app.screen.query_one("#choice", Static).content)
        assert "to ask for a second operator's approval type" in choice
        await type_in(pilot, app, scenes.CLUSTER)
        await until(pilot, lambda: runner.run is not None)
        assert runner.run is not None
        runner.run.outcome.set_result(
            replace(
                PLAN,
                outcome="not_confirmed",
                status=14,
                sentence="Not run: failover needs a second operator's approval. Request op-1 waits for it.",
                card=("Another operator, on their own console: dslsconsole approve op-1",),
                approval=Second("open", "", "op-1"),
            )
        )
        await until(pilot, lambda: isinstance(app.screen, RunDialog) and "second operator. Nothing" in dialog(app))
        assert "dslsconsole approve op-1" in dialog(app)


async def test_an_approved_runbook_for_two_is_run_by_confirming_it() -> None:
    app = console(FakeRunner(lambda _: replace(PLAN, approval=APPROVED)))
    async with app.run_test(size=(120, 40)) as pilot:
        await arm(pilot, app)
        await ask(pilot, app)
        assert isinstance(app.screen, PlanDialog)
        assert "● failover is approved by bea" in dialog(app)
        assert "to run it type" in str(app.screen.query_one("#choice", Static).content)


def test_an_approval_that_ended_meanwhile_is_asked_about_again() -> None:
    plan = replace(PLAN, approval=APPROVED)
    assert plan.agrees_with(plan)
    assert not replace(PLAN, approval=WAITS).agrees_with(plan)


def test_a_broken_glass_stands_out_in_the_action_log() -> None:
    entry = LogEntry(1, 0.0, "anna", scenes.CLUSTER, "dr-activate", "op-1", "break-glass", "✖ BREAK-GLASS reason: fire")
    (row,) = log([entry], scenes.CLUSTER).rows
    assert (row.cells[-1].text, row.cells[-1].tone) == ("✖ BREAK-GLASS reason: fire", Tone.CRITICAL)


LOCK = HeldLock("op-9", "failover", "bea", "jump-02", scenes.NOON - 40, 3, 8, scenes.NOON)


def locked(lock: HeldLock | None, at: float = scenes.NOON) -> list[Frame]:
    """A healthy estate whose primary carries a lock, or none."""
    hello, full = scenes.healthy(at)
    assert isinstance(full, Full)
    where = key(scenes.CLUSTER, "dsls-primary-01")
    reading = Reading((lock,) if lock is not None else (), at, "probe", None, at)
    nodes = full.snapshot.nodes | {where: replace(full.snapshot.nodes[where], lock=reading)}
    return [hello, replace(full, snapshot=replace(full.snapshot, nodes=nodes))]


@pytest.mark.parametrize("runner", [FakeRunner(), None])
async def test_what_somebody_runs_from_another_host_is_shown_in_every_console(runner: FakeRunner | None) -> None:
    app = ConsoleApp(PlayedFrames([locked(LOCK)]), clock=Clock(), themes=THEMES, runner=runner)
    async with app.run_test(size=(160, 40)) as pilot:
        await until(pilot, lambda: "bea on jump-02 runs failover, step 3 of 8, 41 s" in header(app))
        panel = "\n".join(line for table in app.screen.query(LineTable) for line in table.text())
        assert "▶ bea on jump-02 runs failover, step 3 of 8, 41 s" in panel
        if runner is not None:
            await pilot.press("S")
            await until(pilot, lambda: isinstance(app.screen, Question))
            await type_in(pilot, app, "stop")
            await until(pilot, lambda: runner.stopped == ["op-9"])


async def test_a_lock_without_a_sign_of_life_says_so_and_is_no_proof_of_an_end() -> None:
    frames = locked(replace(LOCK, beat_at=scenes.NOON - 39))
    app = ConsoleApp(PlayedFrames([frames]), clock=Clock(), themes=THEMES, runner=FakeRunner())
    async with app.run_test(size=(200, 40)) as pilot:
        await until(pilot, lambda: "no sign of life now" in header(app))
        assert "cut off" not in header(app)


async def test_what_was_told_of_ends_with_its_lock() -> None:
    runner = FakeRunner(known=[KnownOperation("op-9", scenes.CLUSTER, "failover", "bea", "jump-02", state="running")])
    app = ConsoleApp(PlayedFrames([locked(None)]), clock=Clock(), themes=THEMES, runner=runner)
    async with app.run_test(size=(160, 40)) as pilot:
        await until(pilot, lambda: "read-only" not in header(app) and "OK" in header(app))
        await pilot.press("o")
        await until(pilot, lambda: isinstance(app.screen, RunDialog))
        assert "running" not in header(app)


async def test_a_viewer_has_the_keys_and_each_says_why_it_does_nothing() -> None:
    why = "Not permitted: bea is none of the operators that the estate file names (anna)."
    app = ConsoleApp(PlayedFrames([scenes.healthy()]), clock=Clock(), themes=THEMES, viewer=why)
    async with app.run_test(size=(160, 40)) as pilot:
        await until(pilot, lambda: "viewer · read-only" in header(app))
        for pressed, words in (("F", "F failover"), ("a", "a arm"), ("S", "S stop run")):
            await pilot.press(pressed)
            assert f"{words} is for operators. {why}" in footer(app)
            assert app.screen is app.cluster_screen
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, Choice))
        assert "is for operators. Not permitted: bea" in " ".join(dialog(app).replace("│", " ").split())


UNDONE = "dsls-primary-01: systemctl start dsls-token-sync.service"
FINAL = "can't be taken back: the backup serves then"
STEPS = (
    PlannedStep("pause token sync", "dsls-primary-01", undo=UNDONE),
    PlannedStep("look", "dsls-backup-01", undo="nothing to take back: it only reads"),
    PlannedStep("drain", "haproxy-01", undo="haproxy-01: set server ready"),
    PlannedStep("promote", "dsls-backup-01", undo=FINAL),
    PlannedStep("check out", "dsls-backup-01", undo="nothing to take back: it is checked in"),
)


def told(*states: str) -> list[LogEntry]:
    """A journal in which the first steps came so far."""
    entries = []
    for number, state in enumerate(states, 1):
        event = "step-started" if state == "running" else "step-ended"
        entries.append(LogEntry(number, 0.0, "", "", "", "", event, "", outcome=state, step=number))
    return entries


@pytest.mark.parametrize(
    ("states", "words"),
    [
        ((), ("No step runs at this moment.", "nothing to take back: the cluster is left as it was")),
        (("running",), ("First 1. pause token sync runs to its end.", "in this order: 1. pause token sync.")),
        (("done", "done", "running"), ("First 3. drain runs", "in this order: 3. drain, 1. pause token sync.")),
        (("done", "done", "done", "running"), ("nothing is taken back, because of 4. promote", "needs a person")),
        (("done", "done", "done", "done", "running"), ("because of 4. promote", "stopping now comes too late")),
    ],
)
def test_stopping_says_what_state_it_leaves(states: tuple[str, ...], words: tuple[str, str]) -> None:
    said = " ".join(stopping(replace(PLAN, steps=STEPS), told(*states)))
    for part in words:
        assert part in said


def going_back(event: str, outcome: str = "") -> LogEntry:
    return LogEntry(9, 0.0, "", "", "", "", event, "", outcome=outcome, taken_back=3)


def test_a_step_that_is_taken_back_says_so_and_not_that_it_is_done() -> None:
    plan = replace(PLAN, steps=STEPS)
    entries = [*told("done", "done", "done"), going_back("step-started")]
    assert running_step(plan, entries) == 3
    lines = "\n".join(row.cells[0].text for row in progress(plan, entries, None, None).rows)
    assert "3. drain on haproxy-01: is being taken back" in lines
    assert "taking back already" in " ".join(stopping(plan, entries))
    lines = "\n".join(row.cells[0].text for row in cut_off(plan, entries))
    assert "it was being taken back: did that happen? drain" in lines
    assert "$ haproxy-01: set server ready" in lines
    lines = "\n".join(row.cells[0].text for row in progress(plan, entries, None, "it is gone").rows)
    assert "it was being taken back; whether that happened is not known" in lines
    failed = [*entries, going_back("step-ended", "failed")]
    lines = "\n".join(row.cells[0].text for row in progress(plan, failed, None, None).rows)
    assert "3. drain on haproxy-01: taking it back did not work" in lines


async def test_esc_in_a_run_says_what_stopping_leaves_and_then_that_it_was_asked() -> None:
    plan = replace(PLAN, steps=STEPS)
    runner = FakeRunner(lambda _: plan)
    app = console(runner)
    async with app.run_test(size=(80, 24)) as pilot:
        await arm(pilot, app)
        await ask(pilot, app)
        await type_in(pilot, app, scenes.CLUSTER)
        await until(pilot, lambda: isinstance(app.screen, RunDialog))
        started = LogEntry(1, scenes.NOON, "anna", scenes.CLUSTER, "failover", "op-1", "step-started", "", step=1)
        app.post_message(ConsoleApp.Arrived(News((started,))))
        await until(pilot, lambda: "running" in dialog(app))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, Question))
        assert "First 1. pause token sync runs to its end." in dialog(app)
        assert "is taken back, in this order: 1. pause token sync." in dialog(app)
        await type_in(pilot, app, "stop")
        await until(pilot, lambda: runner.run is not None and runner.run.stops == 1)
        await until(pilot, lambda: "asked to stop: this step runs to its end first" in dialog(app))
