"""Clients would go on to the lost site for long after the DNS record was changed."""

from collections.abc import Iterator

from dslsconsole.audit.facts import ClusterFacts, HostFacts
from dslsconsole.audit.rule import Rule, Verdict, fine, found, of_each
from dslsconsole.audit.wording import in_estate
from dslsconsole.model.node import DnsAnswer
from dslsconsole.model.verdict import Severity
from dslsconsole.settings.schema import Dns

MOST_S = 300


def rule() -> Rule:
    return Rule(
        severity=Severity.WARNING,
        about="how long resolvers keep the address",
        why="After a switch clients go to the lost site for as long as the TTL of the record that was there "
        "before: what counts is the "
        "one served today, not the one that a DR activation writes.",
        of_cluster=_judge,
    )


def _judge(facts: ClusterFacts) -> Iterator[Verdict]:
    dns = facts.cluster.dr.dns if facts.cluster.dr is not None else None
    if dns is None:
        return
    if dns.ttl > MOST_S:
        yield found(
            "",
            f"after a switch to the DR site resolvers keep {dns.record} for {dns.ttl} s",
            in_estate(f"write `ttl: 60` under dr.dns of {facts.name}"),
            f"dr.dns.ttl is {dns.ttl}",
        )
    else:
        yield fine()
    asked = [host for site in facts.sites for host in site.nodes]
    yield from of_each(asked, lambda host: host.dns, lambda host, answer: _of_host(dns, host, answer))


def _of_host(dns: Dns, host: HostFacts, answer: DnsAnswer) -> Iterator[Verdict]:
    if answer.ttl is not None and answer.ttl > MOST_S:
        yield found(
            host.name,
            f"{dns.server} gives {dns.record} out for {answer.ttl} s",
            f"On the zone's primary server, give {dns.record} a TTL of 60, e.g. with nsupdate: update add "
            f"{dns.record} 60 A {dns.main_address}.",
            f"asked from {host.name}: TTL {answer.ttl}",
        )
