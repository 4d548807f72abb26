"""Both load balancers have the same priority."""

from collections.abc import Iterator

from dslsconsole.audit.of_keepalived import of_pairs
from dslsconsole.audit.rule import Rule, Verdict, found
from dslsconsole.audit.wording import in_keepalived
from dslsconsole.model.verdict import Severity
from dslsconsole.systems.keepalived.configuration import Instance, KeepalivedConfig


def rule() -> Rule:
    return Rule(
        severity=Severity.WARNING,
        about="the priorities of the pair",
        why="With the same priority the higher IP address decides who holds the service address, and both may take "
        "it for a moment "
        "when they start together (RFC 5798, 6.4.3): nobody on call knows where it should be.",
        of_cluster=lambda facts: of_pairs(facts, _judge),
    )


def _judge(pair: dict[str, tuple[KeepalivedConfig, Instance]]) -> Iterator[Verdict]:
    by_priority: dict[int | None, list[str]] = {}
    for host, (_, instance) in pair.items():
        by_priority.setdefault(instance.priority, []).append(host)
    for priority, hosts in by_priority.items():
        if len(hosts) > 1:
            yield found(
                hosts[-1],
                f"{' and '.join(hosts)} have the same priority",
                in_keepalived(
                    hosts[-1],
                    f"write a lower `priority` than {priority}; where the tracked script has a weight, by less "
                    "than that",
                ),
                f"priority {priority}",
            )
