"""A rehearsal from the plan's dialog: one key, told as what it is, and back to the plan."""

import pytest
from msgspec.structs import replace

from dslsconsole.tui.dialogs.plan import PlanDialog
from dslsconsole.tui.dialogs.reading import Notice
from dslsconsole.tui.dialogs.rehearsal import RehearsalDialog
from dslsconsole.tui.operation import Ask, Plan, PlannedGuard, PlannedStep, Rehearsal
from dslsconsole.tui.render.rehearsal import rehearsal
from tests.tui.acting_console import PLAN, FakeRunner, arm, console, dialog, hear_at_once, until

TOLD = Rehearsal("REHEARSAL on a model: as it was read at 12:00:01Z.", 4.2, ("nothing stands for dsls-backup-02",))
WENT = replace(
    PLAN,
    outcome="rolled_back",
    sentence="The promotion was refused.",
    steps=(
        *(replace(step, outcome="done", seconds=0.3) for step in PLAN.steps[:1]),
        *(replace(step, outcome="failed", seconds=1.0, output="refused") for step in PLAN.steps[1:]),
    ),
    rehearsal=TOLD,
)


@pytest.fixture(autouse=True)
def hears_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    hear_at_once(monkeypatch)


def text_of(plan: Plan, went: Plan) -> str:
    sheet = rehearsal(plan, went)
    return "\n".join([sheet.title, *("".join(cell.text for cell in row.cells) for row in sheet.rows)])


def test_it_says_what_it_is_how_it_ended_and_how_long_each_step_took() -> None:
    text = text_of(PLAN, WENT)
    assert text.startswith("REHEARSAL · ")
    assert "REHEARSAL on a model: as it was read at 12:00:01Z." in text
    assert "on the model, in 4 s: Not done. What had been changed was taken back." in text
    assert "▲ the model is not alike: nothing stands for dsls-backup-02" in text
    assert f"1. {PLAN.steps[0].name} on {PLAN.steps[0].host}: done, 0.3 s" in text
    assert "failed, 1.0 s: refused" in text
    assert "the model's plan is another one" not in text


def test_a_plan_that_is_another_one_on_the_model_is_told() -> None:
    more = PlannedStep("drain dsls-primary", "haproxy-03", outcome="done")
    text = text_of(PLAN, replace(WENT, steps=(*WENT.steps[1:], more)))
    name, host = PLAN.steps[0].name, PLAN.steps[0].host
    assert f"another one, without: {name} on {host}. with: drain dsls-primary on haproxy-03" in text
    assert "another one, in another order" in text_of(PLAN, replace(WENT, steps=WENT.steps[::-1]))


def test_a_guard_that_refuses_there_is_told() -> None:
    guard = PlannedGuard("quorum_survives", "fail", "1 of 3 votes")
    assert "✖ quorum_survives: 1 of 3 votes" in text_of(PLAN, replace(WENT, guards=(guard,), steps=()))


async def test_r_rehearses_what_is_asked_for_and_comes_back_to_a_plan_read_again() -> None:
    runner = FakeRunner(lambda _: PLAN, went=WENT)
    app = console(runner)
    async with app.run_test(size=(120, 40)) as pilot:
        await arm(pilot, app)
        await pilot.press("F")
        await until(pilot, lambda: isinstance(app.screen, PlanDialog))
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, RehearsalDialog))
        assert runner.rehearsed == runner.requests
        assert runner.started == []
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, PlanDialog))
        assert len(runner.requests) == 2


async def test_r_is_a_letter_where_an_answer_begins_with_it() -> None:
    asks = replace(PLAN, asks=(Ask("role", "which"),))
    runner = FakeRunner(lambda _: asks, went=WENT)
    app = console(runner)
    async with app.run_test(size=(120, 40)) as pilot:
        await arm(pilot, app)
        await pilot.press("F")
        await until(pilot, lambda: isinstance(app.screen, PlanDialog))
        await pilot.press("r")
        await pilot.pause()
        assert isinstance(app.screen, PlanDialog)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, RehearsalDialog))


async def test_where_there_can_be_no_model_it_says_why() -> None:
    app = console(FakeRunner(lambda _: PLAN))
    async with app.run_test(size=(120, 40)) as pilot:
        await arm(pilot, app)
        await pilot.press("F")
        await until(pilot, lambda: isinstance(app.screen, PlanDialog))
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, Notice))
        assert "no practice estate can stand for it" in dialog(app)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, PlanDialog))
