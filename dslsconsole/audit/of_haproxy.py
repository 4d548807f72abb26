"""What the rules on haproxy.cfg share: the backend of a site on each of its load balancers."""

from collections.abc import Callable, Iterable, Iterator

from dslsconsole.audit.facts import ClusterFacts, HostFacts, SiteFacts
from dslsconsole.audit.rule import Verdict, of_each
from dslsconsole.settings.hosts import servers_of
from dslsconsole.systems.haproxy.configuration import HaproxyConfig, Proxy, Server

JudgeBackend = Callable[[HostFacts, HaproxyConfig, Proxy], Iterable[Verdict]]


def of_backends(facts: ClusterFacts, judge: JudgeBackend) -> Iterator[Verdict]:
    """Judges the site's backend on each load balancer. Where there is none, `haproxy_server_missing` tells."""

    def of_host(host: HostFacts, config: HaproxyConfig) -> Iterable[Verdict]:
        backend = config.backend(backend_of(facts.site_of(host)))
        return judge(host, config, backend) if backend is not None else ()

    return of_each(facts.balancers, lambda host: host.haproxy, of_host)


def backend_of(site: SiteFacts) -> str:
    """The name of the site's backend."""
    return site.balancing.backend if site.balancing is not None else ""


def servers_named(site: SiteFacts) -> dict[str, str]:
    """Node name to HAProxy's server name, of a site with load balancers."""
    return {} if site.balancing is None else servers_of(site.balancing, dict(site.node_settings))


def is_node(server: Server, host: HostFacts) -> bool | None:
    """Whether a server line leads to a node; None where one is told by name and the other by address."""
    if server.host in (host.name, host.address.address):
        return server.port is None or server.port == host.address.licence_port
    if _is_number(server.host) != _is_number(host.address.address):
        # A name may be that of the node with its domain; an address can't be compared with a name.
        return None if _is_number(server.host) else server.host.partition(".")[0] == host.name.partition(".")[0]
    return server.host.partition(".")[0] == host.name.partition(".")[0] and not _is_number(server.host)


def _is_number(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()
