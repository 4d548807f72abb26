"""One reading of an estate as a report: the JSON document, the sentence and the exit status of `dslsconsole status`.

What is not known is None (`null`). Readings that are stale or failed count as not known; `age_s` tells how old the last
good one is, and `error` why there is no newer one.
"""

import datetime
from collections.abc import Iterable

from dslsconsole.model.balancer import Backend, BackendServer
from dslsconsole.model.node import ClusterStatus, Link, Mode, NodeReadings, Peer, Pool, TokenState
from dslsconsole.model.picture import Picture
from dslsconsole.model.reading import Reading
from dslsconsole.model.shape import BalancersShape, ClusterShape, DrShape, NodeShape
from dslsconsole.model.verdict import Alert, ClusterVerdict, Health
from dslsconsole.sessions.documents import (
    AlertReport,
    BalancerReport,
    ClusterReport,
    DrNodeReport,
    DrReport,
    NodeReport,
    OperationReport,
    PoolReport,
    QuorumReport,
    ServerReport,
    StatusReport,
    StorageReport,
)

EXIT_STATUS = {Health.OK: 0, Health.WARNING: 1, Health.CRITICAL: 2, Health.UNKNOWN: 3}
"""The convention of monitoring plug-ins."""
_GRAVITY = (Health.CRITICAL, Health.WARNING, Health.UNKNOWN, Health.OK)


def report(picture: Picture, now: float) -> StatusReport:
    """What the picture tells at `now` (seconds since the epoch).

    Raises:
        ValueError: the picture names no estate yet.
    """
    if picture.estate is None:
        raise ValueError("the stream has not said which estate it is of")
    clusters = tuple(
        _Reporter(cluster, picture, now, picture.estate.stale_after_s).cluster() for cluster in picture.estate.clusters
    )
    return StatusReport(
        schema=1,
        taken_at=iso(now),
        health=worst(Health(cluster.health) for cluster in clusters),
        clusters=clusters,
    )


def worst(healths: Iterable[Health]) -> Health:
    """The gravest: critical, warning, unknown, ok. Unknown where there is nothing."""
    known = set(healths)
    return next((health for health in _GRAVITY if health in known), Health.UNKNOWN)


def iso(at: float) -> str:
    """A moment in ISO 8601, UTC with Z, to the second."""
    return f"{datetime.datetime.fromtimestamp(at, datetime.UTC):%Y-%m-%dT%H:%M:%SZ}"


def sentence(picture: Picture, health: Health) -> str:
    """The first line for people: the health, and for each cluster what its verdict says."""
    clusters = picture.estate.clusters if picture.estate else ()
    parts = []
    for cluster in clusters:
        verdict = picture.verdicts.get(cluster.name)
        said = verdict.sentence if verdict is not None else "nothing is known"
        parts.append(f"{cluster.name}: {said}{_alerts_in_words(cluster.name, said, picture.alerts)}")
    return f"{health.upper()} - " + ("; ".join(parts) or "the estate names no cluster")


def _alerts_in_words(cluster: str, said: str, alerts: tuple[Alert, ...]) -> str:
    """The gravest alert that the verdict's sentence does not tell already, and how many more there are."""
    mine = [alert for alert in alerts if alert.cluster == cluster]
    untold = [alert for alert in mine if alert.summary.partition(": ")[0] not in said]
    if not untold:
        return ""
    more = f" and {len(untold) - 1} more" if len(untold) > 1 else ""
    also = "also " if len(untold) < len(mine) else ""
    return f" ({also}{untold[0].severity}: {untold[0].summary}{more})"


