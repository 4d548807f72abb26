"""Runbooks of many steps fail once at each of them: how they end, and what is true in the estate afterwards."""

import os
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest

from dslsconsole.lab.faults.commands import command_lost_after, command_lost_before
from dslsconsole.lab.practice import Lab
from dslsconsole.runbooks.execution import Ending, StepOutcome
from dslsconsole.runbooks.plan import PlannedStep
from dslsconsole.runbooks.report import Report
from tests.estate import practising as p

NewLab = Callable[[], Awaitable[Lab]]
Steps = tuple[PlannedStep, ...]
SETTLED = {StepOutcome.DONE, StepOutcome.SKIPPED}
SWITCHES = ["failover", "failback", "dr-activate", "dr-return"]
EVERY = os.environ.get("DSLSCONSOLE_ALL_FAULTS") == "1"
SHARES = 8
"""A long test is cut into so many, each of which takes every eighth step or group. One of them is always run, and all
where every fault is (DSLSCONSOLE_ALL_FAULTS=1): they take five minutes."""
in_shares = pytest.mark.parametrize("share", range(SHARES if EVERY else 1))


async def prepared(new_lab: NewLab, runbook: str) -> Lab:
    """A new estate, where the runbook makes sense."""
    lab = await new_lab()
    await p.brought_to(lab, runbook)
    return lab


async def planned(lab: Lab, runbook: str) -> Steps:
    return await p.plan_of(lab, runbook, overrides=p.overridden(runbook))


def together(steps: Steps, numbers: range) -> list[list[int]]:
    """The numbers of steps, by which of them run together."""
    groups = dict.fromkeys(steps[number - 1].group for number in numbers)
    return [[number for number in numbers if steps[number - 1].group == group] for group in groups]


def stopped_at(steps: Steps, report: Report, numbers: set[int]) -> None:
    """It stopped at these steps, of one group: those before it are settled, none after it has begun."""
    group = steps[min(numbers) - 1].group
    for step, result in zip(steps, report.steps, strict=True):
        if step.group > group:
            assert result.outcome is StepOutcome.PLANNED, p.explained(report)
        elif step.number in numbers:
            assert result.outcome in (StepOutcome.FAILED, StepOutcome.UNKNOWN), p.explained(report)
        else:
            assert result.outcome in (*SETTLED, StepOutcome.UNDONE), p.explained(report)


def told(lab: Lab, operation: str) -> None:
    """The journal is whole and tells how the operation ended."""
    events = p.story(lab, operation)
    assert events[-1] == "outcome"
    assert events.count("step-started") <= events.count("step-ended")


@in_shares
@pytest.mark.parametrize("runbook", ["token-sync", "force-sync", *SWITCHES])
async def test_up_to_the_promotion_all_is_as_it_was(new_lab: NewLab, runbook: str, share: int) -> None:
    lab = await prepared(new_lab, runbook)
    steps = await planned(lab, runbook)
    for step in steps[: p.promotion(steps)][share::SHARES]:
        before, operation = p.standing(lab), f"test-{step.number}"
        report, broken = await p.broken_run(lab, runbook, operation, {step.number})
        p.never_wrong(lab)
        if report.outcome is Ending.DONE:
            # It was so already, or tokens came over and a returned primary took its role by themselves: refused or
            # not, nothing is missing.
            # What a stopped server can't tell is said, and keeps nobody unserved; for a state stand its counts.
            by_itself = (
                "tokens" in step.action
                or step.action in ("bring-over-last-state", "hand-over-state")
                or (runbook == "dr-return" and step.action == "promote")
            )
            assert not broken.met or by_itself, p.explained(report)
            assert {result.outcome for result in report.steps} <= SETTLED, p.explained(report)
            lab = await prepared(new_lab, runbook)
            continue
        assert report.outcome is Ending.ROLLED_BACK, p.explained(report)
        # A server that was started again needs a moment to find its role.
        await p.until_standing(lab, before)
        stopped_at(steps, report, {step.number})
        assert step.name in report.sentence
        told(lab, operation)
        await p.until_ready(lab, runbook, overrides=p.overridden(runbook))


