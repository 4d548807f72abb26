"""The servers have no quorum: a primary stops granting licences until it has it back."""

from collections.abc import Iterator

from dslsconsole.alerts.rule import Finding, Rule, Stateless
from dslsconsole.alerts.view import View
from dslsconsole.model.node import Peer
from dslsconsole.model.verdict import Severity


def rule() -> Rule:
    return Stateless(_find)


def _find(view: View) -> Iterator[Finding]:
    quorum = view.verdict.quorum
    if quorum is None or quorum.held is not False:
        return
    votes = "" if quorum.votes is None else f": {quorum.votes} of {quorum.members or '?'} votes"
    needed = "" if quorum.needed is None else f", {quorum.needed} needed"
    out = [node.name for node in view.shape.nodes if view.out(node)]
    yield Finding(
        subject=view.shape.name,
        severity=Severity.CRITICAL,
        summary=f"quorum is lost{votes}{needed}; the primary grants no licences",
        evidence=tuple(
            f"{name}: {status.state or 'state unknown'}, sees {_unreachable(status.peers)}"
            for name, status in view.views.items()
        )
        + tuple(f"{name} is out" for name in out),
        advice="Bring a missing node back, or mend the network between them; the arbitrator is the quickest.",
    )


def _unreachable(peers: tuple[Peer, ...]) -> str:
    missing = [peer.node for peer in peers if peer.state == "unreachable"]
    return f"{', '.join(missing)} unreachable" if missing else "every peer"
