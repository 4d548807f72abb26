"""The status report as a short table for people."""

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from dslsconsole.sessions.documents import ClusterReport, DrNodeReport, NodeReport, StatusReport

_MARK = {"ok": ("●", "green"), "warning": ("▲", "yellow"), "critical": ("✖", "red"), "unknown": ("?", "magenta")}


def render(status: StatusReport) -> RenderableType:
    """Nodes, pools and alerts of each cluster. Every word from a host is shown as it is, never as markup."""
    return Group(*(part for cluster in status.clusters for part in _cluster(cluster)))


def print_table(status: StatusReport, console: Console) -> None:
    console.print(render(status))


def _cluster(cluster: ClusterReport) -> list[RenderableType]:
    parts: list[RenderableType] = [Text(), _title(cluster), _nodes(cluster)]
    if cluster.token_pools:
        parts.append(_pools(cluster))
    if cluster.load_balancers:
        parts.append(_balancers(cluster))
    if cluster.dr is not None:
        parts.append(_dr(cluster))
    parts.extend(_alerts(cluster))
    return parts


def _title(cluster: ClusterReport) -> Text:
    mark, style = _MARK[cluster.health]
    quorum = cluster.quorum
    votes = f"quorum {_known(quorum.votes)}/{_known(quorum.members)}" if quorum.held is not None else "quorum ?"
    return Text.assemble(
        (f"{mark} {cluster.health.upper()} ", style),
        (cluster.name, "bold"),
        f"  primary {_known(cluster.primary)}  epoch {_known(cluster.epoch)}  {votes}",
    )


def _plain_table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _add(table: Table, *cells: object) -> None:
    table.add_row(*(Text(_known(cell)) for cell in cells))


def _nodes(cluster: ClusterReport) -> Table:
    table = _plain_table("node", "role", "service", "state", "lag", "age")
    members: list[NodeReport | DrNodeReport] = [*cluster.nodes, *(cluster.dr.nodes if cluster.dr else ())]
    for node in members:
        service = "no answer" if node.reachable is False else node.service
        # What a server can't have is a dash, what is not known of it a question mark.
        rests = node.service == "inactive"
        no_lag = rests or node.role == "primary" or node.mode == "arbitrator"
        lag = "-" if no_lag or isinstance(node, DrNodeReport) else _seconds(node.sync_lag_s)
        role, state = (one or "-" if rests else one for one in (node.role, node.state))
        _add(table, node.name, role, service, state, lag, _seconds(node.age_s))
    return table


def _pools(cluster: ClusterReport) -> Table:
    table = _plain_table("pool", "in use", "total", "free", "queue", "in sync")
    for pool in cluster.token_pools:
        _add(table, pool.name, pool.used, pool.total, pool.available, pool.queued, _yes(pool.in_sync))
    return table


def _balancers(cluster: ClusterReport) -> Table:
    table = _plain_table("load balancer", "address", "server", "status", "sessions")
    for balancer in cluster.load_balancers:
        holds = "holds it" if balancer.holds_vip else "-" if balancer.holds_vip is False else "?"
        if not balancer.servers:
            _add(table, balancer.name, holds, "no answer" if balancer.reachable is False else "?", "?", "?")
        for server in balancer.servers:
            _add(table, balancer.name, holds, server.name, server.status, server.sessions)
    return table


def _dr(cluster: ClusterReport) -> Text:
    dr = cluster.dr
    assert dr is not None
    state = "serves" if dr.active else "standby" if dr.active is False else "unknown whether it serves"
    return Text(f"DR {dr.site}: {state}, last sync {_known(dr.last_sync_at)}, {_known(dr.result)}")


def _alerts(cluster: ClusterReport) -> list[Text]:
    lines = []
    for alert in cluster.alerts:
        mark, style = _MARK[alert.severity]
        lines.append(Text.assemble((f"{mark} {alert.severity} ", style), f"{alert.id}: {alert.summary}"))
    return lines


def _known(value: object) -> str:
    return "?" if value is None else str(value)


def _seconds(value: float | None) -> str:
    return "?" if value is None else f"{value:.0f}s"


def _yes(value: bool | None) -> str:
    return "?" if value is None else "yes" if value else "no"
