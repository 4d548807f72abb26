"""A server of the main site does not come back with its host."""

from collections.abc import Iterator

from dslsconsole.audit.facts import ClusterFacts, HostFacts
from dslsconsole.audit.rule import Rule, Verdict, found, of_each
from dslsconsole.audit.wording import full_unit
from dslsconsole.model.verdict import Severity
from dslsconsole.settings.hosts import HostKind


def rule() -> Rule:
    return Rule(
        severity=Severity.WARNING,
        about="whether what serves comes back after a reboot",
        why="A unit that is not enabled stays down after the next reboot: redundancy is gone without a failure "
        "that anybody saw. (A node "
        "in quarantine is kept from starting on purpose.)",
        of_cluster=_judge,
    )


def _judge(facts: ClusterFacts) -> Iterator[Verdict]:
    hosts = (*facts.main.nodes, *facts.balancers)
    return of_each(hosts, lambda host: host.units, lambda host, _units: _of_host(host))


def _of_host(host: HostFacts) -> Iterator[Verdict]:
    is_balancer = host.address.kind is HostKind.BALANCER
    for name in host.unit_names if is_balancer else (full_unit(host.address.unit or "dsls"),):
        unit = host.unit(name)
        if unit is not None and unit.exists and unit.enabled in ("disabled", "masked", "masked-runtime", "indirect"):
            masked = unit.enabled.startswith("masked")
            yield found(
                host.name,
                f"{name} on {host.name} is {unit.enabled} and does not come back after a reboot",
                f"On {host.name}: systemctl {'unmask' if masked else 'enable'} {name}"
                + ("." if is_balancer else "; where it is in quarantine, dslsconsole run quarantine-end instead."),
                f"UnitFileState={unit.enabled}",
            )
