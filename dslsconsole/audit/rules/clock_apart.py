"""A host's clock is not that of the others."""

from collections.abc import Iterator

from dslsconsole.audit.facts import ClusterFacts
from dslsconsole.audit.rule import Rule, Verdict, fine, found, known
from dslsconsole.model.verdict import Severity

MOST_S = 5.0
"""A server's peers take it for dead after so long; logs of two hosts can't be laid side by side any more."""


def rule() -> Rule:
    return Rule(
        severity=Severity.WARNING,
        about="whether the hosts' clocks agree",
        why="Sync lag, lock ages and logs are compared between hosts; a DSLS cluster refuses members more than an "
        "hour apart, and a name "
        "server refuses signed updates that are 5 minutes off (RFC 8945), which is when the DR site is being "
        "activated.",
        of_cluster=_judge,
    )


def _judge(facts: ClusterFacts) -> Iterator[Verdict]:
    offsets, missing = known(facts.hosts, lambda host: host.clock_offset)
    yield from missing
    middle = sorted(offsets.values())[len(offsets) // 2] if offsets else 0.0
    for host, offset in offsets.items():
        if abs(offset - middle) > MOST_S:
            side = "ahead of" if offset > middle else "behind"
            yield found(
                host,
                f"the clock of {host} is {abs(offset - middle):.0f} s {side} the others'",
                f"On {host}: timedatectl set-ntp true && chronyc makestep.",
                f"{offset:+.1f} s from the console's, the hosts' middle is {middle:+.1f} s",
            )
        else:
            yield fine(host)
