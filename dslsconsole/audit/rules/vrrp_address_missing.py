"""keepalived does not move the address that the estate file names."""

from collections.abc import Iterator

from dslsconsole.audit.facts import ClusterFacts, HostFacts
from dslsconsole.audit.of_keepalived import instance_of
from dslsconsole.audit.rule import Rule, Verdict, found, of_each
from dslsconsole.audit.wording import in_keepalived, listed
from dslsconsole.model.verdict import Severity
from dslsconsole.systems.keepalived.configuration import KeepalivedConfig


def rule() -> Rule:
    return Rule(
        severity=Severity.CRITICAL,
        about="whether keepalived moves the service address",
        why="Clients connect to the service address. A load balancer whose keepalived does not know it can never "
        "take it over "
        "when the other one dies.",
        of_cluster=_judge,
    )


def _judge(facts: ClusterFacts) -> Iterator[Verdict]:
    return of_each(facts.balancers, lambda host: host.keepalived, lambda host, config: _of_host(facts, host, config))


def _of_host(facts: ClusterFacts, host: HostFacts, config: KeepalivedConfig) -> Iterator[Verdict]:
    site = facts.site_of(host)
    vip = site.balancing.vip if site.balancing is not None else None
    if vip is None or instance_of(site, config) is not None:
        return
    there = [address for instance in config.instances for address in instance.addresses]
    yield found(
        host.name,
        f"keepalived on {host.name} does not move {vip}",
        in_keepalived(
            host.name,
            f"write {vip} with its prefix length in `virtual_ipaddress`, or correct the estate file's "
            "load_balancers.vip",
        ),
        f"it moves {listed(there)}" if there else "it moves no address",
    )
