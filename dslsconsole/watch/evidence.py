"""What one cluster's fresh readings prove about its servers: the ground that a verdict stands on."""

from typing import TypeVar

from msgspec import Struct

from dslsconsole.alerts.traffic import receivers
from dslsconsole.alerts.view import SILENT, Reach, link_reach, silent_for_peers
from dslsconsole.model.node import ClusterStatus, Mode, NodeReadings, Role
from dslsconsole.model.reading import Reading
from dslsconsole.model.shape import BalancersShape, ClusterShape, NodeShape
from dslsconsole.model.snapshot import Snapshot

T = TypeVar("T")

PRIMARY_ROLES = frozenset({Role.PRIMARY, Role.DR_PRIMARY})
GRANTING_STATES = frozenset({"running", "degraded"})
_REFUSING_STATES = frozenset({"no-quorum", "starting", "stopping", "stopped"})


class Claim(Struct, frozen=True):
    """A node whose own fresh view says that it is primary."""

    node: NodeShape
    status: ClusterStatus

    @property
    def grants(self) -> bool | None:
        state = (self.status.state or "").lower()
        if state in GRANTING_STATES:
            return True
        return False if state in _REFUSING_STATES else None

    @property
    def rank(self) -> tuple[bool, int]:
        return (self.grants is not False, -1 if self.status.epoch is None else self.status.epoch)


class Evidence:
    """One cluster's fresh readings at a moment."""

    def __init__(self, shape: ClusterShape, snapshot: Snapshot, now: float, stale_after: float) -> None:
        self.shape = shape
        self.now = now
        self.stale_after = stale_after
        self._snapshot = snapshot
        found = ((node, self.fresh(self.node(node).cluster)) for node in shape.all_nodes)
        self.views = {node.name: view for node, view in found if view is not None}
        self.claims = sorted(
            (
                Claim(node, view)
                for node in shape.all_nodes
                if (view := self.views.get(node.name)) is not None and view.role in PRIMARY_ROLES
            ),
            key=lambda claim: claim.rank,
            reverse=True,
        )

    def fresh(self, reading: Reading[T]) -> T | None:
        return reading.fresh(self.now, self.stale_after)

    def node(self, node: NodeShape) -> NodeReadings:
        return self._snapshot.node(self.shape.name, node.name)

    def reach(self, node: NodeShape) -> Reach:
        return link_reach(self.node(node).link, self.now, self.stale_after)

    def is_not_primary(self, node: NodeShape) -> bool:
        """Whether it is proven that the node is not primary now.

        Its own word proves it (another role, a unit that does not run), and so does the silence of the host or of the
        server on it towards us when every peer that was read finds it silent too. An arbitrator is never primary.
        """
        if node.mode is Mode.ARBITRATOR:
            return True
        view = self.views.get(node.name)
        if view is not None and view.role is not None:
            return view.role not in PRIMARY_ROLES
        service = self.fresh(self.node(node).service)
        if service is not None and service.active in ("inactive", "failed"):
            return True
        failure = self.node(node).cluster.failure
        silent = failure is not None and failure.kind in SILENT
        if service is None and self.reach(node) is not Reach.FAILED:
            return False
        return (silent or service is None) and silent_for_peers(node, self.views, self.shape)

    def sends_to(self, site: BalancersShape, primary: str) -> bool | None:
        """Whether clients of this site's load balancers are sent to the primary."""
        server = site.servers.get(primary)
        if server is None:
            return None
        hosts = self._holders(site) or site.hosts
        answers: list[bool | None] = []
        for host in hosts:
            backend = self.fresh(self._snapshot.balancer(self.shape.name, host).backend)
            answers.append(None if backend is None else any(got.name == server for got in receivers(backend)))
        if any(answers):
            return True
        return False if answers and None not in answers else None

    def sent_to_the_other_site(self, serving: NodeShape) -> bool:
        """Whether the DNS record is known to send clients to the site of which no server serves."""
        dr = self.shape.dr
        if dr is None or dr.main_address is None or dr.dr_address is None:
            return False
        here, there = (dr.dr_address, dr.main_address) if serving.is_dr else (dr.main_address, dr.dr_address)
        answers = (self.fresh(self.node(node).dns) for node in self.shape.all_nodes)
        return any(there in known.addresses and here not in known.addresses for known in answers if known is not None)

    def _holders(self, site: BalancersShape) -> tuple[str, ...]:
        if site.vip is None:
            return ()
        return tuple(
            host
            for host in site.hosts
            if site.vip in (self.fresh(self._snapshot.balancer(self.shape.name, host).addresses) or ())
        )
