"""A server is not checked at all."""

from collections.abc import Iterator

from dslsconsole.audit.facts import HostFacts
from dslsconsole.audit.of_haproxy import of_backends
from dslsconsole.audit.rule import Rule, Verdict, found
from dslsconsole.audit.wording import in_haproxy
from dslsconsole.model.verdict import Severity
from dslsconsole.systems.haproxy.configuration import HaproxyConfig, Proxy


def rule() -> Rule:
    return Rule(
        severity=Severity.CRITICAL,
        about="whether every server has health checks",
        why="Without `check` HAProxy takes a server for up for ever (“no check”): clients are sent to it dead or "
        "alive, and "
        "the backup never gets a turn (HAProxy configuration manual, 5.2 `check`).",
        of_cluster=lambda facts: of_backends(facts, _judge),
    )


def _judge(host: HostFacts, _config: HaproxyConfig, backend: Proxy) -> Iterator[Verdict]:
    for server in backend.servers:
        if not server.checked and "track" not in server.words:
            yield found(
                host.name,
                f"{host.name} never checks {server.name}",
                in_haproxy(
                    host.name,
                    f"add `check inter 5s fastinter 1s fall 3 rise 2` to the line `server {server.name}` of "
                    f"{backend.name}",
                ),
                f"server {server.name} has no check",
            )
