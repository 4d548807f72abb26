"""Only one host can change the DNS record, or nobody with a key."""

from collections.abc import Iterator

from dslsconsole.audit.facts import ClusterFacts
from dslsconsole.audit.rule import Rule, Verdict, fine, found
from dslsconsole.audit.wording import in_estate
from dslsconsole.model.verdict import Severity


def rule() -> Rule:
    return Rule(
        severity=Severity.WARNING,
        about="who can change the DNS record",
        why="The record is changed in a disaster. Hosts of the lost site can't do it, one host alone may be the "
        "one that is down, and an "
        "update without a key is refused, or open to everybody.",
        of_cluster=_judge,
    )


def _judge(facts: ClusterFacts) -> Iterator[Verdict]:
    dr = facts.cluster.dr
    if dr is None or dr.dns is None:
        return
    able = dr.dns.run_on or tuple(dr.nodes)
    lasting = [name for name in able if name in dr.nodes]
    wrong = []
    if len(lasting) < 2 and len(dr.nodes) > 1:
        wrong.append(
            found(
                "",
                f"{lasting[0]} alone can change {dr.dns.record} in a disaster"
                if lasting
                else f"no host of the DR site can change {dr.dns.record}",
                in_estate(
                    f"write `run_on: [{', '.join(dr.nodes)}]` under dr.dns of {facts.name}, and put the key on each"
                ),
                f"dr.dns.run_on is {', '.join(able)}",
            )
        )
    if dr.dns.key_file is None:
        wrong.append(
            found(
                "",
                f"{dr.dns.record} is changed without a key",
                in_estate(
                    "write `key_file: /etc/bind/keys/NAME.key` under dr.dns, and allow that key alone in the "
                    "zone's update-policy"
                ),
                "dr.dns has no key_file",
            )
        )
    yield from wrong or [fine()]
