"""The practice estate and the cluster that it is to be like, host by host."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from dslsconsole.lab.practice import Lab
from dslsconsole.lab.twin import Twin
from dslsconsole.lab.world.world import Balancer, Node, World
from dslsconsole.model.balancer import BalancerReadings
from dslsconsole.model.node import NodeReadings, Peer
from dslsconsole.model.shape import ClusterShape


@dataclass
class Ground:
    """What each part of the likeness works on."""

    lab: Lab
    twin: Twin
    unlike: list[str] = field(default_factory=list)
    """Sentences on what can't be put."""

    @property
    def world(self) -> World:
        return self.lab.world

    @property
    def shape(self) -> ClusterShape:
        return self.twin.shape

    @property
    def read_at(self) -> float:
        return self.twin.picture.at

    def practice_time(self, at: float) -> float:
        """A time that was read, by the clocks here: as long ago as it was then."""
        return self.world.pace.wall() - (self.read_at - at)

    def is_of(self, peer: Peer, practice: str) -> bool:
        """Whether a peer, as another server names it, is the one that a practice host stands for."""
        real = self.shape.node(self.twin.stands_for.get(practice, ""))
        return real is not None and (peer.node == real.name or (peer.node, peer.port) == (real.address, real.port))

    def nodes(self) -> Iterator[tuple[Node, NodeReadings]]:
        """Each practice node with what was read of the node it stands for."""
        for name, node in self.world.nodes.items():
            if (real := self.twin.stands_for.get(name)) is not None:
                yield node, self.twin.picture.snapshot.node(self.shape.name, real)

    def balancers(self) -> Iterator[tuple[Balancer, BalancerReadings]]:
        """Each practice load balancer with what was read of the one it stands for."""
        for name, balancer in self.world.balancers.items():
            if (real := self.twin.stands_for.get(name)) is not None:
                yield balancer, self.twin.picture.snapshot.balancer(self.shape.name, real)
