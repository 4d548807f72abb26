"""Every runbook fails once at each of its steps: how it ends, and what is true in the estate afterwards."""

import pytest

from dslsconsole.lab.practice import Lab
from dslsconsole.runbooks.execution import Ending, StepOutcome
from dslsconsole.runbooks.report import Report
from tests.estate import practising as p

LEAVING: dict[str, tuple[str, ...]] = {"overrides": ("main_not_serving",)}
"""The DR site is activated while the main site could serve, so that there is something to return to."""


async def brought_to(lab: Lab, runbook: str) -> dict[str, tuple[str, ...]]:
    """Bring the estate to where the runbook makes sense; what the runbook must be told."""
    if runbook == "failback":
        await done(lab, "failover")
    if runbook in ("dr-activate", "dr-return"):
        await done(lab, "dr-sync")
    if runbook == "dr-return":
        await done(lab, "dr-activate", **LEAVING)
    wish: dict[str, tuple[str, ...]] = LEAVING if runbook == "dr-activate" else {}
    await p.until_ready(lab, runbook, **wish)
    return wish


async def done(lab: Lab, runbook: str, **wish: tuple[str, ...]) -> None:
    await p.until_ready(lab, runbook, **wish)
    report = await p.run(lab, runbook, f"before-{runbook}", overrides=wish.get("overrides", ()))
    assert report.outcome is Ending.DONE, p.explained(report)


def final_step(report: Report) -> int:
    """The number of the promotion, after which nothing is taken back; past the end where there is none."""
    numbers = [number for number, step in enumerate(report.steps, 1) if step.name.startswith("promote ")]
    return numbers[0] if numbers else len(report.steps) + 1


def never_wrong(lab: Lab) -> None:
    """What must be so however an operation ended."""
    truth = lab.truth()
    assert len(truth["primaries"]) <= 1
    assert len(truth["serving"]) <= 1
    assert not p.locks(lab)


@pytest.mark.parametrize("runbook", ["token-sync", "force-sync", "failover", "failback", "dr-activate", "dr-return"])
async def test_up_to_the_promotion_all_is_as_it_was(lab: Lab, runbook: str) -> None:
    if runbook in ("token-sync", "force-sync"):
        await lab.fault("replication-stuck", p.BACKUP)
    wish = await brought_to(lab, runbook)
    plan = await p.run(lab, runbook, "look", dry_run=True, overrides=wish.get("overrides", ()))
    wrong = []
    for number in range(1, min(final_step(plan), len(plan.steps)) + 1):
        before, operation, name = p.standing(lab), f"test-{number}", plan.steps[number - 1].name
        refused = p.Refused(lab, number)
        report = await p.run(
            lab, runbook, operation, hurry=p.HURRY, progress=refused, overrides=wish.get("overrides", ())
        )
        refused.mend()
        if report.outcome is Ending.DONE:
            # It was so already, or came about by itself: refused or not, nothing is missing.
            settled = (StepOutcome.DONE, StepOutcome.SKIPPED)
            assert {step.outcome for step in report.steps} <= set(settled), p.explained(report)
            never_wrong(lab)
            await brought_to(lab, runbook)
            continue
        if report.outcome is not Ending.ROLLED_BACK:
            wrong.append(f"{number} {name}: {p.explained(report)}")
            break
        never_wrong(lab)
        try:
            # A server that was started again needs a moment to find its role.
            await p.until_standing(lab, before)
        except TimeoutError:
            wrong.append(f"{number} {name}: {before} became {p.standing(lab)}")
        assert report.steps[number - 1].outcome is StepOutcome.FAILED
        assert name in report.sentence
        events = p.story(lab, operation)
        assert events[-1] == "outcome"
        assert events.count("step-started") <= events.count("step-ended")
        await p.until_ready(lab, runbook, **wish)
    assert not wrong, "\n".join(wrong)