class _Reporter:
    """Reports on one cluster."""

    def __init__(self, shape: ClusterShape, picture: Picture, now: float, stale_after: float) -> None:
        self._shape = shape
        self._picture = picture
        self._now = now
        self._stale_after = stale_after
        unknown = ClusterVerdict(shape.name, Health.UNKNOWN, "nothing is known")
        self._verdict = picture.verdicts.get(shape.name, unknown)
        self._primary_view: ClusterStatus | None = None
        self._primary_tokens: TokenState | None = None
        if self._verdict.primary is not None:
            primary = picture.snapshot.node(shape.name, self._verdict.primary)
            self._primary_view = primary.cluster.fresh(now, stale_after)
        if self._verdict.tokens_at is not None:
            holder = picture.snapshot.node(shape.name, self._verdict.tokens_at)
            self._primary_tokens = holder.tokens.fresh(now, stale_after)

    def cluster(self) -> ClusterReport:
        verdict = self._verdict
        quorum = verdict.quorum
        return ClusterReport(
            name=self._shape.name,
            health=verdict.health,
            sentence=verdict.sentence,
            serving=verdict.serving,
            primary=verdict.primary,
            epoch=verdict.epoch,
            quorum=QuorumReport(quorum.held, quorum.votes, quorum.needed, quorum.members) if quorum else QuorumReport(),
            split_brain=verdict.split_brain,
            nodes=tuple(self._node(node) for node in self._shape.nodes),
            token_pools=tuple(self._pool(pool) for pool in self._pools()),
            load_balancers=self._balancers(self._shape.balancers),
            storage=tuple(line for node in self._shape.nodes for line in self._storage(node)),
            dr=self._dr(self._shape.dr) if self._shape.dr is not None else None,
            alerts=tuple(_alert(alert) for alert in self._picture.alerts if alert.cluster == self._shape.name),
            operation=self._operation(),
        )

    def _operation(self) -> OperationReport | None:
        lock = self._picture.lock_on(self._shape.name, self._now)
        if lock is None:
            return None
        return OperationReport(
            operation=lock.operation,
            runbook=lock.runbook,
            operator=lock.operator,
            origin=lock.from_host,
            started_at=iso(lock.started_at),
            step=lock.step,
            steps=lock.steps,
            alive=lock.is_alive(self._now),
        )

    def _readings(self, node: NodeShape) -> NodeReadings:
        return self._picture.snapshot.node(self._shape.name, node.name)

    def _node(self, node: NodeShape) -> NodeReport:
        readings = self._readings(node)
        service = readings.service.fresh(self._now, self._stale_after)
        status = readings.cluster.fresh(self._now, self._stale_after)
        return NodeReport(
            name=node.name,
            mode=node.mode,
            role=status.role if status is not None else None,
            reachable=self._reachable(readings.link),
            service=service.active if service is not None else None,
            state=status.state if status is not None else None,
            sync_lag_s=self._lag(node),
            age_s=self._age(readings.link),
            error=readings.link.failure.text if readings.link.failure is not None else None,
        )

    def _reachable(self, link: Reading[Link]) -> bool | None:
        if link.tried_at is None:
            return None
        if link.failure is not None:
            return False
        return True if link.fresh(self._now, self._stale_after) is not None else None

    def _age(self, reading: Reading[Link]) -> float | None:
        age = reading.age(self._now)
        return None if age is None else round(age, 1)

    def _peer(self, node: NodeShape) -> Peer | None:
        peers = self._primary_view.peers if self._primary_view is not None else ()
        named = next((peer for peer in peers if peer.node == node.name), None)
        if named is not None:
            return named
        return next((peer for peer in peers if (peer.node, peer.port) == (node.address, node.port)), None)

    def _lag(self, node: NodeShape) -> float | None:
        peer = self._peer(node)
        return peer.lag_s if peer is not None else None

    def _pools(self) -> tuple[Pool, ...]:
        return self._primary_tokens.pools if self._primary_tokens is not None else ()

    def _pool(self, pool: Pool) -> PoolReport:
        assert self._primary_tokens is not None
        return PoolReport(
            name=pool.name,
            total=pool.total,
            used=pool.used,
            available=pool.available,
            queued=pool.queued,
            generation=self._primary_tokens.generation,
            in_sync=self._in_sync(pool),
        )

    def _in_sync(self, pool: Pool) -> bool | None:
        """Whether every backup that holds tokens has this pool as the primary has it, or is within the allowed lag."""
        dr_serves = self._verdict.dr_active
        site = self._shape.dr.nodes if dr_serves and self._shape.dr is not None else self._shape.nodes
        answers = [
            self._backup_in_sync(node, pool)
            for node in site
            if node.mode is not Mode.ARBITRATOR and node.name != self._verdict.primary
        ]
        if False in answers:
            return False
        return None if None in answers or not answers else True

    def _backup_in_sync(self, node: NodeShape, pool: Pool) -> bool | None:
        reading = self._readings(node).tokens
        theirs = reading.fresh(self._now, self._stale_after)
        ours = self._primary_tokens
        if theirs is None or ours is None or theirs.generation is None or ours.generation is None:
            return None
        if theirs.generation == ours.generation:
            other = next((one for one in theirs.pools if one.name == pool.name), None)
            return other is not None and (other.total, other.used) == (pool.total, pool.used)
        peer = self._peer(node)
        if peer is not None and peer.sync is not None and peer.sync.lower() != "ok":
            return False
        lag = peer.lag_s if peer is not None else None
        return None if lag is None else lag <= self._shape.max_sync_lag_s

    def _balancers(self, site: BalancersShape | None) -> tuple[BalancerReport, ...]:
        return tuple(self._balancer(site, host) for host in site.hosts) if site is not None else ()

    def _balancer(self, site: BalancersShape, host: str) -> BalancerReport:
        readings = self._picture.snapshot.balancer(self._shape.name, host)
        backend = readings.backend.fresh(self._now, self._stale_after)
        addresses = readings.addresses.fresh(self._now, self._stale_after)
        failure = readings.backend.failure or readings.link.failure
        return BalancerReport(
            name=host,
            reachable=True if backend is not None else False if failure is not None else None,
            holds_vip=None if site.vip is None or addresses is None else site.vip in addresses,
            servers=tuple(self._server(site, server) for server in _servers(backend)),
            age_s=None if (age := readings.backend.age(self._now)) is None else round(age, 1),
            error=failure.text if failure is not None else None,
        )

    def _server(self, site: BalancersShape, server: BackendServer) -> ServerReport:
        return ServerReport(
            name=server.name,
            node=next((node for node, name in site.servers.items() if name == server.name), None),
            status=server.status,
            weight=server.weight,
            backup=server.backup,
            sessions=server.sessions,
            check=server.check,
            last_change_s=None if server.since is None else max(0, round(self._now - server.since)),
        )

    def _storage(self, node: NodeShape) -> Iterable[StorageReport]:
        if node.mode is Mode.ARBITRATOR:
            return
        reading = self._readings(node).mounts
        mounts = {mount.path: mount for mount in reading.fresh(self._now, self._stale_after) or ()}
        for path in self._shape.storage.values():
            mount = mounts.get(path)
            yield StorageReport(
                node=node.name,
                path=path,
                mounted=mount.mounted if mount is not None else None,
                free_pct=mount.free_pct if mount is not None else None,
                answers=mount.answers if mount is not None else None,
            )

    def _dr(self, dr: DrShape) -> DrReport:
        read = [
            sync
            for node in dr.nodes
            if (sync := self._readings(node).dr_sync.fresh(self._now, self._stale_after)) is not None
            and not (node.mode is Mode.DR_BACKUP and sync.result.upper() == "NEVER")
        ]
        # The worst copy is what an activation may have to live with. A DR backup that was never synced holds none: it
        # follows the DR primary once that runs.
        sync = min(read, key=lambda one: (one.result == "OK", one.last_sync or 0.0), default=None)
        lag = None if sync is None else sync.lag_s
        if sync is not None and sync.last_sync is not None:
            lag = max(0.0, self._now - sync.last_sync)
        return DrReport(
            site=dr.site,
            active=self._verdict.dr_active,
            result=sync.result if sync is not None else None,
            last_sync_at=iso(sync.last_sync) if sync is not None and sync.last_sync is not None else None,
            lag_s=None if lag is None else round(lag),
            generation=sync.generation if sync is not None else None,
            nodes=tuple(self._dr_node(node) for node in dr.nodes),
            load_balancers=self._balancers(dr.balancers),
        )

    def _dr_node(self, node: NodeShape) -> DrNodeReport:
        whole = self._node(node)
        return DrNodeReport(
            name=whole.name,
            mode=whole.mode,
            role=whole.role,
            reachable=whole.reachable,
            service=whole.service,
            state=whole.state,
            age_s=whole.age_s,
            error=whole.error,
        )


def _servers(backend: Backend | None) -> tuple[BackendServer, ...]:
    return backend.servers if backend is not None else ()


def _alert(alert: Alert) -> AlertReport:
    return AlertReport(
        id=alert.id,
        severity=alert.severity,
        subject=alert.subject,
        summary=alert.summary,
        since=iso(alert.since),
        acknowledged_by=alert.acknowledged_by,
        evidence=alert.evidence,
        advice=alert.advice,
    )
