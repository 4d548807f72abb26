"""A site has one load balancer."""

from collections.abc import Iterator

from dslsconsole.audit.facts import ClusterFacts
from dslsconsole.audit.rule import Rule, Verdict, fine, found
from dslsconsole.audit.wording import in_estate
from dslsconsole.model.verdict import Severity


def rule() -> Rule:
    return Rule(
        severity=Severity.WARNING,
        about="whether the main site's load balancers are redundant",
        why="All clients come through HAProxy: with one of it, or with two and nothing that moves the address "
        "between them, its loss is an "
        "outage although every licence server is well.",
        of_cluster=_judge,
    )


def _judge(facts: ClusterFacts) -> Iterator[Verdict]:
    balancing = facts.main.balancing
    if balancing is None:
        return
    (first, *others) = balancing.hosts
    if not others:
        yield found(
            first,
            f"{first} is the only load balancer of {facts.name}",
            in_estate("name a second one under load_balancers.hosts, with the same backend, and keepalived on both"),
            "load_balancers.hosts names one host",
        )
    elif not balancing.keepalived:
        yield found(
            "",
            f"nothing is known to move the address between the load balancers of {facts.name}",
            in_estate(
                f"write `keepalived: true` under load_balancers of {facts.name}, once it runs on "
                f"{' and '.join(balancing.hosts)}"
            ),
            "load_balancers.keepalived is false",
        )
    else:
        yield fine()
