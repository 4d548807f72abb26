"""One cluster of the estate as acting needs it: hosts, addresses, and how commands are worded there."""

import shlex
from dataclasses import dataclass
from functools import cached_property

from dslsconsole.settings.hosts import servers_of
from dslsconsole.settings.schema import Balancer, Balancers, Cluster, Estate, Host, Node
from dslsconsole.ssh.quoting import bounded, command


@dataclass(frozen=True)
class Ground:
    """A cluster with its DR site. Host names are unique within it."""

    estate: Estate
    name: str

    @cached_property
    def cluster(self) -> Cluster:
        return self.estate.clusters[self.name]

    @cached_property
    def main_nodes(self) -> dict[str, Node]:
        return dict(self.cluster.nodes)

    @cached_property
    def dr_nodes(self) -> dict[str, Node]:
        return dict(self.cluster.dr.nodes) if self.cluster.dr else {}

    @cached_property
    def nodes(self) -> dict[str, Node]:
        """Every licence node, the main site's first."""
        return self.main_nodes | self.dr_nodes

    @cached_property
    def main_balancers(self) -> tuple[str, ...]:
        return tuple(self.cluster.load_balancers.hosts) if self.cluster.load_balancers else ()

    @cached_property
    def dr_balancers(self) -> tuple[str, ...]:
        dr = self.cluster.dr
        return tuple(dr.load_balancers.hosts) if dr and dr.load_balancers else ()

    def balancers_of(self, host: str) -> Balancers:
        """The group of load balancers that the host belongs to."""
        main, dr = self.cluster.load_balancers, self.cluster.dr
        if main and host in main.hosts:
            return main
        if dr and dr.load_balancers and host in dr.load_balancers.hosts:
            return dr.load_balancers
        raise KeyError(host)

    def balancer(self, host: str) -> Balancer:
        return self.balancers_of(host).hosts[host]

    def backend_server(self, host: str, node: str) -> str | None:
        """`BACKEND/SERVER` of a node on a load balancer; None where it is not behind it."""
        server = self.server_name(host, node)
        return f"{self.balancers_of(host).backend}/{server}" if server is not None else None

    def server_name(self, host: str, node: str) -> str | None:
        """What a load balancer calls a node; None where it is not behind it."""
        nodes = self.main_nodes if host in self.main_balancers else self.dr_nodes
        return servers_of(self.balancers_of(host), nodes).get(node)

    def host(self, name: str) -> Host:
        """How any host of the cluster is reached."""
        return self.nodes[name] if name in self.nodes else self.balancer(name)

    def address(self, name: str) -> str:
        return self.host(name).address or name

    def licence_port(self, node: str) -> str:
        """`ADDRESS:PORT` of a licence server, as other nodes are told it."""
        settings = self.nodes[node]
        address = settings.address or node
        if ":" in address:
            address = f"[{address}]"
        return f"{address}:{settings.port or self.estate.dslicsrv.port}"

    def licence_server(self, *arguments: str, seconds: float = 10) -> str:
        """A `DSLicSrv` command in this site's wording, bounded on the far side to `seconds`."""
        verb = arguments[0].lstrip("-") if arguments else ""
        reworded = self.estate.dslicsrv.commands.get(verb)
        words = [*shlex.split(reworded), *arguments[1:]] if reworded else [self.estate.dslicsrv.path, *arguments]
        return bounded(words, seconds)

    def licence_words(self, *arguments: str) -> str:
        """The same without a bound, for use within a script."""
        verb = arguments[0].lstrip("-")
        reworded = self.estate.dslicsrv.commands.get(verb)
        words = [*shlex.split(reworded), *arguments[1:]] if reworded else [self.estate.dslicsrv.path, *arguments]
        return command(*words)

    def as_root(self, *words: str, seconds: float = 10) -> str:
        """A command that needs root on a node, bounded on the far side to `seconds`."""
        return bounded([*shlex.split(self.estate.sudo), *words], seconds)

    def plain(self, *words: str, seconds: float = 10) -> str:
        return bounded(list(words), seconds)
