"""Two nodes grant licences as primary at the same time."""

from collections.abc import Iterator

from dslsconsole.alerts.rule import Finding, Rule, Stateless
from dslsconsole.alerts.view import View
from dslsconsole.alerts.wording import listed
from dslsconsole.model.verdict import Severity


def rule() -> Rule:
    return Stateless(_find)


def _find(view: View) -> Iterator[Finding]:
    granting = [
        name
        for name in view.verdict.primaries
        if (status := view.views.get(name)) is not None and (status.state or "").lower() in ("running", "degraded")
    ]
    if len(granting) < 2:
        return
    stale = granting[1:]
    yield Finding(
        subject=view.shape.name,
        severity=Severity.CRITICAL,
        summary=f"{listed(granting)} both serve as primary: licences are issued twice",
        evidence=tuple(f"{name}: {_epoch(view, name)}, {view.views[name].state}" for name in granting),
        advice=f"{granting[0]} has the newest epoch. Stop {listed(stale)} and keep it out (runbook quarantine).",
    )


def _epoch(view: View, name: str) -> str:
    epoch = view.views[name].epoch
    return f"epoch {epoch}" if epoch is not None else "epoch unknown"
