"""keepalived's password is longer than what counts of it."""

from collections.abc import Iterator

from dslsconsole.audit.facts import HostFacts
from dslsconsole.audit.of_keepalived import of_instances
from dslsconsole.audit.rule import Rule, Verdict, found
from dslsconsole.audit.wording import in_keepalived
from dslsconsole.model.verdict import Severity
from dslsconsole.systems.keepalived.configuration import LONGEST_SECRET, Instance, KeepalivedConfig


def rule() -> Rule:
    return Rule(
        severity=Severity.WARNING,
        about="the length of keepalived's password",
        why="Of auth_pass eight characters count; with more, `keepalived -t` ends with an error (status 6 on 2.2), "
        "so that a check "
        "before a reload always fails and nobody looks any more. It goes over the network in clear, and protects "
        "from mistakes alone "
        "(RFC 3768 took it out).",
        of_cluster=lambda facts: of_instances(facts, _judge),
    )


def _judge(host: HostFacts, _config: KeepalivedConfig, instance: Instance) -> Iterator[Verdict]:
    if instance.auth_length > LONGEST_SECRET:
        yield found(
            host.name,
            f"keepalived's password on {host.name} is cut to {LONGEST_SECRET} characters",
            in_keepalived(
                host.name, "write an `auth_pass` of at most eight characters, the same on both load balancers"
            ),
            f"auth_pass has {instance.auth_length} characters (it is not shown)",
        )
