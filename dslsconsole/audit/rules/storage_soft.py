"""The shared storage is mounted so that it may lose writes without a word."""

from collections.abc import Iterator, Mapping

from dslsconsole.audit.facts import ClusterFacts, HostFacts
from dslsconsole.audit.rule import Rule, Verdict, found, of_each
from dslsconsole.model.verdict import Severity
from dslsconsole.systems.storage.fstab import Mounted


def rule() -> Rule:
    return Rule(
        severity=Severity.CRITICAL,
        about="how the shared storage is mounted",
        why="With `soft` a write to a slow NFS server fails after its retries, and what is on it may be half the "
        "old and half the new "
        "state: “soft” can cause silent data corruption (nfs(5)). A read-only mount stops a server that is "
        "promoted there.",
        of_cluster=_judge,
    )


def _judge(facts: ClusterFacts) -> Iterator[Verdict]:
    return of_each(facts.main.nodes, lambda host: host.mounts, lambda host, mounts: _of_host(facts, host, mounts))


def _of_host(facts: ClusterFacts, host: HostFacts, mounts: Mapping[str, Mounted]) -> Iterator[Verdict]:
    for path in facts.cluster.storage.paths.values() if facts.cluster.storage is not None else ():
        mount = mounts.get(path.rstrip("/"))
        if mount is None or not mount.point.fstype.startswith("nfs"):
            continue
        bad = sorted(mount.options & {"soft", "softerr", "ro"})
        if bad:
            yield found(
                host.name,
                f"{path} on {host.name} is mounted {' and '.join(bad)}",
                f"On {host.name}, in /etc/fstab, write `hard` and `rw` for {path}; then stop the licence server "
                f"there, umount {path} && mount {path}.",
                f"{mount.point.source} {mount.point.fstype} {','.join(sorted(mount.options))}",
            )
