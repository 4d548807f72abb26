"""The status report as metrics in the Prometheus text format.

What is not known has no sample: an absent series can be alerted on (`absent()`), a wrong 0 can't be told from a right
one. Every name is prefixed `dsls_`.
"""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from dslsconsole.model.picture import Picture
from dslsconsole.sessions.documents import (
    BalancerReport,
    ClusterReport,
    DrNodeReport,
    NodeReport,
    PoolReport,
    StatusReport,
)
from dslsconsole.sessions.status import report

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_HEALTH = {"ok": 0.0, "warning": 1.0, "critical": 2.0, "unknown": 3.0}


def exposition(picture: Picture, now: float) -> bytes:
    """The metrics of what the picture tells at `now` (seconds since the epoch).

    Raises:
        ValueError: the picture names no estate yet.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collected(report(picture, now), picture.snapshot.round_at))
    return generate_latest(registry)


class _Gauge:
    """One metric; samples that are not known are left out."""

    def __init__(self, name: str, text: str, *labels: str) -> None:
        self.family = GaugeMetricFamily(f"dsls_{name}", text, labels=labels)

    def add(self, value: float | bool | None, *labels: str | None) -> None:
        if value is not None:
            self.family.add_metric([label or "" for label in labels], float(value))


class _Collected(Collector):
    def __init__(self, status: StatusReport, round_at: float | None) -> None:
        self._clusters = status.clusters
        self._round_at = round_at

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for group in (self._service, self._nodes, self._pools, self._balancers, self._storage, self._dr, self._alerts):
            for gauge in group():
                yield gauge.family
        last_round = _Gauge("last_round_timestamp_seconds", "When every host had last been asked")
        last_round.add(self._round_at)
        yield last_round.family

    def _service(self) -> tuple[_Gauge, ...]:
        health = _Gauge("cluster_health", "0 ok, 1 warning, 2 critical, 3 unknown", "cluster")
        serving = _Gauge("cluster_serving", "1 if licences are being served, 0 if proven not to be", "cluster")
        epoch = _Gauge("cluster_epoch", "Epoch of the primary", "cluster")
        held = _Gauge("quorum_held", "1 if the cluster has quorum", "cluster")
        votes = _Gauge("quorum_votes", "Votes present", "cluster")
        split = _Gauge("split_brain", "1 if a split brain is reported or two nodes serve as primary", "cluster")
        ready = _Gauge("failover_readiness", "1 if another node could take over now without loss", "cluster")
        replication = _Gauge("replication_health", "1 if every pool is in sync with the backups", "cluster")
        for cluster in self._clusters:
            health.add(_HEALTH[cluster.health], cluster.name)
            serving.add(cluster.serving, cluster.name)
            epoch.add(cluster.epoch, cluster.name)
            held.add(cluster.quorum.held, cluster.name)
            votes.add(cluster.quorum.votes, cluster.name)
            split.add(cluster.split_brain, cluster.name)
            ready.add(failover_ready(cluster), cluster.name)
            replication.add(_all([pool.in_sync for pool in cluster.token_pools]), cluster.name)
        return health, serving, epoch, held, votes, split, ready, replication

    def _nodes(self) -> tuple[_Gauge, ...]:
        status = _Gauge(
            "cluster_node_status", "1 if the node answers and serves in its role", "cluster", "node", "mode"
        )
        up = _Gauge("node_reachable", "1 if the node answers", "cluster", "node")
        role = _Gauge("node_role", "1 for the role that the node says it has", "cluster", "node", "role")
        lag = _Gauge("token_synchronization_lag", "Seconds a node is behind the primary", "cluster", "node")
        age = _Gauge("reading_age_seconds", "Age of the node's last good reading", "cluster", "node")
        for cluster in self._clusters:
            members: tuple[NodeReport | DrNodeReport, ...] = cluster.nodes + (cluster.dr.nodes if cluster.dr else ())
            for node in members:
                status.add(_node_status(node), cluster.name, node.name, node.mode)
                up.add(node.reachable, cluster.name, node.name)
                role.add(None if node.role is None else 1.0, cluster.name, node.name, node.role)
                age.add(node.age_s, cluster.name, node.name)
                if isinstance(node, NodeReport):
                    lag.add(node.sync_lag_s, cluster.name, node.name)
        return status, up, role, lag, age

    def _pools(self) -> tuple[_Gauge, ...]:
        names = ("cluster", "pool")
        total = _Gauge("pool_tokens", "Tokens of the pool", *names)
        used = _Gauge("pool_tokens_used", "Tokens in use", *names)
        free = _Gauge("pool_tokens_available", "Tokens that are free", *names)
        queued = _Gauge("pool_users_queued", "Users who wait for a token", *names)
        generation = _Gauge("token_generation", "Generation of the primary's token state", "cluster")
        in_sync = _Gauge("pool_in_sync", "1 if the backups have the pool as the primary has it", *names)
        for cluster in self._clusters:
            for pool in cluster.token_pools:
                _add_pool(cluster.name, pool, total, used, free, queued, in_sync)
            if cluster.token_pools:
                generation.add(cluster.token_pools[0].generation, cluster.name)
        return total, used, free, queued, generation, in_sync

    def _balancers(self) -> tuple[_Gauge, ...]:
        up = _Gauge("load_balancer_reachable", "1 if the load balancer's HAProxy answers", "cluster", "load_balancer")
        vip = _Gauge("load_balancer_holds_vip", "1 if it holds the clients' address", "cluster", "load_balancer")
        labels = ("cluster", "load_balancer", "server")
        server_up = _Gauge("load_balancer_server_up", "1 if it shows the server as UP", *labels)
        sessions = _Gauge("load_balancer_server_sessions", "Sessions with the server", *labels)
        for cluster in self._clusters:
            balancers: tuple[BalancerReport, ...] = cluster.load_balancers
            for balancer in balancers + (cluster.dr.load_balancers if cluster.dr else ()):
                up.add(balancer.reachable, cluster.name, balancer.name)
                vip.add(balancer.holds_vip, cluster.name, balancer.name)
                for server in balancer.servers:
                    server_up.add(server.status.startswith("UP"), cluster.name, balancer.name, server.name)
                    sessions.add(server.sessions, cluster.name, balancer.name, server.name)
        return up, vip, server_up, sessions

    def _storage(self) -> tuple[_Gauge, ...]:
        mounted = _Gauge("storage_mounted", "1 if the storage is mounted", "cluster", "node", "path")
        free = _Gauge("storage_free_percent", "Free space", "cluster", "node", "path")
        for cluster in self._clusters:
            for mount in cluster.storage:
                mounted.add(mount.mounted, cluster.name, mount.node, mount.path)
                free.add(mount.free_pct, cluster.name, mount.node, mount.path)
        return mounted, free

    def _dr(self) -> tuple[_Gauge, ...]:
        status = _Gauge("dr_sync_status", "1 if the DR site's copy is verified, 0 if not", "cluster", "site")
        lag = _Gauge("dr_sync_lag_seconds", "Age of the DR site's copy", "cluster", "site")
        active = _Gauge("dr_active", "1 while the DR site serves", "cluster", "site")
        for cluster in self._clusters:
            if cluster.dr is not None:
                result = cluster.dr.result
                status.add(None if result is None else result.upper() == "OK", cluster.name, cluster.dr.site)
                lag.add(cluster.dr.lag_s, cluster.name, cluster.dr.site)
                active.add(cluster.dr.active, cluster.name, cluster.dr.site)
        return status, lag, active

    def _alerts(self) -> tuple[_Gauge, ...]:
        holding = _Gauge("alert", "1 for each alert that holds", "cluster", "alert", "severity", "subject")
        for cluster in self._clusters:
            for alert in cluster.alerts:
                holding.add(1.0, cluster.name, alert.id, alert.severity, alert.subject)
        return (holding,)


def _add_pool(
    cluster: str, pool: PoolReport, total: _Gauge, used: _Gauge, free: _Gauge, queued: _Gauge, in_sync: _Gauge
) -> None:
    total.add(pool.total, cluster, pool.name)
    used.add(pool.used, cluster, pool.name)
    free.add(pool.available, cluster, pool.name)
    queued.add(pool.queued, cluster, pool.name)
    in_sync.add(pool.in_sync, cluster, pool.name)


def _node_status(node: NodeReport | DrNodeReport) -> bool | None:
    """1 if the server runs and says so; for a node that does not answer, 0; None where it can't be told."""
    if node.reachable is False:
        return False
    if node.service is None:
        return None
    if node.service != "active":
        return False
    return None if node.state is None else node.state.lower() in ("running", "degraded")


def failover_ready(cluster: ClusterReport) -> bool | None:
    """Whether a backup runs, reachable and in sync, and quorum is held: what a planned failover needs."""
    if cluster.quorum.held is None:
        return None
    ready = [
        _all([node.reachable, _node_status(node), None if node.sync_lag_s is None else True, *_in_sync(cluster)])
        for node in cluster.nodes
        if node.role == "backup" or (node.role is None and node.mode == "backup")
    ]
    if not ready:
        return False
    if True in ready:
        return cluster.quorum.held
    return None if None in ready else False


def _in_sync(cluster: ClusterReport) -> list[bool | None]:
    return [pool.in_sync for pool in cluster.token_pools]


def _all(answers: list[bool | None]) -> bool | None:
    """False if one is, else unknown if one is or there are none, else True."""
    if False in answers:
        return False
    return None if not answers or None in answers else True
