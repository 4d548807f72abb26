"""The process that runs an operation is killed between and inside its steps; the next console takes it up.

Each boundary is met, at one of three points: a step was written down as begun, has happened, or was written down as
ended. With DSLSCONSOLE_ALL_FAULTS=1 the long runbooks are killed at all three of each.
"""

import os
from collections.abc import Awaitable, Callable
from itertools import groupby
from typing import Any

import pytest

from dslsconsole.lab.practice import Lab
from dslsconsole.runbooks.execution import Ending, StepOutcome
from dslsconsole.runbooks.plan import PlannedStep
from tests.estate import practising as p
from tests.estate.killing import Point, killed, left_behind, taken_up

NewLab = Callable[[], Awaitable[Lab]]
Steps = tuple[PlannedStep, ...]
EVERY = os.environ.get("DSLSCONSOLE_ALL_FAULTS") == "1"
THERE_AND_BACK = [("failover", "failback"), *([("dr-activate", "dr-return")] if EVERY else [])]
SHARES = 5
"""Every fifth boundary is always tried, and every one where all faults are: that takes minutes more."""
SETTLED = {StepOutcome.DONE, StepOutcome.SKIPPED}
TOLD_TWICE = "tell the users"
"""Nobody can tell afterwards whether it happened, so that it is done again."""


def firsts(steps: Steps) -> list[int]:
    """The first step of each group of those that run together."""
    return [next(group).number for _, group in groupby(steps, key=lambda step: step.group)]


async def ready(lab: Lab, runbook: str) -> Steps:
    return await p.until_ready(lab, runbook, overrides=p.overridden(runbook))


def stands(lab: Lab) -> dict[str, Any]:
    """What an operation leaves; how often users were told is looked at apart."""
    found = p.standing(lab)
    del found["notifications"]
    return found


def whole(lab: Lab, operation: str) -> None:
    """Nothing is wrong, no lock is left, and the journal tells the story to its end."""
    p.never_wrong(lab)
    assert not [path for path in (lab.directory / "hosts").glob("*/var/lib/dslsconsole/*") if path.is_file()]
    events = p.story(lab, operation)
    assert (events.count("resumed"), events[-1]) == (1, "outcome"), events


def point_of(number: int, turn: int = 0) -> Point:
    return (Point.ENDED, Point.BEGUN, Point.HAPPENED)[(number + turn) % 3]


@pytest.mark.parametrize("turn", range(3 if EVERY else 1))
@pytest.mark.parametrize("share", range(SHARES if EVERY else 1))
@pytest.mark.parametrize("pair", THERE_AND_BACK, ids="-".join)
async def test_continued_it_ends_as_if_it_had_not_been_killed(
    new_lab: NewLab, pair: tuple[str, str], share: int, turn: int
) -> None:
    lab = await new_lab()
    await p.brought_to(lab, pair[0])
    left: dict[str, list[int]] = {}
    ends: dict[str, dict[str, Any]] = {}
    for runbook in pair:
        left[runbook] = firsts(await ready(lab, runbook))[share::SHARES]
        await p.done(lab, runbook)
        ends[runbook] = stands(lab)
    met: set[tuple[str, int]] = set()
    cycle = 0
    while any(left.values()):
        cycle += 1
        for runbook in pair:
            steps = await ready(lab, runbook)
            number = left[runbook].pop(0) if left[runbook] else len(steps)
            point = point_of(number, turn)
            operation = f"{runbook}-{cycle}-{number}"
            told = len(lab.truth()["notifications"])
            report = await killed(lab, runbook, operation, number, point, overrides=p.overridden(runbook))
            if report is None:
                met.add((runbook, number))
                report = await taken_up(lab, "continue")
                assert report.outcome is Ending.DONE, (operation, point, p.explained(report))
                whole(lab, operation)
            assert report.outcome is Ending.DONE, p.explained(report)
            assert {result.outcome for result in report.steps} <= SETTLED, p.explained(report)
            await p.eventually(lambda: stands(lab) == ends[runbook])  # noqa: B023 - waited for within the round
            truth, telling = lab.truth(), [step for step in steps if step.name == TOLD_TWICE]
            assert len(truth["notifications"]) - told in ((1, 2) if telling else (0,)), operation
    assert {runbook for runbook, _ in met} == set(pair)
    # Some steps turn out to be so already, and are not begun: few enough.
    assert len(met) >= 3


@pytest.mark.parametrize("runbook", ["failover", *(["failback", "dr-activate", "dr-return"] if EVERY else [])])
async def test_undone_all_is_as_before(new_lab: NewLab, runbook: str) -> None:
    lab = await new_lab()
    await p.brought_to(lab, runbook)
    steps = await ready(lab, runbook)
    promoted = p.promotion(steps)
    assert promoted is not None
    met = 0
    for number in [number for number in firsts(steps) if number < promoted]:
        point = point_of(number)
        before, operation = p.standing(lab), f"{runbook}-{number}"
        report = await killed(lab, runbook, operation, number, point, overrides=p.overridden(runbook))
        if report is not None:
            lab = await new_lab()
            await p.brought_to(lab, runbook)
            continue
        met += 1
        report = await taken_up(lab, "undo")
        assert report.outcome is Ending.ROLLED_BACK, (operation, point, p.explained(report))
        await p.until_standing(lab, before)
        whole(lab, operation)
        await p.until_ready(lab, runbook, overrides=p.overridden(runbook))
    assert met >= 3


SHORT = (
    *("token-sync", "force-sync", "dr-sync", "checkout-test", "lb-drain", "lb-maint", "lb-ready", "service-restart"),
    *("service-stop", "service-start", "quarantine", "quarantine-end", "vip-move", "academic-ha", "academic-calendar"),
    *("load-balancing", "academic-balancing"),
)
AGAIN = {"dr-sync", "checkout-test", "service-restart", "vip-move"}
"""What can be run again and again in one estate."""


@pytest.mark.parametrize("runbook", SHORT if EVERY else SHORT[1::6])
async def test_a_short_runbook_is_continued_from_each_of_its_steps(new_lab: NewLab, runbook: str) -> None:
    params = p.ANSWERS.get(runbook, {})
    met, number, last = 0, 1, 1
    lab = await new_lab()
    while number <= last:
        if number > 1 and runbook not in AGAIN:
            lab = await new_lab()
        await p.brought_to(lab, runbook, params)
        steps = await p.plan_of(lab, runbook, params=params)
        last = len(steps)
        point = point_of(number)
        operation = f"cut-{number}"
        report = await killed(lab, runbook, operation, number, point, params=params)
        if report is None:
            met += 1
            assert (await left_behind(lab)).runbook == runbook
            report = await taken_up(lab, "continue")
            whole(lab, operation)
        assert report.outcome is Ending.DONE, (number, point, p.explained(report))
        assert {result.outcome for result in report.steps} <= SETTLED, p.explained(report)
        number += 1
    assert met >= 1
