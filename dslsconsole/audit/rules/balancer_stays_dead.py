"""HAProxy or keepalived is not started again when it ends."""

from collections.abc import Iterator

from dslsconsole.audit.facts import ClusterFacts, HostFacts
from dslsconsole.audit.rule import Rule, Verdict, found, of_each
from dslsconsole.audit.wording import in_unit
from dslsconsole.model.verdict import Severity


def rule() -> Rule:
    return Rule(
        severity=Severity.WARNING,
        about="whether systemd starts HAProxy and keepalived again",
        why="They hold no licence state, so starting them again is safe. A keepalived that was killed leaves the "
        "address on its host "
        "while the other one takes it too; only its next start takes it away.",
        of_cluster=_judge,
    )


def _judge(facts: ClusterFacts) -> Iterator[Verdict]:
    return of_each(facts.balancers, lambda host: host.units, lambda host, _units: _of_host(host))


def _of_host(host: HostFacts) -> Iterator[Verdict]:
    for name in host.unit_names:
        unit = host.unit(name)
        if unit is not None and unit.exists and unit.restart == "no":
            yield found(
                host.name,
                f"{name} on {host.name} stays dead when it dies",
                in_unit(host.name, name, "[Service]", "Restart=on-failure", "RestartSec=1"),
                "Restart=no",
            )
