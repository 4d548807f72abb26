"""What a rule looks at: one cluster's readings at a moment, and what follows from them about each host."""

from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property
from typing import TypeVar

from dslsconsole.alerts.thresholds import Thresholds
from dslsconsole.model.balancer import Backend, BackendServer, BalancerReadings
from dslsconsole.model.node import ClusterStatus, Link, Mode, NodeReadings, Peer, Pool
from dslsconsole.model.reading import FailureKind, Reading
from dslsconsole.model.shape import BalancersShape, ClusterShape, NodeShape
from dslsconsole.model.snapshot import Snapshot
from dslsconsole.model.verdict import ClusterVerdict

T = TypeVar("T")

SILENT = frozenset({FailureKind.UNREACHABLE, FailureKind.REFUSED, FailureKind.NO_ANSWER, FailureKind.LOST})
"""Failures of a connection that a dead host causes. Others, such as a refused key, come from a living one."""
NOT_RUNNING = frozenset({"inactive", "failed", "deactivating"})


class Reach(StrEnum):
    UNTRIED = "untried"  # the first attempt has not ended
    ANSWERS = "answers"
    FAILED = "failed"  # it does not answer, and nobody says that it runs
    UNREADABLE = "unreadable"  # it can't be read, which does not say that it is down


def peer_named(status: ClusterStatus, node: NodeShape, shape: ClusterShape) -> Peer | None:
    """The line about `node` in another server's view: matched by name, else by address and port."""
    for peer in status.peers:
        if peer.node == node.name:
            return peer
    alike = [other for other in shape.all_nodes if other.address == node.address]
    for peer in status.peers:
        if peer.node == node.address and (len(alike) == 1 or (peer.port is not None and peer.port == node.port)):
            return peer
    return None


def silent_for_peers(node: NodeShape, views: Mapping[str, ClusterStatus], shape: ClusterShape) -> bool:
    """Whether every server whose view was read finds the node unreachable, and at least one does."""
    seen = [peer_named(view, node, shape) for name, view in views.items() if name != node.name]
    states = [peer.state for peer in seen if peer is not None]
    return bool(states) and all(state == "unreachable" for state in states)


