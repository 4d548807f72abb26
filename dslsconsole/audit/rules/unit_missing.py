"""systemd does not know a unit that the estate file names."""

from collections.abc import Iterator

from dslsconsole.audit.facts import ClusterFacts, HostFacts
from dslsconsole.audit.rule import Rule, Verdict, found, of_each
from dslsconsole.audit.wording import full_unit, in_estate
from dslsconsole.model.verdict import Severity


def rule() -> Rule:
    return Rule(
        severity=Severity.CRITICAL,
        about="whether the units of the estate file exist",
        why="A unit of another name always shows as inactive, and every start and stop of a runbook fails with "
        "“Unit not found” in the "
        "middle of an operation.",
        of_cluster=_judge,
    )


def _judge(facts: ClusterFacts) -> Iterator[Verdict]:
    return of_each(facts.nodes, lambda host: host.units, lambda host, _units: _of_host(facts, host))


def _of_host(facts: ClusterFacts, host: HostFacts) -> Iterator[Verdict]:
    named = [
        full_unit(host.address.unit or "dsls"),
        *(one.unit for one in facts.cluster.automation if one.node == host.name),
    ]
    for name in dict.fromkeys(named):
        unit = host.unit(name)
        if unit is not None and not unit.exists:
            yield found(
                host.name,
                f"there is no unit {name} on {host.name}",
                in_estate(f"write the unit's name as `systemctl list-unit-files` on {host.name} tells it"),
                "LoadState=not-found",
            )
