"""Two servers of a cluster have different storage under the same path."""

from collections.abc import Iterator

from dslsconsole.audit.facts import ClusterFacts
from dslsconsole.audit.rule import Rule, Verdict, all_same, found, known
from dslsconsole.model.verdict import Severity
from dslsconsole.systems.storage.fstab import Mounted


def rule() -> Rule:
    return Rule(
        severity=Severity.CRITICAL,
        about="whether all servers have the same storage",
        why="A failover counts on the other server reading what this one wrote. Another export, or a local disk, "
        "under the same path has "
        "older licences and another state.",
        of_cluster=_judge,
    )


def _judge(facts: ClusterFacts) -> Iterator[Verdict]:
    if facts.cluster.storage is None or facts.cluster.storage.kind != "nfs":
        return iter(())
    paths = list(facts.cluster.storage.paths.values())
    values, missing = known(facts.main.nodes, lambda host: host.mounts)
    return all_same(values, missing, lambda told: _differ(paths, told))


def _differ(paths: list[str], told: dict[str, dict[str, Mounted]]) -> Iterator[Verdict]:
    for path in paths:
        sources = {host: _source(mounts.get(path.rstrip("/"))) for host, mounts in told.items()}
        if len(set(sources.values())) > 1:
            yield found(
                "",
                f"{path} is not the same everywhere",
                f"Mount the same export at {path} on {', '.join(sources)}, with the same line in /etc/fstab.",
                *(f"{source} on {host}" for host, source in sources.items()),
            )


def _source(mount: Mounted | None) -> str:
    return "nothing is mounted" if mount is None else f"{mount.point.source} ({mount.point.fstype})"
