"""A licence server of the DR site starts whenever its host does."""

from collections.abc import Iterator

from dslsconsole.audit.facts import ClusterFacts, HostFacts
from dslsconsole.audit.rule import Rule, Verdict, found, of_each
from dslsconsole.audit.wording import full_unit
from dslsconsole.model.verdict import Severity
from dslsconsole.settings.hosts import Site


def rule() -> Rule:
    return Rule(
        severity=Severity.CRITICAL,
        about="whether the DR site's servers start by themselves",
        why="A DR server that starts at boot with the copied state grants the same licences a second time beside "
        "the main site. It is "
        "started by `dr-activate` alone, after the main site is proven dead.",
        of_cluster=_judge,
    )


def _judge(facts: ClusterFacts) -> Iterator[Verdict]:
    there = [host for site in facts.sites if site.site is Site.DR for host in site.nodes]
    return of_each(there, lambda host: host.units, lambda host, _units: _of_host(host))


def _of_host(host: HostFacts) -> Iterator[Verdict]:
    name = full_unit(host.address.unit or "dsls")
    unit = host.unit(name)
    if unit is not None and unit.starts_at_boot:
        yield found(
            host.name,
            f"{name} on {host.name} starts with its host, beside the main site",
            f"On {host.name}: systemctl disable {name}.",
            f"UnitFileState={unit.enabled}",
        )
