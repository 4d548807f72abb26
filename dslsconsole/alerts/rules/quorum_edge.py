"""Quorum is held by the last vote: one more loss and no licences are granted.

A host that is out explains the missing vote: its own alert tells it then.
"""

from collections.abc import Iterator

from dslsconsole.alerts.rule import Finding, Rule, Stateless
from dslsconsole.alerts.view import View
from dslsconsole.model.verdict import Severity


def rule() -> Rule:
    return Stateless(_find, hold_rounds=1.0)


def _find(view: View) -> Iterator[Finding]:
    quorum = view.verdict.quorum
    if quorum is None or not quorum.held or quorum.votes is None or quorum.needed is None or quorum.members is None:
        return
    missing = quorum.members - quorum.votes
    if missing <= 0 or quorum.votes > quorum.needed:
        return
    if sum(view.out(node) for node in view.shape.nodes) >= missing:
        return
    yield Finding(
        subject=view.shape.name,
        severity=Severity.WARNING,
        summary=f"quorum hangs on one vote: {quorum.votes} of {quorum.members}, {quorum.needed} needed",
        evidence=tuple(
            f"{name} does not reach {peer.node}"
            for name, status in view.views.items()
            for peer in status.peers
            if peer.state == "unreachable"
        ),
        advice="Do not restart or isolate any node. Look at the network between the nodes.",
    )
