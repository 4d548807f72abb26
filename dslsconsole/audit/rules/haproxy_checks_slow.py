"""HAProxy checks so seldom, or waits so long, that clients are sent to a dead server for minutes."""

from collections.abc import Iterator

from dslsconsole.audit.facts import HostFacts
from dslsconsole.audit.of_haproxy import of_backends
from dslsconsole.audit.rule import Rule, Verdict, found, unknown
from dslsconsole.audit.wording import in_haproxy
from dslsconsole.model.verdict import Severity
from dslsconsole.systems.haproxy.configuration import HaproxyConfig, Proxy, Server

LONGEST_S = 30.0
"""Clients of licence servers give up or block after about so long."""


def rule() -> Rule:
    return Rule(
        severity=Severity.CRITICAL,
        about="how long HAProxy may take to see that a server is dead",
        why="Until HAProxy has seen it, every new client is sent to the dead server. With `inter 30s fall 3` that "
        "took 90 s "
        "for a refused connection and 180 s for a host that is off: without `timeout check`, a check that gets no "
        "answer "
        "lasts as long as `inter`, and another `inter` is waited after it (measured on HAProxy 2.6).",
        of_cluster=lambda facts: of_backends(facts, _judge),
    )


def _judge(host: HostFacts, _config: HaproxyConfig, backend: Proxy) -> Iterator[Verdict]:
    for server in backend.servers:
        if not server.checked:
            continue
        longest = _longest(backend, server)
        if longest is None:
            yield unknown(
                host.name, f"the check times of {backend.name}/{server.name} on {host.name} are no plain numbers"
            )
        elif longest > LONGEST_S:
            yield found(
                host.name,
                f"{host.name} may send clients to a dead {server.name} for {longest:g} s",
                in_haproxy(
                    host.name,
                    f"write `timeout check 2s` in backend {backend.name}, and `inter 5s fastinter 1s fall 3 rise "
                    "2` in its "
                    f"line `server {server.name}`",
                ),
                f"inter {server.inter_s:g} s, fall {server.fall}",
                "no timeout check"
                if backend.timeouts.get("check") is None
                else f"timeout check {backend.timeouts['check']:g} s",
            )


def _longest(backend: Proxy, server: Server) -> float | None:
    """Seconds until a host that does not answer is marked down; None where the file does not tell."""
    inter, fast, fall = server.inter_s, server.fastinter_s, server.fall
    timeout = backend.timeouts.get("check", inter)
    if inter is None or fast is None or fall is None or timeout is None:
        return None
    # It dies right after a check; then each check waits for its time, and the pause between two is the fast one.
    return inter + fall * timeout + (fall - 1) * fast
