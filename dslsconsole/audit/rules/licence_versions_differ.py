"""The licence servers of one cluster are of different versions."""

from collections.abc import Iterator

from dslsconsole.audit.facts import ClusterFacts
from dslsconsole.audit.rule import Rule, Verdict, all_same, found, known
from dslsconsole.model.node import ServerStatus
from dslsconsole.model.verdict import Severity


def rule() -> Rule:
    return Rule(
        severity=Severity.WARNING,
        about="the versions of the licence servers",
        why="Replication of tokens and state is only promised between servers of one version; where they differ, a "
        "failover is the first "
        "time the older one reads what the newer one wrote.",
        of_cluster=_judge,
    )


def _judge(facts: ClusterFacts) -> Iterator[Verdict]:
    values, missing = known(facts.main.nodes, lambda host: host.status)
    return all_same(values, missing, _differ)


def _differ(told: dict[str, ServerStatus]) -> Iterator[Verdict]:
    versions = {host: status.version for host, status in told.items() if status.version is not None}
    if len(set(versions.values())) > 1:
        newest = max(filter(None, versions.values()))
        yield found(
            "",
            "the licence servers are of different versions",
            f"Install {newest} on all nodes, one after another, the backup first; a failover in between tests it.",
            *(f"{host} runs {version}" for host, version in versions.items()),
        )
