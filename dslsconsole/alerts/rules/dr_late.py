"""The DR site's copy is older than the estate allows, or there is none. Not asked while the DR site itself serves.

A DR backup that was never synced is no copy to be late: it follows the DR primary once that runs. Several late nodes
have one cause, the sync, and are one alert.
"""

from collections.abc import Iterator

from dslsconsole.alerts.rule import Finding, Rule, Stateless
from dslsconsole.alerts.view import View
from dslsconsole.alerts.wording import clock_time, lasting
from dslsconsole.model.node import DrSync, Mode
from dslsconsole.model.reading import Reading
from dslsconsole.model.verdict import Severity


def rule() -> Rule:
    return Stateless(_find)


def _find(view: View) -> Iterator[Finding]:
    if view.verdict.dr_active:
        return
    late: dict[str, str] = {}
    evidence: list[str] = []
    for node in view.dr_nodes:
        reading = view.node(node.name).dr_sync
        sync = view.fresh(reading)
        if sync is None or (node.mode is Mode.DR_BACKUP and sync.result.upper() == "NEVER"):
            continue
        why = _late(view, reading, sync)
        if why is not None:
            late[node.name] = why
            last = "never" if sync.last_sync is None else clock_time(sync.last_sync)
            evidence.append(f"{node.name}: last synced {last}; {lasting(view.thresholds.dr_lag_s)} is allowed")
    if late:
        first, why = next(iter(late.items()))
        yield Finding(
            subject=first,
            severity=Severity.WARNING,
            summary=f"the copy on {first} is late: {why}",
            evidence=tuple(evidence),
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
