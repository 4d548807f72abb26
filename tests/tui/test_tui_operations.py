"""Operations that another process runs, or that were cut off: seen, followed, stopped and taken up."""

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from dslsconsole.tui import scenes
from dslsconsole.tui.app import ConsoleApp
from dslsconsole.tui.dialogs.decision import DecisionDialog
from dslsconsole.tui.dialogs.question import Question
from dslsconsole.tui.dialogs.run import RunDialog
from dslsconsole.tui.journal_feed import LogEntry, News
from dslsconsole.tui.operation import KnownOperation, RunFailed
from tests.tui.acting_console import (
    PLAN,
    Clock,
    FakeRunner,
    arm,
    ask,
    console,
    dialog,
    footer,
    header,
    hear_at_once,
    read_only,
    type_in,
    until,
)

OTHER = KnownOperation("op-9", scenes.CLUSTER, "failover", "bob", "jump-02", "2027-01-01T11:59:00Z", "running", 1, 2)
CUT_OFF = replace(OTHER, state="unfinished")


@pytest.fixture(autouse=True)
def hears_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    hear_at_once(monkeypatch)


def entry(seq: int, event: str, text: str = "", operation: str = "op-9", **data: object) -> LogEntry:
    one = LogEntry(seq, scenes.NOON, "bob", scenes.CLUSTER, "failover", operation, event, text or event)
    return replace(one, **data)


BEGUN = (
    entry(1, "planned", steps=PLAN.steps),
    entry(2, "confirmed"),
    entry(3, "step-started", step=1),
)
ENDED = entry(4, "outcome", outcome="rolled_back", sentence="It was asked to stop.", card=("Look at the primary.",))


async def journal(pilot: Pilot[None], app: ConsoleApp, *entries: LogEntry) -> None:
    app.post_message(ConsoleApp.Arrived(News(entries)))
    await until(pilot, lambda: entries[-1] in app.entries)
    await pilot.pause()


@pytest.mark.parametrize(
    ("known", "told"),
    [
        (OTHER, "▶ failover running, step 1 of 2"),
        (CUT_OFF, "▲ failover cut off at step 1"),
        (None, "▲ failover not ended, step 1 of 2"),
    ],
)
async def test_the_header_tells_of_an_operation_and_whether_it_is_driven(
    known: KnownOperation | None, told: str
) -> None:
    runner = FakeRunner(known=[known] if known else [])
    app = console(runner)
    async with app.run_test(size=(160, 40)) as pilot:
        await pilot.pause()
        assert "o operation" not in footer(app)
        await journal(pilot, app, *BEGUN)
        await until(pilot, lambda: told in header(app))
        assert "not armed" in header(app)
        assert "o operation" in footer(app)
        await journal(pilot, app, ENDED)
        assert "failover" not in header(app)
        assert "o operation" not in footer(app)


async def test_it_is_asked_once_and_again_only_after_a_while() -> None:
    clock, runner = Clock(), FakeRunner(known=[OTHER])
    app = console(runner, clock)
    async with app.run_test(size=(160, 40)) as pilot:
        await pilot.pause()
        await journal(pilot, app, *BEGUN)
        await until(pilot, lambda: "running" in header(app))
        app.acting.expire()
        await pilot.pause()
        assert runner.asked == 1
        runner.known = [CUT_OFF]
        clock.now += 16
        app.acting.expire()
        await until(pilot, lambda: "cut off at step 1" in header(app))
        assert runner.asked == 2


async def test_what_another_process_runs_is_followed_and_asked_to_stop() -> None:
    runner = FakeRunner(known=[OTHER])
    app = console(runner)
    async with app.run_test(size=(160, 40)) as pilot:
        await pilot.pause()
        await journal(pilot, app, *BEGUN)
        await pilot.press("o")
        await until(pilot, lambda: isinstance(app.screen, RunDialog))
        await until(pilot, lambda: "▶ 1. pause token sync on dsls-primary-01: running" in dialog(app))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, Question))
        await type_in(pilot, app, "stop")
        await until(pilot, lambda: runner.stopped == ["op-9"])
        await until(pilot, lambda: "op-9 was asked to stop" in footer(app))
        await journal(pilot, app, ENDED)
        await until(pilot, lambda: "What had been changed was taken back." in dialog(app))
        assert "→ Look at the primary." in dialog(app)


async def test_s_stops_what_another_process_runs() -> None:
    runner = FakeRunner(known=[OTHER])
    app = console(runner)
    async with app.run_test(size=(160, 40)) as pilot:
        await pilot.pause()
        await pilot.press("S")
        assert "nothing is running that could be stopped" in footer(app)
        await journal(pilot, app, *BEGUN)
        await until(pilot, lambda: "running" in header(app))
        await pilot.press("S")
        await until(pilot, lambda: isinstance(app.screen, Question))
        await type_in(pilot, app, "stop")
        await until(pilot, lambda: runner.stopped == ["op-9"])


