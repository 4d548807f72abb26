"""Everybody on the network may take servers out by the statistics page."""

from collections.abc import Iterator

from dslsconsole.audit.facts import HostFacts
from dslsconsole.audit.rule import Rule, Verdict, found, of_each
from dslsconsole.audit.wording import in_haproxy
from dslsconsole.model.verdict import Severity
from dslsconsole.systems.haproxy.configuration import HaproxyConfig


def rule() -> Rule:
    return Rule(
        severity=Severity.CRITICAL,
        about="who may act by the statistics page",
        why="`stats admin if TRUE` without `stats auth` lets anybody who reaches the port, and any web page that "
        "somebody's browser "
        "opens, put both servers into maintenance with one POST (done on HAProxy 2.6.12: both were in MAINT).",
        of_cluster=lambda facts: of_each(facts.balancers, lambda host: host.haproxy, _of_host),
    )


def _of_host(host: HostFacts, config: HaproxyConfig) -> Iterator[Verdict]:
    for page in config.proxies:
        reachable = [bind for bind in page.binds if not bind.is_local]
        if not page.stats or page.stats_admin is None or not reachable:
            continue
        if not page.stats_auth and page.stats_admin.lower() in ("if true", "unless false", ""):
            advice = (
                "write `stats auth USER:PASSWORD` beside it and bind it with `ssl crt FILE`, or take `stats admin` "
                "away and use the socket"
            )
            severity, told = Severity.CRITICAL, "lets anybody take servers out"
        elif page.stats_auth and any(not bind.tls for bind in reachable):
            advice = "add `ssl crt FILE` to its `bind` line, or bind it to 127.0.0.1"
            severity, told = Severity.WARNING, "sends its password readable by everybody on the way"
        else:
            continue
        yield found(
            host.name,
            f"the statistics page {page.name} on {host.name} {told}",
            in_haproxy(host.name, f"in {page.kind} {page.name}, {advice}"),
            *(f"bind {bind.address}:{bind.port if bind.port is not None else '?'}" for bind in reachable),
            f"stats admin {page.stats_admin}",
            severity=severity,
        )
