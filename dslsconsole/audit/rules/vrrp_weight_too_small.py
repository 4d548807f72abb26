"""A failing script does not move the address."""

from collections.abc import Iterator

from dslsconsole.audit.of_keepalived import of_pairs
from dslsconsole.audit.rule import Rule, Verdict, found, unknown
from dslsconsole.audit.wording import in_keepalived
from dslsconsole.model.verdict import Severity
from dslsconsole.systems.keepalived.configuration import Instance, KeepalivedConfig

Pair = dict[str, tuple[KeepalivedConfig, Instance]]


def rule() -> Rule:
    return Rule(
        severity=Severity.CRITICAL,
        about="whether a failing script is enough to move the address",
        why="A script's weight is added to the priority while it succeeds, or taken from it while it fails. Where "
        "the rest is still "
        "above the other host's, or preemption is off, the address stays on the host whose HAProxy is dead "
        "(priority 101 with weight 2 "
        "needs a backup of 100, and a usual 90 never takes over). Weight 0 gives it up whatever the priorities are.",
        of_cluster=lambda facts: of_pairs(facts, _judge),
    )


def _judge(pair: Pair) -> Iterator[Verdict]:
    for host, (config, instance) in pair.items():
        weights = [weight for _, weight in config.scripts_of(instance)]
        others = {name: _best(*told) for name, told in pair.items() if name != host}
        if not weights or 0 in weights:
            continue
        worst = _with(instance.priority, weights, well=False)
        if worst is None or None in others.values():
            yield unknown(host, f"the priorities of keepalived on {host} are no plain numbers")
            continue
        above = {name: best for name, best in others.items() if best is not None and best > worst}
        if instance.nopreempt or not above:
            left = [f"{name} reaches {best}" for name, best in others.items()]
            yield found(
                host,
                f"{host} keeps the service address although its script fails",
                in_keepalived(host, "write `weight 0` in the vrrp_script that the instance tracks"),
                f"priority {worst} while the script fails",
                *left,
                *(["nopreempt: a higher priority alone takes nothing over"] if instance.nopreempt else []),
            )


def _best(config: KeepalivedConfig, instance: Instance) -> int | None:
    return _with(instance.priority, [weight for _, weight in config.scripts_of(instance)], well=True)


def _with(priority: int | None, weights: list[int | None], *, well: bool) -> int | None:
    """The effective priority while all scripts succeed, or fail."""
    if priority is None or None in weights:
        return None
    counted = [weight for weight in weights if weight is not None and (weight > 0) == well]
    return min(254, max(1, priority + sum(counted)))
