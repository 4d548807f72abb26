"""A server of HAProxy's leads to another node than the estate file says, or to none of the cluster's."""

from collections.abc import Iterator

from dslsconsole.audit.facts import ClusterFacts, HostFacts
from dslsconsole.audit.of_haproxy import backend_of, is_node, servers_named
from dslsconsole.audit.rule import Rule, Verdict, found, of_each, unknown
from dslsconsole.audit.wording import in_haproxy
from dslsconsole.model.verdict import Severity
from dslsconsole.systems.haproxy.configuration import HaproxyConfig, Server


def rule() -> Rule:
    return Rule(
        severity=Severity.CRITICAL,
        about="where each server of HAProxy's leads to",
        why="Where names and addresses are crossed, a failover takes the wrong server out: the one that is to "
        "serve. A server that "
        "is none of the cluster's nodes is nobody's to take out.",
        of_cluster=_judge,
    )


def _judge(facts: ClusterFacts) -> Iterator[Verdict]:
    return of_each(facts.balancers, lambda host: host.haproxy, lambda host, config: _of_host(facts, host, config))


def _of_host(facts: ClusterFacts, host: HostFacts, config: HaproxyConfig) -> Iterator[Verdict]:
    site = facts.site_of(host)
    backend = config.backend(backend_of(site))
    nodes = {node.name: node for node in site.nodes}
    named = {server: nodes[node] for node, server in servers_named(site).items() if node in nodes}
    for server in backend.servers if backend is not None else ():
        node = named.get(server.name)
        if node is None:
            yield found(
                host.name,
                f"{server.name} on {host.name} is no node of this site",
                in_haproxy(
                    host.name,
                    f"take the line `server {server.name}` away, or name its node in the estate file's "
                    "load_balancers.servers",
                ),
                f"server {server.name} {_place(server)}",
            )
            continue
        same = is_node(server, node)
        if same is None:
            yield unknown(
                host.name,
                f"whether {server.name} on {host.name} ({_place(server)}) is {node.name} ({node.address.address}) "
                "can't be told",
                "Write the same in both places: the name, or the address.",
            )
        elif not same:
            yield found(
                host.name,
                f"{server.name} on {host.name} leads to {_place(server)}, and not to {node.name}",
                in_haproxy(
                    host.name,
                    f"write `server {server.name} {node.name}:{node.address.licence_port} …`, or correct the "
                    "estate file",
                ),
                f"{node.name} is {node.address.licence_address} in the estate file",
            )


def _place(server: Server) -> str:
    return f"{server.host}:{server.port}" if server.port is not None else server.host
