"""The estate's shape as the drawing and reporting side needs it: no ways in, no keys, no paths of the console."""

from dslsconsole.model.shape import AutomationShape, BalancersShape, ClusterShape, DrShape, EstateShape, NodeShape
from dslsconsole.settings.hosts import servers_of
from dslsconsole.settings.schema import Balancers, Cluster, Dr, Estate, Node


def shape_of(estate: Estate) -> EstateShape:
    """What there is to read in the estate."""
    port = estate.dslicsrv.port
    return EstateShape(
        clusters=tuple(
            _cluster(name, cluster, port, estate.dslicsrv.dialect) for name, cluster in estate.clusters.items()
        ),
        interval_s=estate.poll.interval,
        stale_after_s=estate.poll.stale_after,
        can_act=estate.ssh.operate_user is not None,
        confirm_phrase=estate.operators.confirm_phrase,
    )


def _cluster(name: str, cluster: Cluster, port: int, dialect: str) -> ClusterShape:
    storage = cluster.storage
    return ClusterShape(
        name=name,
        nodes=_nodes(cluster.nodes, port),
        balancers=_balancers(cluster.load_balancers, cluster.nodes),
        storage=dict(storage.paths) if storage else {},
        dr=_dr(cluster.dr, port),
        automation=tuple(AutomationShape(loop.name, loop.node, loop.unit) for loop in cluster.automation),
        quorum=cluster.quorum,
        max_sync_lag_s=cluster.token_sync.max_lag,
        checkout_features=cluster.checkout_features,
        storage_kind=storage.kind if storage else None,
        storage_fstype=storage.fstype if storage else None,
        storage_source=storage.source if storage else None,
        dialect=dialect,
        environment=cluster.environment,
    )


def _nodes(nodes: dict[str, Node], port: int) -> tuple[NodeShape, ...]:
    return tuple(
        NodeShape(name, node.mode, node.unit, node.address or name, node.port or port) for name, node in nodes.items()
    )


def _balancers(balancers: Balancers | None, nodes: dict[str, Node]) -> BalancersShape | None:
    if balancers is None:
        return None
    return BalancersShape(
        hosts=tuple(balancers.hosts),
        backend=balancers.backend,
        servers=servers_of(balancers, nodes),
        vip=balancers.vip,
        keepalived=balancers.keepalived,
    )


def _dr(dr: Dr | None, port: int) -> DrShape | None:
    if dr is None:
        return None
    return DrShape(
        site=dr.site,
        nodes=_nodes(dr.nodes, port),
        balancers=_balancers(dr.load_balancers, dr.nodes),
        max_lag_s=dr.sync.max_lag,
        record=dr.dns.record if dr.dns else None,
        main_address=dr.dns.main_address if dr.dns else None,
        dr_address=dr.dns.dr_address if dr.dns else None,
    )
