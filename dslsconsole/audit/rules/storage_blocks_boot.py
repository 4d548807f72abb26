"""A host does not come up while the storage is away, or mounts it twice."""

from collections.abc import Iterator, Sequence

from dslsconsole.audit.facts import ClusterFacts, HostFacts
from dslsconsole.audit.rule import Rule, Verdict, found, of_each
from dslsconsole.model.verdict import Severity
from dslsconsole.systems.storage.fstab import FstabEntry


def rule() -> Rule:
    return Rule(
        severity=Severity.WARNING,
        about="how /etc/fstab has the shared storage",
        why="Without `nofail` a host that reboots while the NFS server is away ends in emergency mode, without "
        "SSH: neither console nor "
        "person reaches it. Without `_netdev` the mount is tried before the network. A line that was appended "
        "twice mounts twice, and "
        "one umount does not take it away (fstab(5), systemd.mount(5)).",
        of_cluster=_judge,
    )


def _judge(facts: ClusterFacts) -> Iterator[Verdict]:
    return of_each(facts.main.nodes, lambda host: host.fstab, lambda host, entries: _of_host(facts, host, entries))


def _of_host(facts: ClusterFacts, host: HostFacts, entries: Sequence[FstabEntry]) -> Iterator[Verdict]:
    for path in facts.cluster.storage.paths.values() if facts.cluster.storage is not None else ():
        there = [entry for entry in entries if entry.path == path.rstrip("/")]
        if not there:
            # It may be a .mount unit's or the automounter's; whether it is mounted is an alert's question.
            continue
        entry = there[-1]
        lazy = entry.options & {"nofail", "noauto", "x-systemd.automount"}
        network = entry.fstype.startswith("nfs") or "_netdev" in entry.options
        wrong = [
            *([] if lazy else ["has no nofail"]),
            *([] if network else ["has no _netdev"]),
            *([f"stands there {len(there)} times"] if len(there) > 1 else []),
        ]
        if wrong:
            yield found(
                host.name,
                f"{path} in /etc/fstab of {host.name} {' and '.join(wrong)}",
                f"On {host.name}, in /etc/fstab, leave one line for {path}: {entry.source} {path} {entry.fstype} "
                "hard,nofail,_netdev 0 0; "
                "then: systemctl daemon-reload.",
                *(f"{one.source} {one.path} {one.fstype} {','.join(sorted(one.options))}" for one in there),
            )
