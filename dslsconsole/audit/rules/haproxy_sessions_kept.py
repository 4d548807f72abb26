"""Sessions stay on a server that is down."""

from collections.abc import Iterator

from dslsconsole.audit.facts import HostFacts
from dslsconsole.audit.of_haproxy import of_backends
from dslsconsole.audit.rule import Rule, Verdict, found
from dslsconsole.audit.wording import in_haproxy, listed
from dslsconsole.model.verdict import Severity
from dslsconsole.systems.haproxy.configuration import HaproxyConfig, Proxy


def rule() -> Rule:
    return Rule(
        severity=Severity.WARNING,
        about="what becomes of sessions when their server goes down",
        why="HAProxy leaves established sessions where they are when a server is marked down or in maintenance: "
        "their clients "
        "hang on a dead server until their own time limit, instead of connecting anew to the one that serves "
        "(measured: "
        "sessions stayed on a server in MAINT).",
        of_cluster=lambda facts: of_backends(facts, _judge),
    )


def _judge(host: HostFacts, _config: HaproxyConfig, backend: Proxy) -> Iterator[Verdict]:
    keeping = [server.name for server in backend.servers if not server.ends_sessions]
    if keeping:
        yield found(
            host.name,
            f"sessions on {host.name} stay with {listed(keeping)} when it is down",
            in_haproxy(host.name, f"write `default-server on-marked-down shutdown-sessions` in backend {backend.name}"),
            *(f"server {name} has no on-marked-down shutdown-sessions" for name in keeping),
        )
