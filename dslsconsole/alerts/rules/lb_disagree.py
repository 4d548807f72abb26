"""The load balancers do not agree about a server: some send clients to it, others do not."""

from collections.abc import Iterator

from dslsconsole.alerts.rule import Finding, Rule, Stateless
from dslsconsole.alerts.traffic import in_maintenance, takes_clients
from dslsconsole.alerts.view import View
from dslsconsole.alerts.wording import listed
from dslsconsole.model.balancer import BackendServer
from dslsconsole.model.verdict import Severity


def rule() -> Rule:
    # Health checks notice a change at different moments, and so do our readings.
    return Stateless(_find, hold_s=10.0, hold_rounds=1.0)


def _find(view: View) -> Iterator[Finding]:
    shown: dict[str, dict[str, BackendServer]] = {}
    for host, backend in view.backends.items():
        for server in backend.servers:
            shown.setdefault(server.name, {})[host] = server
    for name, by_host in shown.items():
        if len(by_host) < 2 or not _differ(list(by_host.values())):
            continue
        node = view.node_of(name)
        meant = any(in_maintenance(server) for server in by_host.values())
        if node is not None and view.out(node) and not meant:
            continue
        words = [f"{server.status} on {host}" for host, server in by_host.items()]
        yield Finding(
            subject=name,
            severity=Severity.WARNING,
            summary=f"the load balancers disagree about {name}: {listed(words)}",
            evidence=tuple(
                f"{host}: {server.status}, weight {server.weight}, check {server.check or 'unknown'}"
                for host, server in by_host.items()
            ),
            advice="They share nothing: bring each into the same state with lb-ready or lb-maint.",
        )


def _differ(servers: list[BackendServer]) -> bool:
    able = {answer for server in servers if (answer := takes_clients(server)) is not None}
    return len(able) > 1 or len({in_maintenance(server) for server in servers}) > 1
