"""What the console says of people: a second operator who is needed, what others run, and who may do what."""

import pytest
from msgspec.structs import replace
from textual.widgets import Static

from dslsconsole.tui import scenes
from dslsconsole.tui.dialogs.plan import PlanDialog
from dslsconsole.tui.dialogs.run import RunDialog
from dslsconsole.tui.journal_feed import LogEntry
from dslsconsole.tui.operation import Second
from dslsconsole.tui.render.cells import Tone
from dslsconsole.tui.render.log import log
from tests.tui.acting_console import PLAN, FakeRunner, arm, ask, console, dialog, hear_at_once, type_in, until

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
