"""HAProxy has no server, or no backend, of the name that the estate file gives."""

from collections.abc import Iterator

from dslsconsole.audit.facts import ClusterFacts, HostFacts
from dslsconsole.audit.of_haproxy import backend_of, servers_named
from dslsconsole.audit.rule import Rule, Verdict, found, of_each
from dslsconsole.audit.wording import in_haproxy, listed
from dslsconsole.model.verdict import Severity
from dslsconsole.systems.haproxy.configuration import HaproxyConfig


def rule() -> Rule:
    return Rule(
        severity=Severity.CRITICAL,
        about="whether HAProxy knows the servers of the estate file",
        why="A failover takes the old primary out by its server's name, on each load balancer. Where the name is "
        "missing it can't "
        "(`No such server.`), and clients go on to the old primary.",
        of_cluster=_judge,
    )


def _judge(facts: ClusterFacts) -> Iterator[Verdict]:
    return of_each(facts.balancers, lambda host: host.haproxy, lambda host, config: _of_host(facts, host, config))


def _of_host(facts: ClusterFacts, host: HostFacts, config: HaproxyConfig) -> Iterator[Verdict]:
    site = facts.site_of(host)
    name = backend_of(site)
    backend = config.backend(name)
    if backend is None:
        there = [one.name for one in config.proxies if one.kind != "frontend"]
        yield found(
            host.name,
            f"{host.name} has no backend {name}",
            in_haproxy(
                host.name,
                f"name the backend {name}, or name the one that is there in the estate file's load_balancers.backend",
            ),
            f"there is {listed(there)}" if there else "there is no backend at all",
        )
        return
    ports = {node.name: node.address.licence_port for node in site.nodes}
    for node, server in servers_named(site).items():
        if backend.server(server) is None:
            yield found(
                host.name,
                f"{host.name} has no server {server} for {node}",
                in_haproxy(
                    host.name,
                    f"add `server {server} {node}:{ports.get(node, 'PORT')} check …` to backend {name}, or correct "
                    "the estate file's "
                    "load_balancers.servers",
                ),
                f"backend {name} has {listed(one.name for one in backend.servers) or 'no server'}",
            )
