"""systemd goes by an older unit file than the one on disk."""

from collections.abc import Iterator

from dslsconsole.audit.facts import ClusterFacts, HostFacts
from dslsconsole.audit.rule import Rule, Verdict, found, of_each
from dslsconsole.model.verdict import Severity


def rule() -> Rule:
    return Rule(
        severity=Severity.WARNING,
        about="whether systemd knows the unit files as they are",
        why="Until `daemon-reload` systemd goes by the old file: the next start differs from what everybody reads, "
        "and may come in the "
        "middle of an operation.",
        of_cluster=_judge,
    )


def _judge(facts: ClusterFacts) -> Iterator[Verdict]:
    return of_each(facts.hosts, lambda host: host.units, lambda host, _units: _of_host(host))


def _of_host(host: HostFacts) -> Iterator[Verdict]:
    for name in host.unit_names:
        unit = host.unit(name)
        if unit is not None and unit.stale:
            yield found(
                host.name,
                f"systemd on {host.name} goes by an old {name}",
                f"On {host.name}: systemctl daemon-reload.",
                "NeedDaemonReload=yes",
            )
