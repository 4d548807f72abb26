"""A loop or timer that the cluster lives by does not run, or not after the next reboot."""

from collections.abc import Iterator

from dslsconsole.audit.facts import ClusterFacts, HostFacts
from dslsconsole.audit.rule import Rule, Verdict, found, of_each
from dslsconsole.model.verdict import Severity


def rule() -> Rule:
    return Rule(
        severity=Severity.WARNING,
        about="whether the loops and timers under `automation` run and come back",
        why="While the DR timer or the token loop is off the copies grow old, which shows only when they are "
        "needed. One that runs and is "
        "not enabled is gone after the next reboot.",
        of_cluster=_judge,
    )


def _judge(facts: ClusterFacts) -> Iterator[Verdict]:
    hosts = [host for host in facts.nodes if any(one.node == host.name for one in facts.cluster.automation)]
    return of_each(hosts, lambda host: host.units, lambda host, _units: _of_host(facts, host))


def _of_host(facts: ClusterFacts, host: HostFacts) -> Iterator[Verdict]:
    for one in facts.cluster.automation:
        unit = host.unit(one.unit) if one.node == host.name else None
        if unit is None or not unit.exists or (unit.active == "active" and unit.enabled != "disabled"):
            continue
        said = "is not enabled" if unit.active == "active" else "does not run"
        yield found(
            host.name,
            f"{one.name} ({one.unit}) on {host.name} {said}",
            f"On {host.name}: systemctl enable --now {one.unit}; or take it from `automation` in the estate file.",
            f"ActiveState={unit.active}, UnitFileState={unit.enabled}",
        )
