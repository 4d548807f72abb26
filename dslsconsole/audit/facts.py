"""What an audit goes by: the estate file, and what each host said it is configured to do."""

from collections.abc import Mapping

from msgspec import Struct

from dslsconsole.model.node import DnsAnswer, ServerStatus
from dslsconsole.model.reading import Reading
from dslsconsole.settings.hosts import HostAddress, Site
from dslsconsole.settings.schema import Balancers, Cluster, Estate, Node
from dslsconsole.systems.haproxy.configuration import HaproxyConfig
from dslsconsole.systems.keepalived.configuration import KeepalivedConfig
from dslsconsole.systems.node.configuration import TimeService
from dslsconsole.systems.storage.fstab import FstabEntry, Mounted
from dslsconsole.systems.systemd.settings import UnitSettings

Settings = Mapping[str, str]


class HostFacts(Struct, frozen=True):
    """One host. A reading that was never tried is of something that is not looked for on this host."""

    address: HostAddress
    clock_offset: Reading[float] = Reading()
    """Seconds that its clock is ahead of the console's."""
    time: Reading[TimeService] = Reading()
    units: Reading[tuple[UnitSettings, ...]] = Reading()
    """In the order of `unit_names`."""
    unit_names: tuple[str, ...] = ()
    haproxy: Reading[HaproxyConfig] = Reading()
    keepalived: Reading[KeepalivedConfig] = Reading()
    kernel: Reading[dict[str, int]] = Reading()
    status: Reading[ServerStatus] = Reading()
    licence: Reading[Settings] = Reading()
    """The licence server's own file, of the mode that the estate file gives the node."""
    failover: Reading[Settings] = Reading()
    dr_site: Reading[Settings] = Reading()
    mounts: Reading[dict[str, Mounted]] = Reading()
    fstab: Reading[tuple[FstabEntry, ...]] = Reading()
    dns: Reading[DnsAnswer] = Reading()
    licence_directory: str = "/opt/dsls/config"
    """Where the licence server's files lie, as the probe that is sent looks for them."""
    jumps: tuple[str, ...] = ()
    """The hosts on the way to it (ProxyJump)."""

    @property
    def name(self) -> str:
        return self.address.name

    def unit(self, name: str) -> UnitSettings | None:
        """One unit's settings; None where they were not asked for or not told."""
        named = zip(self.unit_names, self.units.value or (), strict=False)
        return next((unit for known, unit in named if known == name), None)


class SiteFacts(Struct, frozen=True):
    """One site of a cluster."""

    site: Site
    node_settings: Mapping[str, Node]
    nodes: tuple[HostFacts, ...]
    balancing: Balancers | None = None
    balancers: tuple[HostFacts, ...] = ()


class ClusterFacts(Struct, frozen=True):
    """One cluster."""

    name: str
    cluster: Cluster
    estate: Estate
    sites: tuple[SiteFacts, ...]

    @property
    def main(self) -> SiteFacts:
        return self.sites[0]

    @property
    def nodes(self) -> tuple[HostFacts, ...]:
        return tuple(host for site in self.sites for host in site.nodes)

    @property
    def balancers(self) -> tuple[HostFacts, ...]:
        return tuple(host for site in self.sites for host in site.balancers)

    @property
    def hosts(self) -> tuple[HostFacts, ...]:
        return self.nodes + self.balancers

    def site_of(self, host: HostFacts) -> SiteFacts:
        return next(site for site in self.sites if site.site is host.address.site)
