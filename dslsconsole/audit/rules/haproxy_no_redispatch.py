"""A connection that fails is tried on the same server again."""

from collections.abc import Iterator

from dslsconsole.audit.facts import HostFacts
from dslsconsole.audit.of_haproxy import of_backends
from dslsconsole.audit.rule import Rule, Verdict, found
from dslsconsole.audit.wording import in_haproxy
from dslsconsole.model.verdict import Severity
from dslsconsole.systems.haproxy.configuration import HaproxyConfig, Proxy


def rule() -> Rule:
    return Rule(
        severity=Severity.WARNING,
        about="where a failed connection is tried again",
        why="Without `option redispatch` all retries go to the server that did not answer, until it is marked "
        "down; with it the "
        "last one goes to another server (HAProxy configuration manual, `option redispatch`).",
        of_cluster=lambda facts: of_backends(facts, _judge),
    )


def _judge(host: HostFacts, _config: HaproxyConfig, backend: Proxy) -> Iterator[Verdict]:
    if "redispatch" not in backend.options and len(backend.servers) > 1:
        yield found(
            host.name,
            f"{host.name} tries a failed connection on the same server again",
            in_haproxy(host.name, f"write `option redispatch` in backend {backend.name}"),
            f"backend {backend.name} has no option redispatch",
        )
