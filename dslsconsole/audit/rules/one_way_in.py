"""Every host of a cluster is reached by one and the same jump host."""

from collections.abc import Iterator

from dslsconsole.audit.facts import ClusterFacts
from dslsconsole.audit.rule import Rule, Verdict, fine, found
from dslsconsole.model.verdict import Severity
from dslsconsole.settings.hosts import Site


def rule() -> Rule:
    return Rule(
        severity=Severity.WARNING,
        about="by how many ways the hosts are reached",
        why="Where both sites are reached by one jump host, its loss leaves nobody able to see or to activate the "
        "DR site, and a jump host "
        "at the main site is lost with it.",
        of_cluster=_judge,
    )


def _judge(facts: ClusterFacts) -> Iterator[Verdict]:
    ways = {host.jumps[:1] for host in facts.hosts}
    has_dr = any(site.site is Site.DR for site in facts.sites)
    if has_dr and len(ways) == 1 and ways != {()}:
        (way,) = ways
        yield found(
            way[0],
            f"every host of both sites is reached by {way[0]} alone",
            "In ssh_config, give the DR site's hosts a ProxyJump of their own at that site: Host dr-* / ProxyJump "
            "JUMP-AT-DR; then: dslsconsole check.",
            f"ProxyJump {', '.join(way)} for {len(facts.hosts)} hosts",
        )
    else:
        yield fine()
