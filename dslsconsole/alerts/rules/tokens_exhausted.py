"""A pool has no token left: the next user waits."""

from collections.abc import Iterator

from dslsconsole.alerts.rule import Finding, Rule, Stateless
from dslsconsole.alerts.rules.tokens_low import exhausted
from dslsconsole.alerts.view import View
from dslsconsole.model.verdict import Severity


def rule() -> Rule:
    return Stateless(_find)


def _find(view: View) -> Iterator[Finding]:
    for pool in view.pools:
        if not exhausted(pool):
            continue
        queued = "" if pool.queued is None else f", {pool.queued} users queue"
        yield Finding(
            subject=pool.name,
            severity=Severity.CRITICAL,
            summary=f"pool {pool.name} is exhausted: {pool.used} of {pool.total} in use{queued}",
            advice="A failover cures nothing here. See who holds idle sessions, or move tokens between pools.",
        )
