"""The servers go back by themselves as soon as the old primary returns."""

from collections.abc import Iterator

from dslsconsole.audit.facts import ClusterFacts, HostFacts, Settings
from dslsconsole.audit.of_licence import in_failover_file
from dslsconsole.audit.rule import Rule, Verdict, found, of_each
from dslsconsole.model.verdict import Severity


def rule() -> Rule:
    return Rule(
        severity=Severity.CRITICAL,
        about="whether the servers fail back by themselves",
        why="With RECOVERY_MODE=automatic an old primary that comes and goes moves the service each time, with "
        "stale state, and races "
        "with the person on call. A failback is a decision: `dslsconsole run failback` proves what it needs.",
        of_cluster=_judge,
    )


def _judge(facts: ClusterFacts) -> Iterator[Verdict]:
    return of_each(facts.main.nodes, lambda host: host.failover, _of_host, may_lack=True)


def _of_host(host: HostFacts, settings: Settings) -> Iterator[Verdict]:
    if settings.get("RECOVERY_MODE", "").lower() == "automatic":
        yield found(
            host.name,
            f"{host.name} fails back by itself",
            in_failover_file(host, "write `RECOVERY_MODE=manual`"),
            "RECOVERY_MODE=automatic",
        )