class View:
    """One cluster as the rules see it. Only fresh readings count; `last` values are for evidence."""

    def __init__(
        self,
        shape: ClusterShape,
        snapshot: Snapshot,
        verdict: ClusterVerdict,
        now: float,
        *,
        stale_after: float,
        thresholds: Thresholds,
        raised: frozenset[tuple[str, str]] = frozenset(),
    ) -> None:
        self.shape = shape
        self.verdict = verdict
        self.now = now
        self.stale_after = stale_after
        self.thresholds = thresholds
        self.raised = raised
        """(id, subject) of what is raised already, for rules that let go later than they take hold."""
        self._nodes = {node.name: snapshot.node(shape.name, node.name) for node in shape.all_nodes}
        self._balancers = {host: snapshot.balancer(shape.name, host) for host in shape.all_balancers}
        self._reach: dict[str, Reach] = {}

    def node(self, name: str) -> NodeReadings:
        return self._nodes.get(name, NodeReadings())

    def balancer(self, host: str) -> BalancerReadings:
        return self._balancers.get(host, BalancerReadings())

    def fresh(self, reading: Reading[T]) -> T | None:
        return reading.fresh(self.now, self.stale_after)

    @cached_property
    def views(self) -> dict[str, ClusterStatus]:
        """Each server's own fresh view of its cluster, by node."""
        found = {name: self.fresh(readings.cluster) for name, readings in self._nodes.items()}
        return {name: status for name, status in found.items() if status is not None}

    def seen_running_by(self, node: NodeShape) -> tuple[str, ...]:
        """The nodes whose own fresh view says that `node` takes part in the cluster."""
        return tuple(
            name
            for name, status in self.views.items()
            if name != node.name
            and (peer := peer_named(status, node, self.shape)) is not None
            and peer.state not in (None, "unreachable")
        )

    def reach(self, node: NodeShape) -> Reach:
        """Whether a node can be read, is dead as far as anybody can tell, or only can't be read by us."""
        if node.name not in self._reach:
            self._reach[node.name] = self._reach_of(node)
        return self._reach[node.name]

    def _reach_of(self, node: NodeShape) -> Reach:
        link = self.node(node.name).link
        known = link_reach(link, self.now, self.stale_after)
        if known is Reach.FAILED and self.seen_running_by(node):
            return Reach.UNREADABLE
        return known

    def failed(self, name: str) -> bool:
        node = self.shape.node(name)
        return node is not None and self.reach(node) is Reach.FAILED

    def service_down(self, node: NodeShape) -> bool:
        """Whether the unit or the server itself is known not to run, or to hang."""
        service = self.fresh(self.node(node.name).service)
        if service is not None and (service.active in NOT_RUNNING or service.sub == "auto-restart"):
            return True
        status = self.fresh(self.node(node.name).status)
        if service is not None and status is not None and status.status.lower() == "stopped":
            return True
        return self.server_hangs(node)

    def server_hangs(self, node: NodeShape) -> bool:
        """Whether the host answers but its server is silent: towards us, and towards every peer that was read."""
        readings = self.node(node.name)
        service = self.fresh(readings.service)
        if service is not None and service.active in NOT_RUNNING:
            return False
        failure = readings.cluster.failure
        silent = failure is not None and failure.kind in SILENT
        return silent and self.fresh(readings.link) is not None and silent_for_peers(node, self.views, self.shape)

    def out(self, node: NodeShape) -> bool:
        """Whether the node is known to be of no use to the cluster now: dead, or its server does not run."""
        return self.reach(node) is Reach.FAILED or self.service_down(node)

    @property
    def dr_nodes(self) -> tuple[NodeShape, ...]:
        return self.shape.dr.nodes if self.shape.dr is not None else ()

    @property
    def storage_nodes(self) -> tuple[NodeShape, ...]:
        """The nodes that need the cluster's storage: an arbitrator holds no licences."""
        return tuple(node for node in self.shape.nodes if node.mode is not Mode.ARBITRATOR)

    @property
    def serving_balancers(self) -> BalancersShape | None:
        """The load balancers of the site that serves: those of the other one have nothing to send clients to."""
        if self.verdict.dr_active:
            return self.shape.dr.balancers if self.shape.dr is not None else None
        return self.shape.balancers

    @cached_property
    def backends(self) -> dict[str, Backend]:
        """The fresh backend of each readable load balancer of the serving site."""
        site = self.serving_balancers
        found = {host: self.fresh(self.balancer(host).backend) for host in (site.hosts if site else ())}
        return {host: backend for host, backend in found.items() if backend is not None}

    def node_of(self, server: BackendServer | str) -> NodeShape | None:
        """The node behind one of HAProxy's server names."""
        wanted = server if isinstance(server, str) else server.name
        for site in (self.shape.balancers, self.shape.dr.balancers if self.shape.dr else None):
            for node, name in (site.servers if site else {}).items():
                if name == wanted:
                    return self.shape.node(node)
        return None

    @cached_property
    def pools(self) -> tuple[Pool, ...]:
        """The token pools as the serving primary has them; empty where they are not known."""
        if self.verdict.tokens_at is None:
            return ()
        tokens = self.fresh(self.node(self.verdict.tokens_at).tokens)
        return tokens.pools if tokens is not None else ()

    def where(self, hosts: list[str], among: tuple[str, ...]) -> str:
        """The subject of what holds on some hosts: the host if it is one of several, else the cluster."""
        return hosts[0] if len(hosts) == 1 and len(among) > 1 else self.shape.name


def link_reach(link: Reading[Link], now: float, stale_after: float) -> Reach:
    """What one host's connection tells by itself."""
    if link.tried_at is None:
        return Reach.UNTRIED
    if link.fresh(now, stale_after) is not None:
        return Reach.ANSWERS
    if link.failure is not None and link.failure.kind in SILENT:
        return Reach.FAILED
    return Reach.UNREADABLE
