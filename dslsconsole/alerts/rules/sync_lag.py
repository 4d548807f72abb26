"""A backup is further behind the primary than the estate allows."""

from collections.abc import Iterator

from dslsconsole.alerts.rule import Finding, Rule, Stateless
from dslsconsole.alerts.view import View, peer_named
from dslsconsole.alerts.wording import lasting
from dslsconsole.model.verdict import Severity


def rule() -> Rule:
    return Stateless(_find)


def _find(view: View) -> Iterator[Finding]:
    primary = view.verdict.primary
    status = view.views.get(primary) if primary is not None else None
    if status is None:
        return
    for node in view.shape.all_nodes:
        peer = peer_named(status, node, view.shape)
        if node.name == primary or peer is None or peer.lag_s is None or view.out(node):
            continue
        if peer.lag_s <= view.thresholds.sync_lag_s:
            continue
        word = f", sync={peer.sync}" if peer.sync else ""
        yield Finding(
            subject=node.name,
            severity=Severity.WARNING,
            summary=f"{node.name} is {lasting(peer.lag_s)} behind {primary}",
            evidence=(f"{primary} says lag={peer.lag_s:g} s{word}; {lasting(view.thresholds.sync_lag_s)} is allowed",),
            advice="A failover now would lose what is not replicated. Press T to sync, then look at the network.",
        )
