"""It is proven that no server is primary: no licences are served."""

from collections.abc import Iterator

from dslsconsole.alerts.rule import Finding, Rule, Stateless
from dslsconsole.alerts.view import Reach, View, peer_named
from dslsconsole.alerts.wording import listed
from dslsconsole.model.balancer import ServerState
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
    sent_away = _sent_to_the_dr_site(view)
    yield Finding(
        subject=view.shape.name,
        severity=Severity.CRITICAL,
        summary="no node is primary: no licences are served",
        evidence=(*(word for word in words.values() if word is not None), *((sent_away,) if sent_away else ())),
        advice=_advice(view, sent_away=sent_away is not None),
    )


def _advice(view: View, *, sent_away: bool) -> str:
    if sent_away:
        return "Activate the DR site (A), to which clients are sent; dr-return brings them back from there."
    able = [node.name for node in view.shape.nodes if node.mode is not Mode.ARBITRATOR and not view.out(node)]
    return (
        f"Press F to fail over to {listed(able, 'or')}." if able else "Start a licence server, or activate the DR site."
    )


def _sent_to_the_dr_site(view: View) -> str | None:
    """In words, that the DNS record points at the DR site, so that a failover here would reach nobody."""
    dr = view.shape.dr
    if dr is None or dr.main_address is None or dr.dr_address is None:
        return None
    answers = (view.fresh(view.node(node.name).dns) for node in view.shape.all_nodes)
    for known in answers:
        if known is not None and dr.dr_address in known.addresses and dr.main_address not in known.addresses:
            return f"DNS: {dr.record} is {dr.dr_address}, the DR site, where no server is known to serve"
    return None


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
    if silent:
        return f"{node.name} does not answer, and is unreachable for {listed(silent)} too"
    return _found_down(view, node)


def _found_down(view: View, node: NodeShape) -> str | None:
    """In words, that a node which answers nobody here is not reached by any load balancer that is read either."""
    found = {
        host: server
        for host, backend in view.backends.items()
        for server in backend.servers
        if view.node_of(server) == node
    }
    unreached = [
        server.state is ServerState.DOWN and (server.check or "").startswith("L4") and server.check != "L4OK"
        for server in found.values()
    ]
    return f"{node.name} does not answer, and is DOWN for {listed(found)} too" if found and all(unreached) else None
