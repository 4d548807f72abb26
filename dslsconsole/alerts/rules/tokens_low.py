"""A pool is nearly used up, or users queue although tokens are free. An exhausted pool has an alert of its own.

It lets go 3 percentage points below the threshold, so that it does not come and go with single checkouts.
"""

from collections.abc import Iterator

from dslsconsole.alerts.rule import Finding, Rule, Stateless
from dslsconsole.alerts.view import View
from dslsconsole.model.node import Pool
from dslsconsole.model.verdict import Severity

_SLACK_PCT = 3.0


def rule() -> Rule:
    return Stateless(_find, hold_rounds=1.0)


def used_pct(pool: Pool) -> float | None:
    """How much of the pool is in use, in percent; None where that is not known."""
    if pool.used is None or not pool.total:
        return None
    return 100.0 * pool.used / pool.total


def exhausted(pool: Pool) -> bool:
    """Whether it is known that no token is left."""
    if pool.available is not None:
        return pool.available <= 0 and pool.total != 0
    return pool.used is not None and pool.total is not None and 0 < pool.total <= pool.used


def _find(view: View) -> Iterator[Finding]:
    for pool in view.pools:
        if exhausted(pool):
            continue
        used = used_pct(pool)
        limit = view.thresholds.tokens_low_pct
        if ("tokens_low", pool.name) in view.raised:
            limit -= _SLACK_PCT
        queued = pool.queued or 0
        if not queued and (used is None or used < limit):
            continue
        summary = f"pool {pool.name}: " + ("use unknown" if used is None else f"{used:.0f} % of {pool.total} in use")
        yield Finding(
            subject=pool.name,
            severity=Severity.WARNING,
            summary=summary + (f", {queued} users queue" if queued else ""),
            evidence=tuple(
                f"{feature.name}: {feature.used} of {feature.total} in use"
                for feature in pool.features
                if feature.used is not None and feature.total and feature.used >= feature.total
            ),
            advice="See who holds idle sessions (`DSLicSrv -sessions -idle-threshold 3600`).",
        )
