"""Lines of the card at the end of an operation: what a person is told of its steps."""

from collections.abc import Sequence

from dslsconsole.runbooks.attempt import StepOutcome, StepResult
from dslsconsole.runbooks.plan import Plan, PlannedStep
from dslsconsole.ssh.cleaning import clean

_WRONG = {StepOutcome.FAILED: "Failed too", StepOutcome.UNKNOWN: "Not known either"}


TOO_LATE = "It was asked to stop when all had been done already that can't be taken back, and was finished."
NO_CHECKOUT = "Not done, because no checkout could be tested: no licence was free."


def told(plan: Plan, results: Sequence[StepResult]) -> tuple[str, ...]:
    """What the steps read that are to tell it, and what is left to a person because no checkout proved anything."""
    both = tuple(zip(plan.steps, results, strict=True))
    return (
        *(
            f"{step.name}: {clean(result.output.splitlines()[-1])}"
            for step, result in both
            if step.tells and result.output
        ),
        *(
            f"{NO_CHECKOUT} Look whether users are served, then do it: {step.name} ({step.host}): {step.command}"
            for step, result in both
            if step.after_checkout and result.outcome is StepOutcome.SKIPPED
        ),
    )


def left(plan: Plan, results: Sequence[StepResult]) -> tuple[str, ...]:
    """What a person may have to do by hand, with its commands."""
    return tuple(
        f"Not done: {step.name} ({step.host}): {step.command}"
        for step, result in zip(plan.steps, results, strict=True)
        if result.outcome is StepOutcome.PLANNED
    )


def wrong_too(plan: Plan, results: Sequence[StepResult], but: PlannedStep | None) -> tuple[str, ...]:
    """Of the steps that ran together, those that went wrong besides the one that is told."""
    return tuple(
        f"{_WRONG[result.outcome]}: {step.name} ({step.host}): {clean(result.output)}"
        for step, result in zip(plan.steps, results, strict=True)
        # What an operation was doing when it was cut off has no time here: that is told by who takes it up.
        if step is not but and result.outcome in _WRONG and result.started_at is not None
    )
