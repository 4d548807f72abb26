"""Everybody on the load balancer may take servers out."""

from collections.abc import Iterator

from dslsconsole.audit.facts import HostFacts
from dslsconsole.audit.rule import Rule, Verdict, found, of_each
from dslsconsole.audit.wording import in_haproxy
from dslsconsole.model.verdict import Severity
from dslsconsole.systems.haproxy.configuration import HaproxyConfig


def rule() -> Rule:
    return Rule(
        severity=Severity.CRITICAL,
        about="who may use HAProxy's socket",
        why="Whoever may write to a socket with `level admin` can put every server into maintenance. A mode that "
        "lets others "
        "write, or a TCP address, gives that to everybody on the host or on the network (HAProxy management guide, "
        "9.3).",
        of_cluster=lambda facts: of_each(facts.balancers, lambda host: host.haproxy, _of_host),
    )


def _of_host(host: HostFacts, config: HaproxyConfig) -> Iterator[Verdict]:
    for socket in config.sockets:
        over_network = not socket.path.startswith(("/", "@", "abns@", "fd@"))
        if socket.level != "admin" or not (over_network or (socket.mode or 0) & 0o002):
            continue
        said = "listens on the network" if over_network else f"has mode {socket.mode or 0:o}"
        yield found(
            host.name,
            f"{socket.path} on {host.name} has level admin and {said}",
            in_haproxy(
                host.name,
                "write `stats socket /run/haproxy/admin.sock mode 660 level admin group haproxy` in its place",
            ),
            f"stats socket {socket.path} {said}",
        )
