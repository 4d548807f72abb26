"""A server that crashes again and again looks as if it ran."""

from collections.abc import Iterator

from dslsconsole.audit.facts import ClusterFacts, HostFacts
from dslsconsole.audit.rule import Rule, Verdict, found, of_each
from dslsconsole.audit.wording import full_unit, in_unit
from dslsconsole.model.verdict import Severity
from dslsconsole.systems.systemd.settings import UnitSettings


def rule() -> Rule:
    return Rule(
        severity=Severity.WARNING,
        about="whether systemd gives a crashing server up",
        why="Where StartLimitBurst starts take longer than StartLimitIntervalSec, systemd never gives up: "
        "`Restart=always` with "
        "`RestartSec=10` and the default of 5 starts in 10 s restarts a broken server for ever, `is-active` says "
        "active, and no "
        "failover is due.",
        of_cluster=_judge,
    )


def _judge(facts: ClusterFacts) -> Iterator[Verdict]:
    return of_each(facts.nodes, lambda host: host.units, lambda host, _units: _of_host(host))


def _of_host(host: HostFacts) -> Iterator[Verdict]:
    name = full_unit(host.address.unit or "dsls")
    unit = host.unit(name)
    if unit is None or unit.restart in ("", "no") or unit.restart_s is None:
        return
    limit = unit.limit_s if unit.limit_s is not None else 10.0
    burst = unit.limit_burst if unit.limit_burst is not None else 5
    if limit == 0 or _takes(unit, burst) > limit:
        needed = int(_takes(unit, burst) * 2) + 60
        yield found(
            host.name,
            f"systemd restarts {name} on {host.name} for ever",
            in_unit(host.name, name, "[Unit]", f"StartLimitIntervalSec={needed}", f"StartLimitBurst={burst or 5}"),
            f"Restart={unit.restart}, RestartSec={unit.restart_s:g}",
            f"StartLimitIntervalSec={limit:g}, StartLimitBurst={burst}",
        )


def _takes(unit: UnitSettings, burst: int) -> float:
    """Seconds that so many starts take at the least."""
    return burst * (unit.restart_s or 0.0)
