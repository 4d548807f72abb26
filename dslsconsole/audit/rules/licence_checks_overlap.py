"""The arbitrator begins a check before the last one can have ended."""

from collections.abc import Iterator

from dslsconsole.audit.facts import HostFacts, Settings
from dslsconsole.audit.of_licence import in_own_file, seconds
from dslsconsole.audit.rule import Rule, Verdict, found, of_each
from dslsconsole.model.verdict import Severity


def rule() -> Rule:
    return Rule(
        severity=Severity.WARNING,
        about="whether the servers' health checks overlap",
        why="With DSLS_HEALTH_CHECK_TIMEOUT above its interval, checks of a slow node pile up and are counted as "
        "failures of a node that "
        "would have answered (the guide has 30 s and 15 s).",
        of_cluster=lambda facts: of_each(facts.main.nodes, lambda host: host.licence, _of_host),
    )


def _of_host(host: HostFacts, settings: Settings) -> Iterator[Verdict]:
    interval, timeout = seconds(settings, "DSLS_HEALTH_CHECK_INTERVAL"), seconds(settings, "DSLS_HEALTH_CHECK_TIMEOUT")
    if interval is not None and timeout is not None and timeout > interval:
        yield found(
            host.name,
            f"health checks of {host.name} overlap: each may take {timeout:g} s, and one begins every {interval:g} s",
            in_own_file(host, f"write `DSLS_HEALTH_CHECK_TIMEOUT={max(1.0, interval // 3):g}`"),
            f"DSLS_HEALTH_CHECK_INTERVAL={interval:g}",
            f"DSLS_HEALTH_CHECK_TIMEOUT={timeout:g}",
        )
