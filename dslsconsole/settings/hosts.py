"""Every host of an estate, with how to reach it."""

from enum import StrEnum

from msgspec import Struct

from dslsconsole.model.node import Mode
from dslsconsole.settings.schema import Balancer, Balancers, Cluster, Estate, Node


class HostKind(StrEnum):
    NODE = "node"
    BALANCER = "load balancer"


class Site(StrEnum):
    MAIN = "main"
    DR = "dr"


class HostAddress(Struct, frozen=True):
    """One host of a cluster, and how to reach it."""

    cluster: str
    name: str
    kind: HostKind
    site: Site
    address: str
    """Host name, IPv4 or IPv6 address; the host's name where the file gives none."""
    ssh_port: int | None = None
    """None where ssh's own configuration decides."""
    licence_port: int | None = None
    """None for load balancers."""
    unit: str | None = None
    """The licence server's unit; None for load balancers."""
    mode: Mode | None = None
    """None for load balancers."""

    @property
    def licence_address(self) -> str:
        """`ADDRESS:PORT` as `DSLicSrv -server` and `-target` take it; IPv6 addresses stand in brackets.

        Raises:
            ValueError: the host is a load balancer.
        """
        if self.licence_port is None:
            raise ValueError(f"{self.name} is a load balancer and has no licence port")
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{host}:{self.licence_port}"


class ClusterHosts(Struct, frozen=True):
    """The hosts of one cluster, in the file's order."""

    cluster: str
    nodes: tuple[HostAddress, ...]
    balancers: tuple[HostAddress, ...] = ()
    dr_nodes: tuple[HostAddress, ...] = ()
    dr_balancers: tuple[HostAddress, ...] = ()

    @property
    def all_nodes(self) -> tuple[HostAddress, ...]:
        """The main site's nodes, then the DR site's."""
        return self.nodes + self.dr_nodes

    @property
    def all_balancers(self) -> tuple[HostAddress, ...]:
        """The main site's load balancers, then the DR site's."""
        return self.balancers + self.dr_balancers

    @property
    def all(self) -> tuple[HostAddress, ...]:
        """Every host, nodes first."""
        return self.all_nodes + self.all_balancers

    def host(self, name: str) -> HostAddress | None:
        """The host of that name; None if the cluster has none."""
        return next((host for host in self.all if host.name == name), None)


def hosts_of(estate: Estate) -> tuple[ClusterHosts, ...]:
    """Every cluster's hosts, in the file's order."""
    return tuple(cluster_hosts(estate, name) for name in estate.clusters)


def cluster_hosts(estate: Estate, name: str) -> ClusterHosts:
    """The hosts of one cluster.

    Raises:
        KeyError: the estate has no such cluster.
    """
    cluster = estate.clusters[name]
    dr = cluster.dr
    port = estate.dslicsrv.port
    return ClusterHosts(
        cluster=name,
        nodes=_nodes(name, Site.MAIN, cluster.nodes, port),
        balancers=_balancers(name, Site.MAIN, cluster.load_balancers),
        dr_nodes=_nodes(name, Site.DR, dr.nodes, port) if dr else (),
        dr_balancers=_balancers(name, Site.DR, dr.load_balancers) if dr else (),
    )


def servers_of(balancers: Balancers, nodes: dict[str, Node]) -> dict[str, str]:
    """Node name to HAProxy's server name: as the file says, else every node but arbitrators by its own name."""
    return dict(balancers.servers) or {name: name for name, node in nodes.items() if node.mode is not Mode.ARBITRATOR}


def quorum_of(cluster: Cluster) -> int:
    """Votes that are needed: as the file says, else more than half of the main site's nodes."""
    return cluster.quorum if cluster.quorum is not None else len(cluster.nodes) // 2 + 1


def _nodes(cluster: str, site: Site, nodes: dict[str, Node], port: int) -> tuple[HostAddress, ...]:
    return tuple(
        HostAddress(
            cluster=cluster,
            name=name,
            kind=HostKind.NODE,
            site=site,
            address=node.address or name,
            ssh_port=node.ssh_port,
            licence_port=node.port or port,
            unit=node.unit,
            mode=node.mode,
        )
        for name, node in nodes.items()
    )


def _balancers(cluster: str, site: Site, balancers: Balancers | None) -> tuple[HostAddress, ...]:
    hosts: dict[str, Balancer] = balancers.hosts if balancers else {}
    return tuple(
        HostAddress(
            cluster=cluster,
            name=name,
            kind=HostKind.BALANCER,
            site=site,
            address=host.address or name,
            ssh_port=host.ssh_port,
        )
        for name, host in hosts.items()
    )
