"""A host does not answer, and no other server says that it runs. What it carried is told in the evidence."""

from collections.abc import Iterator

from dslsconsole.alerts.rule import Finding, Rule, Stateless
from dslsconsole.alerts.view import Reach, View
from dslsconsole.alerts.wording import clock_time, listed
from dslsconsole.model.node import Mode, Role
from dslsconsole.model.shape import NodeShape
from dslsconsole.model.verdict import Severity


def rule() -> Rule:
    return Stateless(_find, hold_rounds=1.0)


def _find(view: View) -> Iterator[Finding]:
    nodes = view.shape.nodes + (view.dr_nodes if view.verdict.dr_active else ())
    for node in nodes:
        if view.reach(node) is not Reach.FAILED:
            continue
        failure = view.node(node.name).link.failure
        was_primary = _last_role(view, node) in (Role.PRIMARY, Role.DR_PRIMARY)
        yield Finding(
            subject=node.name,
            severity=Severity.CRITICAL,
            summary=f"{node.name} does not answer" + (": it was primary when last read" if was_primary else ""),
            evidence=((failure.text,) if failure else ()) + tuple(_carried(view, node)),
            advice=f"Look at the host's console and its network. {_advice(view, node)}",
            urgent=was_primary,
        )


def _advice(view: View, node: NodeShape) -> str:
    """What its loss means, by what it was when last read, else by what it is configured to be."""
    role, primary = _last_role(view, node) or node.mode, view.verdict.primary
    if primary is not None:
        if node.mode is Mode.ARBITRATOR:
            return f"It only votes; {primary} serves on."
        if view.verdict.dr_active and not node.is_dr:
            return f"{primary} serves on; once it is back, dr-return moves the service."
        return f"{primary} serves on: no failover is needed."
    if role in (Role.PRIMARY, Role.DR_PRIMARY, Mode.PRIMARY, Mode.DR_PRIMARY):
        if node.is_dr:
            return "It served for the DR site: bring it back, or return to the main site with dr-return."
        return "If it was primary and no other took over, press F."
    return "It was not primary: see the other alerts for who serves."


def _last_role(view: View, node: NodeShape) -> Role | None:
    cluster = view.node(node.name).cluster.value
    return cluster.role if cluster is not None else None


def _carried(view: View, node: NodeShape) -> Iterator[str]:
    readings = view.node(node.name)
    if readings.cluster.value is not None and readings.cluster.at is not None:
        role = readings.cluster.value.role or "without a role"
        yield f"last read {clock_time(readings.cluster.at)}: {role}, {readings.cluster.value.state or 'state unknown'}"
    if readings.service.value is not None:
        yield f"it ran {readings.service.value.unit}, which was {readings.service.value.active}"
    quorum = view.verdict.quorum
    if quorum is not None and quorum.votes is not None and quorum.needed is not None:
        yield f"quorum is {quorum.votes} of {quorum.members or '?'} votes with {quorum.needed} needed"
    loops = [automation.name for automation in view.shape.automation if automation.node == node.name]
    if loops:
        yield f"it ran the automation {listed(loops)}, which stands still now"
    site = view.serving_balancers
    if site is not None and node.name in site.servers:
        yield from _at_balancers(view, site.servers[node.name])


def _at_balancers(view: View, server: str) -> Iterator[str]:
    for host, backend in view.backends.items():
        for line in backend.servers:
            if line.name == server:
                yield f"{host} shows its server {server} as {line.status}"
