"""What `run` says at the end, or of a plan: the object that the contract fixes, and what the console needs beside."""

import datetime
from typing import Any

import msgspec
from msgspec import Struct

from dslsconsole.runbooks.execution import Ending, StepResult
from dslsconsole.runbooks.guard import GuardResult
from dslsconsole.runbooks.schema import Ask


class ApprovalStanding(Struct, frozen=True):
    """Where a run that needs a second operator stands. `state` is `none`, `open`, `approved` or `break-glass`."""

    state: str
    text: str
    """In a sentence, what it means for this run."""
    request: str = ""
    until: str | None = None
    """When the request ends, or the approval; ISO 8601."""
    by: str = ""


class Report(Struct, frozen=True):
    runbook: str
    cluster: str
    operation: str
    outcome: Ending
    guards: tuple[GuardResult, ...] = ()
    steps: tuple[StepResult, ...] = ()
    sentence: str = ""
    card: tuple[str, ...] = ()
    plan: str = ""
    impact: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    confirm: str = ""
    asks: tuple[Ask, ...] = ()
    attest: tuple[str, ...] = ()
    title: str = ""
    dry_run: bool = False
    approval: ApprovalStanding | None = None
    """Only where the runbook needs a second operator."""

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "runbook": self.runbook,
            "cluster": self.cluster,
            "operation": self.operation,
            "outcome": self.outcome.value,
            "dry_run": self.dry_run,
            "title": self.title,
            "sentence": self.sentence,
            "card": list(self.card),
            "guards": [msgspec.to_builtins(guard) for guard in self.guards],
            "steps": [step_document(step) for step in self.steps],
            "plan": self.plan,
            "impact": list(self.impact),
            "warnings": list(self.warnings),
            "confirm": self.confirm,
            "asks": [ask.model_dump() for ask in self.asks],
            "attest": list(self.attest),
            "approval": msgspec.to_builtins(self.approval),
        }


def step_document(step: StepResult) -> dict[str, Any]:
    return {**msgspec.to_builtins(step), "started_at": iso(step.started_at)}


def iso(at: float | None) -> str | None:
    """A time as ISO 8601 in UTC, in seconds."""
    if at is None:
        return None
    return datetime.datetime.fromtimestamp(at, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
