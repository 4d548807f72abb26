"""A host's clock is not kept by anybody."""

from collections.abc import Iterator

from dslsconsole.audit.facts import HostFacts
from dslsconsole.audit.rule import Rule, Verdict, found, of_each, unknown
from dslsconsole.model.verdict import Severity
from dslsconsole.systems.node.configuration import TimeService


def rule() -> Rule:
    return Rule(
        severity=Severity.WARNING,
        about="whether the hosts' clocks are kept",
        why="A clock that nobody keeps is right until it is not: elections, signed DNS updates and the order of "
        "events in the logs go by "
        "it.",
        of_cluster=lambda facts: of_each(facts.hosts, lambda host: host.time, _of_host),
    )


def _of_host(host: HostFacts, time: TimeService) -> Iterator[Verdict]:
    if time.synchronised is None:
        yield unknown(host.name, f"timedatectl on {host.name} does not tell whether the clock is synchronised")
    elif not time.synchronised:
        yield found(
            host.name,
            f"the clock of {host.name} is not synchronised",
            f"On {host.name}: apt-get install chrony (dnf on Red Hat) && systemctl enable --now chrony; chronyc "
            "tracking.",
            "NTPSynchronized=no",
            *(["NTP=no"] if time.enabled is False else []),
        )
