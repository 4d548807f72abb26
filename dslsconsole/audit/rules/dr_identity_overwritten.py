"""A sync replaces the DR site's own identity by the main site's."""

from collections.abc import Iterator

from dslsconsole.audit.facts import ClusterFacts, HostFacts, Settings
from dslsconsole.audit.rule import Rule, Verdict, found, of_each
from dslsconsole.audit.wording import in_estate
from dslsconsole.model.verdict import Severity
from dslsconsole.settings.hosts import Site

OWN_FILE = "dr-site.conf"


def rule() -> Rule:
    return Rule(
        severity=Severity.CRITICAL,
        about="whether the DR site's own configuration outlasts a sync",
        why="A copy of the licence servers' configuration deletes dr-site.conf, which the source does not have, "
        "and leaves a DR site "
        "that starts as the main "
        "site's primary (the guide's dr-sync.sh does so).",
        of_cluster=_judge,
    )


def _judge(facts: ClusterFacts) -> Iterator[Verdict]:
    there = [host for site in facts.sites if site.site is Site.DR for host in site.nodes]
    return of_each(
        there, lambda host: host.dr_site, lambda host, _settings: _of_host(facts, host, _settings), may_lack=True
    )


def _of_host(facts: ClusterFacts, host: HostFacts, _settings: Settings) -> Iterator[Verdict]:
    dr = facts.cluster.dr
    for number, one in enumerate(dr.sync.files if dr is not None else ()):
        covers = f"{host.licence_directory}/".startswith(one.to.rstrip("/") + "/")
        if covers and not any(OWN_FILE in pattern or pattern in ("*.conf", "dr-*") for pattern in one.exclude):
            yield found(
                host.name,
                f"a sync deletes {OWN_FILE} of {host.name}",
                in_estate(f"write `exclude: [{OWN_FILE}]` for {one.from_} under dr.sync.files of {facts.name}"),
                f"dr.sync.files[{number}] copies to {one.to} without excluding {OWN_FILE}",
            )
