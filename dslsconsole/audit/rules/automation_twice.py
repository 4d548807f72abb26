"""The same loop or timer runs on a second host."""

from collections.abc import Iterator

from dslsconsole.audit.facts import ClusterFacts, HostFacts
from dslsconsole.audit.rule import Rule, Verdict, found, of_each
from dslsconsole.audit.wording import listed
from dslsconsole.model.verdict import Severity


def rule() -> Rule:
    return Rule(
        severity=Severity.CRITICAL,
        about="whether loops and timers run in one place only",
        why="Two token loops push two servers' states over each other, each taking the other's for a mismatch to "
        "be forced; two copiers "
        "delete what the other has just written. And an operation pauses only those that the estate file names.",
        of_cluster=_judge,
    )


def _judge(facts: ClusterFacts) -> Iterator[Verdict]:
    if not facts.cluster.automation:
        return iter(())
    return of_each(facts.nodes, lambda host: host.units, lambda host, _units: _of_host(facts, host))


def _of_host(facts: ClusterFacts, host: HostFacts) -> Iterator[Verdict]:
    homes: dict[str, list[str]] = {}
    for one in facts.cluster.automation:
        homes.setdefault(one.unit, []).append(one.node)
    for name, nodes in homes.items():
        unit = host.unit(name)
        if host.name not in nodes and unit is not None and (unit.active == "active" or unit.starts_at_boot):
            yield found(
                host.name,
                f"{name} runs on {host.name} too, beside {listed(nodes)}",
                f"On {host.name}: systemctl disable --now {name}; or name it under `automation` in the estate file.",
                f"ActiveState={unit.active}, UnitFileState={unit.enabled} on {host.name}",
            )
