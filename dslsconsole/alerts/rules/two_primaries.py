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
    yield Finding(
        subject=view.shape.name,
        severity=Severity.CRITICAL,
        summary=f"{listed(granting)} both serve as primary: licences are issued twice",
        evidence=tuple(f"{name}: {_epoch(view, name)}, {view.views[name].state}" for name in granting),
        advice=_advice(view, granting),
    )


def _advice(view: View, granting: list[str]) -> str:
    epochs = [view.views[name].epoch for name in granting]
    newest = max((epoch for epoch in epochs if epoch is not None), default=None)
    if newest is None or None in epochs or epochs.count(newest) > 1:
        return "Their epochs don't tell which is stale. Find out which one users reach, and stop the other."
    right = granting[epochs.index(newest)]
    stale = listed(name for name in granting if name != right)
    return f"{right} has the newest epoch. Stop {stale} and keep it out (runbook quarantine)."


def _epoch(view: View, name: str) -> str:
    epoch = view.views[name].epoch
    return f"epoch {epoch}" if epoch is not None else "epoch unknown"
