"""From a guarded key to a run: nothing happens by reflex, and what happens is what was confirmed."""

import asyncio

import pytest
from msgspec.structs import replace
from textual import events
from textual.widgets import Input, Static

from dslsconsole.tui import scenes
from dslsconsole.tui.app import ConsoleApp
from dslsconsole.tui.arming import LASTS_S
from dslsconsole.tui.dialogs.dialog import Dialog
from dslsconsole.tui.dialogs.plan import PlanDialog
from dslsconsole.tui.dialogs.question import Question
from dslsconsole.tui.dialogs.reading import Notice, Reading
from dslsconsole.tui.dialogs.run import RunDialog
from dslsconsole.tui.journal_feed import LogEntry, News
from dslsconsole.tui.operation import Ask, Plan, Request, RunFailed
from dslsconsole.tui.source import PlayedFrames
from dslsconsole.tui.table import LineTable
from tests.tui.acting_console import (
    PLAN,
    REFUSED,
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


@pytest.fixture(autouse=True)
def hears_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dialogs take keys at once, but where the test is about that."""
    hear_at_once(monkeypatch)


async def test_a_guarded_key_says_why_it_does_nothing() -> None:
    runner = FakeRunner(lambda _: PLAN)
    app = console(runner)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert "not armed" in header(app)
        await pilot.press("F")
        assert "F failover needs the console armed for this cluster: press a" in footer(app)
        assert runner.requests == []


async def test_arming_needs_a_reason() -> None:
    app = console(FakeRunner(lambda _: PLAN))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, Question))
        await pilot.press("enter", "enter")
        assert isinstance(app.screen, Question)
        await pilot.press("escape")
        assert "not armed" in header(app)


async def test_arming_ends_by_itself_and_by_the_same_key() -> None:
    clock = Clock()
    app = console(FakeRunner(lambda _: PLAN), clock)
    async with app.run_test(size=(120, 40)) as pilot:
        await arm(pilot, app)
        clock.now += LASTS_S - 61
        app.acting.expire()
        assert "ARMED 2 min" in header(app)
        clock.now += 62
        app.acting.expire()
        assert "not armed" in header(app)
        await arm(pilot, app)
        await pilot.press("a")
        assert "not armed" in header(app)


async def test_it_is_armed_for_one_cluster_only() -> None:
    runner = FakeRunner(lambda _: PLAN)
    app = ConsoleApp(
        PlayedFrames([scenes.healthy(scenes.NOON, "one", "two")]), clock=Clock(), themes=THEMES, runner=runner
    )
    async with app.run_test(size=(120, 40)) as pilot:
        await arm(pilot, app)
        await pilot.press("right_square_bracket")
        assert "ARMED for one" in header(app)
        await pilot.press("F")
        assert "needs the console armed for this cluster" in footer(app)
        assert runner.requests == []


async def test_the_plan_shows_everything_before_it_asks() -> None:
    app = console(FakeRunner(lambda _: PLAN))
    async with app.run_test(size=(120, 40)) as pilot:
        await arm(pilot, app)
        await ask(pilot, app)
        shown = "\n".join(app.screen.query_one(LineTable).text())
        for part in (
            "212 sessions reconnect",
            "backup_in_step: pass",
            "2. promote the backup  on dsls-backup-01",
            "$ timeout -k 1 20 /opt/dsls/bin/DSLicSrv -promote-to-primary",
        ):
            assert part in shown


@pytest.mark.parametrize("keys", [("enter",), ("escape",), ("enter", "enter", "enter")])
async def test_enter_alone_never_confirms(keys: tuple[str, ...]) -> None:
    runner = FakeRunner(lambda _: PLAN)
    app = console(runner)
    async with app.run_test(size=(120, 40)) as pilot:
        await arm(pilot, app)
        await ask(pilot, app)
        await pilot.press(*keys)
        await until(pilot, lambda: not isinstance(app.screen, PlanDialog))
        assert runner.started == []


@pytest.mark.parametrize("typed", ["yes", "production", "PRODUCTION-CLUSTER", "failover"])
async def test_another_text_does_not_confirm(typed: str) -> None:
    runner = FakeRunner(lambda _: PLAN)
    app = console(runner)
    async with app.run_test(size=(120, 40)) as pilot:
        await arm(pilot, app)
        await ask(pilot, app)
        await type_in(pilot, app, typed)
        assert isinstance(app.screen, PlanDialog)
        assert runner.started == []


async def test_keys_typed_before_the_dialog_could_be_read_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PlanDialog, "deaf_s", 1e9)
    runner = FakeRunner(lambda _: PLAN)
    app = console(runner)
    async with app.run_test(size=(120, 40)) as pilot:
        await arm(pilot, app)
        await ask(pilot, app)
        await pilot.press(*scenes.CLUSTER, "enter", "escape")
        assert app.screen.query_one(Input).value == ""
        assert isinstance(app.screen, PlanDialog)
        assert runner.started == []
        assert "what was typed in the first half second was dropped; r rehearses" in dialog(app)


async def test_half_a_second_it_is_deaf() -> None:
    now = [0.0]
    one: Dialog[str] = Dialog(clock=lambda: now[0])
    one.deaf_s = 0.5  # type: ignore[misc]
    now[0] = 0.49
    assert not one.hears()
    now[0] = 0.5
    assert one.hears()


async def test_what_was_confirmed_is_run_with_reason_plan_and_operation() -> None:
    runner = FakeRunner(lambda _: PLAN)
    app = console(runner)
    async with app.run_test(size=(120, 40)) as pilot:
        await arm(pilot, app)
        await ask(pilot, app)
        await pilot.press(*(("minus" if letter == "-" else letter) for letter in scenes.CLUSTER), "enter")
        await until(pilot, lambda: isinstance(app.screen, RunDialog))
        assert runner.started == [(Request("failover", scenes.CLUSTER, "INC-1"), PLAN)]
        assert "▶ failover running" in header(app)
        assert runner.run is not None
        runner.run.outcome.set_result(
            replace(PLAN, outcome="done", steps=tuple(replace(s, outcome="done") for s in PLAN.steps))
        )
        await until(pilot, lambda: "Done and verified." in "\n".join(app.screen.query_one(LineTable).text()))
        await pilot.press("escape")
        assert app.screen is app.cluster_screen


async def test_steps_are_live_from_the_journal() -> None:
    runner = FakeRunner(lambda _: PLAN)
    app = console(runner)
    async with app.run_test(size=(120, 40)) as pilot:
        await arm(pilot, app)
        await ask(pilot, app)
        await type_in(pilot, app, scenes.CLUSTER)
        await until(pilot, lambda: isinstance(app.screen, RunDialog))
        started = LogEntry(
            1, scenes.NOON, "me", scenes.CLUSTER, "failover", "op-1", "step-started", "▶ 1. pause", step=1
        )
        ended = replace(started, seq=2, event="step-ended", text="1. pause: done", outcome="done")
        other = replace(started, seq=3, operation="op-2", step=2)
        app.post_message(ConsoleApp.Arrived(News((started, ended, other))))
        await until(pilot, lambda: "● 1. pause token sync" in "\n".join(app.screen.query_one(LineTable).text()))
        assert "○ 2. promote the backup" in "\n".join(app.screen.query_one(LineTable).text())


async def test_esc_during_a_run_asks_and_only_the_word_stops_it() -> None:
    runner = FakeRunner(lambda _: PLAN)
    app = console(runner)
    async with app.run_test(size=(120, 40)) as pilot:
        await arm(pilot, app)
        await ask(pilot, app)
        await type_in(pilot, app, scenes.CLUSTER)
        await until(pilot, lambda: isinstance(app.screen, RunDialog))
        assert runner.run is not None
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, Question))
        await pilot.press("escape")
        assert runner.run.stops == 0
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, Question))
        await pilot.press(*"stop", "enter")
        await until(pilot, lambda: runner.run is not None and runner.run.stops == 1)


async def test_during_a_run_nothing_else_is_started_and_leaving_asks() -> None:
    runner = FakeRunner(lambda _: PLAN)
    app = console(runner)
    async with app.run_test(size=(120, 40)) as pilot:
        await arm(pilot, app)
        await ask(pilot, app)
        await type_in(pilot, app, scenes.CLUSTER)
        await until(pilot, lambda: isinstance(app.screen, RunDialog))
        await pilot.pause()
        await pilot.press("h")
        await until(pilot, lambda: app.screen is app.cluster_screen)
        await pilot.press("D")
        assert "waits until failover of production-cluster has ended" in footer(app)
        assert len(runner.requests) == 1
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, Question))
        await pilot.press(*"leave", "enter")
        await until(pilot, lambda: not app.is_running)


async def test_a_refused_plan_can_only_be_cancelled_overridden_or_attested() -> None:
    def planned(request: Request) -> Plan:
        return PLAN if request.overrides and request.attests else REFUSED

    runner = FakeRunner(planned)
    app = console(runner)
    async with app.run_test(size=(120, 40)) as pilot:
        await arm(pilot, app)
        await ask(pilot, app)
        shown = "\n".join(app.screen.query_one(LineTable).text())
        assert "✖ backup_in_step: fail · 11 generations behind" in shown
        assert "→ sync first: T" in shown
        told = str(app.screen.query_one("#choice", Static).content).split("\n")
        assert [line.split(":")[0] for line in told] == [
            "✖ refused",
            "to attest that a host is down type its name",
            "to override a guard type its name",
        ]
        await type_in(pilot, app, scenes.CLUSTER)
        assert runner.started == [], "the phrase does not confirm what was refused"
        await type_in(pilot, app, "old_primary_dead")
        assert len(runner.requests) == 1, "a guard that can't be overridden is not"
        await type_in(pilot, app, "backup_in_step")
        await until(pilot, lambda: len(runner.requests) == 2 and isinstance(app.screen, PlanDialog))
        await pilot.pause()
        await type_in(pilot, app, "dsls-primary-01")
        await until(pilot, lambda: len(runner.requests) == 3 and isinstance(app.screen, PlanDialog))
        await pilot.pause()
        await type_in(pilot, app, scenes.CLUSTER)
        await until(pilot, lambda: runner.started != [])
        request = runner.started[0][0]
        assert request.overrides == ("backup_in_step",)
        assert request.attests == ("dsls-primary-01",)


async def test_what_a_runbook_asks_is_shown_with_its_default_and_can_be_changed() -> None:
    asking = replace(
        PLAN, asks=(Ask("target", "Backup to overwrite"), Ask("stop", "If it will not", "fail", ("fail", "kill")))
    )
    runner = FakeRunner(lambda request: asking)
    app = console(runner)
    async with app.run_test(size=(120, 40)) as pilot:
        await arm(pilot, app)
        await ask(pilot, app, "Y")
        assert "stop=fail · If it will not (fail or kill)" in "\n".join(app.screen.query_one(LineTable).text())
        await type_in(pilot, app, "stop=explode")
        assert len(runner.requests) == 1, "that is none of the choices"
        assert "stop is one of fail, kill, not explode; nothing was done" in dialog(app)
        await type_in(pilot, app, "halt=kill")
        assert "there is no setting called halt; there is target=, stop=; nothing was done" in dialog(app)
        await type_in(pilot, app, "stop=kill")
        await until(pilot, lambda: len(runner.requests) == 2)
        assert runner.requests[-1].params == {"stop": "kill"}


async def test_no_plan_is_said_in_words() -> None:
    def fails(_: Request) -> Plan:
        raise RunFailed("the run ended with status 78: dslsconsole.yaml:3:1: ssh: no such key")

    app = console(FakeRunner(fails))
    async with app.run_test(size=(160, 40)) as pilot:
        await arm(pilot, app)
        await pilot.press("F")
        await until(pilot, lambda: "failover: the run ended with status 78" in footer(app))


async def test_armed_no_longer_means_not_run() -> None:
    clock = Clock()
    runner = FakeRunner(lambda _: PLAN)
    app = console(runner, clock)
    async with app.run_test(size=(120, 40)) as pilot:
        await arm(pilot, app)
        await ask(pilot, app)
        clock.now += LASTS_S + 1
        await type_in(pilot, app, scenes.CLUSTER)
        await until(pilot, lambda: "no longer armed" in footer(app))
        assert runner.started == []


async def test_read_only_has_no_way_to_act() -> None:
    app = ConsoleApp(PlayedFrames([scenes.healthy()]), clock=Clock(), themes=THEMES)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await pilot.press("a", "F", "B", "T", "Y", "D", "A", "R", "S")
        assert app.screen is app.cluster_screen
        assert "read-only" in header(app)
        assert not app._bindings.key_to_bindings.keys() & set("aFBTYDARS")


def test_the_command_line_is_the_same_for_plan_and_run() -> None:
    request = Request("force-sync", "c", "why", {"target": "b"}, ("g",), ("h",))
    assert request.argv() == (
        *("force-sync", "c", "--json", "--reason", "why"),
        *("--param", "target=b", "--override", "g", "--attest", "h"),
    )


async def test_armed_is_seen_while_it_runs() -> None:
    app = console(FakeRunner())
    async with app.run_test(size=(120, 40)) as pilot:
        await arm(pilot, app)
        await ask(pilot, app)
        await type_in(pilot, app, scenes.CLUSTER)
        await until(pilot, lambda: "▶ failover running" in header(app))
        assert "ARMED 10 min" in header(app)


async def test_keys_typed_while_the_guards_are_read_go_nowhere_and_esc_gives_up() -> None:
    runner = FakeRunner(planning=asyncio.Event())
    app = console(runner)
    async with app.run_test(size=(120, 40)) as pilot:
        await arm(pilot, app)
        await pilot.press("F")
        await until(pilot, lambda: isinstance(app.screen, Reading))
        await pilot.press("a", "q", "z", "D", "enter", "ctrl+c")
        assert isinstance(app.screen, Reading)
        assert "Esc cancels" in dialog(app)
        assert "ARMED 10 min" in header(app)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.cluster_screen)
        await until(pilot, lambda: "failover: cancelled, nothing was changed" in footer(app))
        assert len(runner.requests) == 1
        await pilot.press("q")
        await until(pilot, lambda: not app.is_running)


async def test_arming_before_the_first_reading_says_why_not_and_keeps_the_keys() -> None:
    app = ConsoleApp(PlayedFrames([[]]), clock=Clock(), themes=THEMES, runner=FakeRunner())
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await pilot.press("a", "q", "F", "I", "enter")
        await until(pilot, lambda: isinstance(app.screen, Notice))
        assert "there is no cluster that could be armed for" in dialog(app)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.cluster_screen)


async def test_a_plan_says_when_it_was_read_and_that_it_is_old() -> None:
    clock, runner = Clock(), FakeRunner()
    app = console(runner, clock)
    async with app.run_test(size=(120, 40)) as pilot:
        await arm(pilot, app)
        await ask(pilot, app)
        assert "read 12:00:06Z, 0 s ago" in dialog(app)
        clock.now += 12
        app.draw()
        assert "read 12:00:06Z, 12 s ago" in dialog(app)
        clock.now += 20
        app.draw()
        assert "▲ read 12:00:06Z, 32 s ago: Ctrl-R reads it again" in dialog(app)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: len(runner.requests) == 2 and isinstance(app.screen, PlanDialog))
        await pilot.pause()
        assert "read 12:00:38Z, 0 s ago" in dialog(app)
        assert runner.started == []


async def test_a_plan_says_that_the_cluster_changed_since() -> None:
    app = console(FakeRunner())
    async with app.run_test(size=(120, 40)) as pilot:
        await arm(pilot, app)
        await ask(pilot, app)
        for frame in scenes.primary_lost():
            app.picture = app.picture.apply(frame)
        app.draw()
        assert "▲ the cluster changed since" in dialog(app)


async def test_what_is_confirmed_on_old_grounds_is_read_again_before_it_starts() -> None:
    clock, runner = Clock(), FakeRunner()
    app = console(runner, clock)
    async with app.run_test(size=(120, 40)) as pilot:
        await arm(pilot, app)
        await ask(pilot, app)
        clock.now += 20
        await type_in(pilot, app, scenes.CLUSTER)
        await until(pilot, lambda: runner.started != [])
        assert len(runner.requests) == 2


async def test_what_changed_since_it_was_confirmed_is_not_started_but_shown() -> None:
    clock, runner = Clock(), FakeRunner()
    app = console(runner, clock)
    async with app.run_test(size=(120, 40)) as pilot:
        await arm(pilot, app)
        await ask(pilot, app)
        clock.now += 20
        runner.planned = lambda _: replace(PLAN, plan="another")
        await type_in(pilot, app, scenes.CLUSTER)
        await until(pilot, lambda: len(runner.requests) == 2 and isinstance(app.screen, PlanDialog))
        await pilot.pause()
        assert runner.started == []
        assert "it changed since you confirmed it: nothing was started" in dialog(app)


async def test_a_plan_covers_the_whole_width() -> None:
    app = console(FakeRunner())
    async with app.run_test(size=(200, 60)) as pilot:
        await arm(pilot, app)
        await ask(pilot, app)
        assert app.screen.query_one(LineTable).region.width == 200


async def test_a_running_step_tells_its_seconds_and_its_deadline() -> None:
    clock = Clock()
    timed = replace(PLAN, steps=(replace(PLAN.steps[0], within=120.0), PLAN.steps[1]))
    app = console(FakeRunner(lambda _: timed), clock)
    async with app.run_test(size=(120, 40)) as pilot:
        await arm(pilot, app)
        await ask(pilot, app)
        await type_in(pilot, app, scenes.CLUSTER)
        await until(pilot, lambda: isinstance(app.screen, RunDialog))
        begun = LogEntry(1, clock.now, "me", scenes.CLUSTER, "failover", "op-1", "step-started", "▶ 1.", step=1)
        app.post_message(ConsoleApp.Arrived(News((begun,))))
        await until(pilot, lambda: "running, 0 s of 120 s" in dialog(app))
        clock.now += 12
        app.acting.draw()
        assert "▶ 1. pause token sync on dsls-primary-01: running, 12 s of 120 s" in dialog(app)


async def test_what_is_pasted_is_said_not_to_count() -> None:
    runner = FakeRunner()
    app = console(runner)
    async with app.run_test(size=(120, 40)) as pilot:
        await arm(pilot, app)
        await ask(pilot, app)
        app.screen.query_one(Input).post_message(events.Paste(scenes.CLUSTER))
        await until(pilot, lambda: "what is pasted does not count here: type it" in dialog(app))
        assert app.screen.query_one(Input).value == ""


async def test_an_empty_reason_is_asked_for() -> None:
    app = console(FakeRunner())
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, Question))
        await pilot.press("enter")
        assert "say why, it is written to the journal" in dialog(app)
        await pilot.press("ctrl+c")
        assert isinstance(app.screen, Question)
        assert "Esc cancels" in dialog(app)


async def test_leaving_keys_in_help_say_how_it_is_left() -> None:
    app = console(FakeRunner())
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, Dialog))
        await pilot.press("q")
        assert "Esc closes this" in footer(app)
        assert app.is_running


async def test_what_is_said_goes_with_the_next_key_of_any_kind() -> None:
    app = console(FakeRunner())
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await pilot.press("F")
        assert "press a" in footer(app)
        await pilot.press("down")
        assert "press a" not in footer(app)


async def test_a_plan_without_steps_has_no_heading_for_them() -> None:
    app = console(FakeRunner(lambda _: replace(REFUSED, steps=())))
    async with app.run_test(size=(120, 40)) as pilot:
        await arm(pilot, app)
        await ask(pilot, app)
        assert "Steps" not in dialog(app)
