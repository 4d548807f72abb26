"""It is proven that no server is primary: no licences are served."""

from collections.abc import Iterator

from dslsconsole.alerts.rule import Finding, Rule, Stateless
from dslsconsole.alerts.view import Reach, View, peer_named
from dslsconsole.alerts.wording import listed
from dslsconsole.model.node import Mode
from dslsconsole.model.shape import NodeShape
from dslsconsole.model.verdict import Severity


def rule() -> Rule:
    return Stateless(_find)


def _find(view: View) -> Iterator[Finding]:
    if view.verdict.primary is not None or view.verdict.dr_active:
        return
    words = {node.name: _proof(view, node) for node in view.shape.nodes if node.mode is not Mode.ARBITRATOR}
    if not words or None in words.values():
        return
    able = [node.name for node in view.shape.nodes if node.mode is not Mode.ARBITRATOR and not view.out(node)]
    yield Finding(
        subject=view.shape.name,
        severity=Severity.CRITICAL,
        summary="no node is primary: no licences are served",
        evidence=tuple(word for word in words.values() if word is not None),
        advice=f"Press F to fail over to {listed(able)}."
        if able
        else "Start a licence server, or activate the DR site.",
    )


def _proof(view: View, node: NodeShape) -> str | None:
    """In words, why the node can't be primary now; None where that is not known."""
    status = view.views.get(node.name)
    if status is not None and status.role is not None:
        return f"{node.name} says that it is {status.role}"
    if view.service_down(node):
        return f"the licence server on {node.name} does not {'answer' if view.server_hangs(node) else 'run'}"
    if view.reach(node) is not Reach.FAILED:
        return None
    silent = [
        name
        for name, seen in view.views.items()
        if (peer := peer_named(seen, node, view.shape)) is not None and peer.state == "unreachable"
    ]
    return f"{node.name} does not answer, and is unreachable for {listed(silent)} too" if silent else None