@pytest.mark.parametrize(("known", "may"), [(None, True), (OTHER, True), (CUT_OFF, False)])
async def test_only_what_is_known_to_be_cut_off_can_not_be_asked_to_stop(
    known: KnownOperation | None, may: bool
) -> None:
    app = console(FakeRunner(known=[known] if known else []))
    async with app.run_test(size=(160, 40)) as pilot:
        await pilot.pause()
        assert not app.acting.stoppable
        await journal(pilot, app, *BEGUN)
        await until(pilot, lambda: app.acting.stoppable is may)


async def test_an_operation_of_another_machine_is_found_by_its_lock() -> None:
    runner = FakeRunner(known=[OTHER])
    app = console(runner)
    async with app.run_test(size=(160, 40)) as pilot:
        await pilot.pause()
        await pilot.press("o")
        await until(pilot, lambda: isinstance(app.screen, RunDialog))
        await until(pilot, lambda: "its steps are in the journal of the machine it was started on" in dialog(app))
        assert "▶ failover running, step 1 of 2" in header(app)


@pytest.mark.parametrize("decision", ["verify", "continue", "undo", "abandon"])
async def test_what_was_cut_off_is_decided_by_word_and_name_while_armed(decision: str) -> None:
    runner = FakeRunner(known=[CUT_OFF])
    app = console(runner)
    async with app.run_test(size=(120, 40)) as pilot:
        await arm(pilot, app)
        await journal(pilot, app, *BEGUN)
        await pilot.press("o")
        await until(pilot, lambda: isinstance(app.screen, DecisionDialog))
        await pilot.pause()
        shown = dialog(app)
        assert "? outcome UNKNOWN: the process that acts ended without a word at step 1 on dsls-primary-01" in shown
        assert "? 1. pause token sync on dsls-primary-01: begun; whether it happened is not known" in shown
        assert "○ 2. promote the backup on dsls-backup-01: planned" in shown
        await type_in(pilot, app, "perhaps")
        assert "“perhaps” is none of verify, continue, undo, abandon; nothing was done" in dialog(app)
        await type_in(pilot, app, decision)
        await until(pilot, lambda: isinstance(app.screen, Question))
        await type_in(pilot, app, decision)
        assert isinstance(app.screen, Question), "it is the cluster's name that is asked for"
        assert runner.resumed == []
        await type_in(pilot, app, scenes.CLUSTER)
        if decision != "verify":
            await until(pilot, lambda: "It is bob's, begun on jump-02" in dialog(app))
            await type_in(pilot, app, scenes.CLUSTER)
            assert runner.resumed == [], "it is taken over by whose it was"
            await type_in(pilot, app, "bob")
        await until(pilot, lambda: isinstance(app.screen, RunDialog))
        assert runner.resumed == [("op-9", decision, scenes.CLUSTER, "INC-1")]
        assert runner.whose == ["" if decision == "verify" else "bob"]
        assert runner.run is not None
        runner.run.outcome.set_result(replace(PLAN, outcome="done", steps=(), sentence="So it is."))
        await until(pilot, lambda: "Done and verified." in dialog(app))


async def test_what_was_verified_and_is_not_complete_leads_on() -> None:
    runner = FakeRunner(known=[CUT_OFF])
    app = console(runner)
    async with app.run_test(size=(120, 40)) as pilot:
        await arm(pilot, app)
        await journal(pilot, app, *BEGUN)
        await pilot.press("o")
        await until(pilot, lambda: isinstance(app.screen, DecisionDialog))
        await type_in(pilot, app, "verify")
        await until(pilot, lambda: isinstance(app.screen, Question))
        await type_in(pilot, app, scenes.CLUSTER)
        await until(pilot, lambda: isinstance(app.screen, RunDialog))
        await journal(pilot, app, entry(4, "resumed"))
        assert runner.run is not None
        runner.run.outcome.set_result(replace(PLAN, outcome="needs_person", card=("Not begun: promote.",)))
        await until(pilot, lambda: "o verifies, continues, undoes or abandons it" in dialog(app))
        await pilot.press("o")
        await until(pilot, lambda: isinstance(app.screen, DecisionDialog))


async def test_nothing_is_decided_while_not_armed() -> None:
    runner = FakeRunner(known=[CUT_OFF])
    app = console(runner)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await journal(pilot, app, *BEGUN)
        await pilot.press("o")
        await until(pilot, lambda: isinstance(app.screen, DecisionDialog))
        await pilot.pause()
        await type_in(pilot, app, "undo")
        assert isinstance(app.screen, DecisionDialog)
        assert f"the console must be armed for {scenes.CLUSTER}" in dialog(app)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.cluster_screen)
        assert runner.resumed == []


