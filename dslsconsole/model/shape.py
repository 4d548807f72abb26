"""The shape of an estate: what there is to read, as the drawing and reporting side needs to know it."""

from msgspec import Struct

from dslsconsole.model.node import Mode


class NodeShape(Struct, frozen=True):
    name: str
    mode: Mode
    unit: str
    address: str
    """Address or host name, without the port."""
    port: int | None = None
    """The licence port."""

    @property
    def is_dr(self) -> bool:
        return self.mode in (Mode.DR_PRIMARY, Mode.DR_BACKUP)


class BalancersShape(Struct, frozen=True):
    hosts: tuple[str, ...]
    backend: str
    servers: dict[str, str]
    """Node name to HAProxy's server name."""
    vip: str | None = None
    keepalived: bool = False
    """Whether keepalived moves the address between the hosts, so that exactly one of them must hold it."""


class DrShape(Struct, frozen=True):
    site: str
    nodes: tuple[NodeShape, ...]
    balancers: BalancersShape | None
    max_lag_s: float
    record: str | None = None
    main_address: str | None = None
    dr_address: str | None = None


class AutomationShape(Struct, frozen=True):
    name: str
    node: str
    unit: str


class ClusterShape(Struct, frozen=True):
    name: str
    nodes: tuple[NodeShape, ...]
    balancers: BalancersShape | None
    storage: dict[str, str]
    """Storage paths by name; empty if the estate names none."""
    dr: DrShape | None
    automation: tuple[AutomationShape, ...]
    quorum: int | None
    max_sync_lag_s: float
    checkout_features: tuple[str, ...] = ()
    storage_kind: str | None = None
    storage_fstype: str | None = None
    storage_source: str | None = None
    dialect: str = "guide"
    """guide, or vendor: then its servers know no primary, and no runbook promotes one."""
    environment: str | None = None
    """What the cluster is there for, as `production` or `test`; None where the estate file does not say."""

    @property
    def is_production(self) -> bool:
        return self.environment is not None and self.environment.casefold() == "production"

    @property
    def all_nodes(self) -> tuple[NodeShape, ...]:
        """The main site's nodes, then the DR site's."""
        return self.nodes + (self.dr.nodes if self.dr else ())

    @property
    def all_balancers(self) -> tuple[str, ...]:
        """The main site's load balancers, then the DR site's."""
        main = self.balancers.hosts if self.balancers else ()
        dr = self.dr.balancers.hosts if self.dr and self.dr.balancers else ()
        return main + dr

    def node(self, name: str) -> NodeShape | None:
        return next((node for node in self.all_nodes if node.name == name), None)


class EstateShape(Struct, frozen=True):
    clusters: tuple[ClusterShape, ...]
    interval_s: float
    stale_after_s: float
    can_act: bool
    """Whether the estate file names an operate user."""
    confirm_phrase: str = "cluster-name"

    def cluster(self, name: str) -> ClusterShape | None:
        return next((cluster for cluster in self.clusters if cluster.name == name), None)
