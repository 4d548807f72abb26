"""Clients are served through a backup server because no active one takes them.

Where the active server's own node is out, that node's alert tells it; where the backup server is not primary either,
`lb_wrong_server` does.
"""

from collections.abc import Iterator

from dslsconsole.alerts.rule import Finding, Rule, Stateless
from dslsconsole.alerts.traffic import receivers
from dslsconsole.alerts.view import View
from dslsconsole.alerts.wording import do, listed
from dslsconsole.model.balancer import Backend
from dslsconsole.model.verdict import Severity


def rule() -> Rule:
    return Stateless(_find, hold_rounds=1.0)


def _find(view: View) -> Iterator[Finding]:
    hosts = [host for host, backend in view.backends.items() if _only_backup(view, backend)]
    if not hosts:
        return
    servers = {server.name for host in hosts for server in receivers(view.backends[host])}
    yield Finding(
        subject=view.where(hosts, tuple(view.backends)),
        severity=Severity.WARNING,
        summary=f"{do(hosts, 'send')} clients to the backup server {listed(sorted(servers))}",
        evidence=tuple(
            f"{host}: {server.name} is {server.status}"
            for host in hosts
            for server in view.backends[host].servers
            if not server.backup
        ),
        advice="After a failover this stays so until failback (B). Otherwise see why the active server is out.",
    )


def _only_backup(view: View, backend: Backend) -> bool:
    used = receivers(backend)
    if not any(server.backup for server in used):
        return False
    served_by = [node.name for server in used if (node := view.node_of(server)) is not None]
    if view.verdict.primary is not None and view.verdict.primary not in served_by:
        return False
    nodes = [view.node_of(server) for server in backend.servers if not server.backup]
    return not nodes or not all(node is not None and view.out(node) for node in nodes)