async def test_a_run_whose_process_is_killed_opens_a_card_that_leads_on() -> None:
    runner = FakeRunner()
    app = console(runner)
    async with app.run_test(size=(120, 40)) as pilot:
        await arm(pilot, app)
        await ask(pilot, app)
        await type_in(pilot, app, scenes.CLUSTER)
        await until(pilot, lambda: isinstance(app.screen, RunDialog))
        await journal(pilot, app, *(replace(one, operation="op-1") for one in BEGUN))
        await pilot.press("h")
        await until(pilot, lambda: app.screen is app.cluster_screen)
        runner.known = [replace(CUT_OFF, operation="op-1")]
        assert runner.run is not None
        runner.run.outcome.set_exception(RunFailed("the run ended with status -9: its answer can't be read"))
        await until(pilot, lambda: isinstance(app.screen, RunDialog))
        await until(pilot, lambda: "? outcome UNKNOWN: the process that acts ended without a word" in dialog(app))
        assert "at step 1 on dsls-primary-01" in dialog(app)
        assert "→ look at dsls-primary-01: did this happen? pause token sync" in dialog(app)
        assert "press o to verify, continue, undo or abandon" in dialog(app)
        await until(pilot, lambda: "▲ failover cut off" in header(app) or "cut off 1/2" in header(app))
        await pilot.press("o")
        await until(pilot, lambda: isinstance(app.screen, DecisionDialog))


async def test_a_hidden_run_is_looked_at_again_and_a_good_end_is_said() -> None:
    runner = FakeRunner()
    app = console(runner)
    async with app.run_test(size=(120, 40)) as pilot:
        await arm(pilot, app)
        await ask(pilot, app)
        await type_in(pilot, app, scenes.CLUSTER)
        await until(pilot, lambda: isinstance(app.screen, RunDialog))
        for _ in range(2):
            await pilot.press("h")
            await until(pilot, lambda: app.screen is app.cluster_screen)
            await pilot.press("o")
            await until(pilot, lambda: isinstance(app.screen, RunDialog))
        await pilot.press("h")
        await until(pilot, lambda: app.screen is app.cluster_screen)
        assert runner.run is not None
        runner.run.outcome.set_result(replace(PLAN, outcome="done"))
        await until(pilot, lambda: "failover: Done and verified." in footer(app))
        assert app.screen is app.cluster_screen


async def test_a_hidden_run_that_ends_otherwise_opens_its_card() -> None:
    runner = FakeRunner()
    app = console(runner)
    async with app.run_test(size=(120, 40)) as pilot:
        await arm(pilot, app)
        await ask(pilot, app)
        await type_in(pilot, app, scenes.CLUSTER)
        await until(pilot, lambda: isinstance(app.screen, RunDialog))
        await pilot.press("h")
        await until(pilot, lambda: app.screen is app.cluster_screen)
        assert runner.run is not None
        runner.run.outcome.set_result(replace(PLAN, outcome="needs_person", card=("Look at the backup.",)))
        await until(pilot, lambda: isinstance(app.screen, RunDialog) and "→ Look at the backup." in dialog(app))


async def test_enter_on_its_line_of_the_action_log_shows_an_operation() -> None:
    app = read_only()
    async with app.run_test(size=(160, 40)) as pilot:
        await pilot.pause()
        await journal(pilot, app, *BEGUN, ENDED)
        await pilot.press("8", "enter")
        await until(pilot, lambda: isinstance(app.screen, RunDialog))
        await until(pilot, lambda: "It was asked to stop." in dialog(app))


async def test_a_read_only_console_follows_and_can_do_no_more() -> None:
    app = read_only()
    async with app.run_test(size=(160, 40)) as pilot:
        await pilot.pause()
        await journal(pilot, app, *BEGUN)
        assert "▲ failover not ended, step 1 of 2" in header(app)
        assert "read-only" in header(app)
        await pilot.press("o")
        await until(pilot, lambda: isinstance(app.screen, RunDialog))
        await until(pilot, lambda: "1. pause token sync" in dialog(app))
        assert "stop" not in dialog(app).split("\n")[-1]
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.cluster_screen)


async def test_where_there_is_no_operation_the_key_says_so() -> None:
    app = console(FakeRunner())
    async with app.run_test(size=(160, 40)) as pilot:
        await pilot.pause()
        await pilot.press("o")
        await until(pilot, lambda: "no operation runs, and none was cut off" in footer(app))


def test_what_operations_prints_is_understood_or_quoted() -> None:
    from dslsconsole.tui.operation import decoded_operations

    printed = b'[{"operation": "a", "cluster": "c", "from": "jump", "state": "running", "hologram": 1}]'
    (one,) = decoded_operations(printed, 0, "")
    assert (one.operation, one.origin, one.running) == ("a", "jump", True)
    with pytest.raises(RunFailed, match=r"it can't be told what runs \(status 78\): no such key"):
        decoded_operations(b"", 78, "no such key")
