"""The DR site's copy is older than the estate allows, or there is none. Not asked while the DR site itself serves."""

from collections.abc import Iterator

from dslsconsole.alerts.rule import Finding, Rule, Stateless
from dslsconsole.alerts.view import View
from dslsconsole.alerts.wording import clock_time, lasting
from dslsconsole.model.node import DrSync
from dslsconsole.model.reading import Reading
from dslsconsole.model.verdict import Severity


def rule() -> Rule:
    return Stateless(_find)


def _find(view: View) -> Iterator[Finding]:
    if view.verdict.dr_active:
        return
    for node in view.dr_nodes:
        reading = view.node(node.name).dr_sync
        sync = view.fresh(reading)
        why = _late(view, reading, sync) if sync is not None else None
        if sync is None or why is None:
            continue
        last = "never" if sync.last_sync is None else clock_time(sync.last_sync)
        yield Finding(
            subject=node.name,
            severity=Severity.WARNING,
            summary=f"the copy on {node.name} is late: {why}",
            evidence=(f"last synced {last}; {lasting(view.thresholds.dr_lag_s)} is allowed",),
            advice="Look at the DR sync's timer and its log, then press D. An activation now would lose that much.",
        )


def _late(view: View, reading: Reading[DrSync], sync: DrSync) -> str | None:
    word = sync.result.upper()
    if word == "NEVER":
        return "it was never synced"
    if sync.last_sync is not None:
        lag: float | None = view.now - sync.last_sync
    else:
        lag = None if sync.lag_s is None else sync.lag_s + (reading.age(view.now) or 0.0)
    if lag is not None and lag > view.thresholds.dr_lag_s:
        return f"{lasting(lag)} old"
    return "its server calls it stale" if word == "STALE" else None
