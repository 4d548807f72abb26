"""All readings of an estate at a moment."""

from msgspec import Struct

from dslsconsole.model.balancer import BalancerReadings
from dslsconsole.model.node import NodeReadings
from dslsconsole.model.reading import Reading


def key(cluster: str, host: str) -> str:
    """The name of a host's readings within a snapshot. Host names are unique within a cluster only."""
    return f"{cluster}/{host}"


class Snapshot(Struct, frozen=True):
    """Readings by `key(cluster, host)`. A host that was never asked has empty readings."""

    at: float
    nodes: dict[str, NodeReadings] = {}
    balancers: dict[str, BalancerReadings] = {}
    history: dict[str, tuple[int | None, ...]] = {}
    """Tokens in use by `key(cluster, pool)`: one value a minute, the newest last, at most 60. None: not known."""
    round_at: float | None = None
    """When the last whole round ended: every host had answered or failed since the round before."""

    def node(self, cluster: str, host: str) -> NodeReadings:
        return self.nodes.get(key(cluster, host), NodeReadings())

    def balancer(self, cluster: str, host: str) -> BalancerReadings:
        return self.balancers.get(key(cluster, host), BalancerReadings())


AnyReading = Reading[object]