@in_shares
@pytest.mark.parametrize("runbook", SWITCHES)
async def test_after_the_promotion_it_says_what_stands(new_lab: NewLab, runbook: str, share: int) -> None:
    steps = await planned(await prepared(new_lab, runbook), runbook)
    promoted = p.promotion(steps)
    assert promoted is not None
    taken_over = steps[promoted - 1].host
    for count, group in enumerate(together(steps, range(promoted + 1, len(steps) + 1))[share::SHARES]):
        # Of those that run together one fails alone, or all the others.
        alone, others = {group[0]}, set(group[1:])
        for numbers in filter(None, (alone, others) if EVERY else (others if others and count % 2 else alone,)):
            lab = await prepared(new_lab, runbook)
            told_before = len(lab.truth()["notifications"])
            report, broken = await p.broken_run(lab, runbook, "test", numbers)
            if report.outcome is Ending.DONE:
                # HAProxy finds by itself that a server is good, before it is told or after it refused.
                by_itself = all("brought-in" in steps[number - 1].action for number in broken.met)
                assert not broken.met or by_itself, p.explained(report)
                continue
            assert broken.met
            assert report.outcome is Ending.NEEDS_PERSON, p.explained(report)
            stopped_at(steps, report, broken.met)
            assert any(steps[number - 1].name in report.sentence for number in broken.met), p.explained(report)
            for result in report.steps:
                if result.outcome is StepOutcome.DONE:
                    assert any(result.name in line for line in report.card), p.explained(report)
            truth = lab.truth()
            assert truth["primaries"] == truth["serving"] == [taken_over]
            assert len(truth["notifications"]) == told_before
            p.never_wrong(lab)
            told(lab, "test")


@in_shares
@pytest.mark.parametrize("runbook", ["failover", *(["dr-activate"] if EVERY else [])])
async def test_a_connection_that_breaks_before_a_command_ran(new_lab: NewLab, runbook: str, share: int) -> None:
    lab = await prepared(new_lab, runbook)
    steps = await planned(lab, runbook)
    promoted = p.promotion(steps)
    assert promoted is not None
    for numbers in map(set, together(steps, range(1, len(steps) + 1))[share::SHARES]):
        before, operation, number = p.standing(lab), f"test-{min(numbers)}", min(numbers)
        report, broken = await p.broken_run(lab, runbook, operation, numbers, command_lost_before)
        p.never_wrong(lab)
        told(lab, operation)
        if report.outcome is Ending.DONE:
            # Tokens come over by themselves, and HAProxy finds by itself that a server is good.
            by_itself = any(word in steps[number - 1].action for word in ("tokens", "hand-over", "brought-in"))
            assert not broken.met or by_itself, p.explained(report)
        else:
            stopped_at(steps, report, broken.met)
        if report.outcome is Ending.ROLLED_BACK:
            assert number <= promoted, p.explained(report)
            await p.until_standing(lab, before)
            await p.until_ready(lab, runbook, overrides=p.overridden(runbook))
            continue
        if report.outcome is Ending.NEEDS_PERSON and number > promoted:
            assert lab.truth()["serving"] == [steps[promoted - 1].host]
        lab = await prepared(new_lab, runbook)


@pytest.mark.parametrize("runbook", ["failover", *(["dr-activate"] if EVERY else [])])
async def test_a_connection_that_breaks_after_a_command_ran(new_lab: NewLab, runbook: str) -> None:
    lab = await prepared(new_lab, runbook)
    steps = await planned(lab, runbook)
    promoted = p.promotion(steps)
    assert promoted is not None
    lookable = {step.number for step in steps if step.until is not None}
    # A connection that breaks takes with it what another step of the group has not yet said to the same host.
    places = Counter((step.group, step.host) for step in steps)
    alone = {number for number in lookable if places[steps[number - 1].group, steps[number - 1].host] == 1}
    report, broken = await p.broken_run(lab, runbook, "test", alone, command_lost_after)
    # Each of them is looked up, and found done.
    assert report.outcome is Ending.DONE, p.explained(report)
    assert broken.met >= {promoted}
    assert {result.outcome for result in report.steps} <= SETTLED
    assert lab.truth()["serving"] == [steps[promoted - 1].host]
    p.never_wrong(lab)
    for group in together(steps, range(1, len(steps) + 1)):
        if set(group) & lookable:
            continue
        # Nothing tells afterwards whether it happened.
        lab = await prepared(new_lab, runbook)
        report, broken = await p.broken_run(lab, runbook, "test", group, command_lost_after)
        assert report.outcome is Ending.NEEDS_PERSON, p.explained(report)
        assert {report.steps[number - 1].outcome for number in broken.met} == {StepOutcome.UNKNOWN}
        stopped_at(steps, report, broken.met)
        assert lab.truth()["serving"] == [steps[promoted - 1].host]
        p.never_wrong(lab)
        told(lab, "test")
