"""The health check asks nothing of the licence server, or does not look at the answer."""

from collections.abc import Iterator

from dslsconsole.audit.facts import HostFacts
from dslsconsole.audit.of_haproxy import of_backends
from dslsconsole.audit.rule import Rule, Verdict, found
from dslsconsole.audit.wording import in_haproxy
from dslsconsole.model.verdict import Severity
from dslsconsole.systems.haproxy.configuration import Check, HaproxyConfig, Proxy


def rule() -> Rule:
    return Rule(
        severity=Severity.CRITICAL,
        about="what the health check asks",
        why="A licence server that hangs, or waits for its storage, still takes connections: the kernel accepts "
        "them for it. A "
        "check that only connects keeps it up while nobody gets a licence. The server answers `STATUS` on its port "
        "with "
        "`Server Status: Running` (high-availability guide, HAProxy configuration).",
        of_cluster=lambda facts: of_backends(facts, _judge),
    )


def _judge(host: HostFacts, _config: HaproxyConfig, backend: Proxy) -> Iterator[Verdict]:
    if backend.check is Check.ANSWER or not any(server.checked for server in backend.servers):
        return
    told = "sends something and looks at no answer" if backend.check is Check.SEND_ONLY else "only connects"
    yield found(
        host.name,
        f"the health check of {backend.name} on {host.name} {told}",
        in_haproxy(
            host.name,
            f'write in backend {backend.name}: `option tcp-check`, `tcp-check send "STATUS\\r\\n"` and '
            '`tcp-check expect string "Server Status: Running"`',
        ),
        f"backend {backend.name} has no tcp-check expect and no other check that reads an answer",
    )
