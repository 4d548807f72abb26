"""A load balancer has no server to send clients to."""

from collections.abc import Iterator

from dslsconsole.alerts.rule import Finding, Rule, Stateless
from dslsconsole.alerts.traffic import receivers, takes_clients
from dslsconsole.alerts.view import View
from dslsconsole.alerts.wording import listed
from dslsconsole.model.balancer import Backend
from dslsconsole.model.verdict import Severity


def rule() -> Rule:
    return Stateless(_find)


def _find(view: View) -> Iterator[Finding]:
    hosts = [host for host, backend in view.backends.items() if _empty(view, backend)]
    if not hosts:
        return
    yield Finding(
        subject=view.where(hosts, tuple(view.backends)),
        severity=Severity.CRITICAL,
        summary=f"no server to send clients to at {listed(hosts)}",
        evidence=tuple(
            f"{host}: {server.name} is {server.status}" + (f", {server.check}" if server.check else "")
            for host in hosts
            for server in view.backends[host].servers
        ),
        advice="See the alerts of the nodes first; a server in maintenance is taken back with lb-ready.",
    )


def _empty(view: View, backend: Backend) -> bool:
    """Nothing takes clients, every state was understood, and it is not only that every node behind it is out."""
    if receivers(backend) or not all(takes_clients(server) is False for server in backend.servers):
        return False
    nodes = [view.node_of(server) for server in backend.servers]
    return not nodes or not all(node is not None and view.out(node) for node in nodes)
