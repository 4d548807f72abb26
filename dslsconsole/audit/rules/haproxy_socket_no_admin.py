"""The console can't take a server out: HAProxy's socket lets nothing be changed."""

from collections.abc import Iterator

from dslsconsole.audit.facts import ClusterFacts, HostFacts
from dslsconsole.audit.rule import Rule, Verdict, found, of_each
from dslsconsole.audit.wording import in_haproxy
from dslsconsole.model.verdict import Severity
from dslsconsole.systems.haproxy.configuration import HaproxyConfig


def rule() -> Rule:
    return Rule(
        severity=Severity.CRITICAL,
        about="whether a server can be drained and taken out",
        why="Without `level admin` a `stats socket` is of level operator, and every `set server … state` ends with "
        "Permission "
        "denied: then a failover can't keep clients off the old primary (measured on HAProxy 2.6).",
        of_cluster=_judge,
    )


def _judge(facts: ClusterFacts) -> Iterator[Verdict]:
    return of_each(facts.balancers, lambda host: host.haproxy, lambda host, config: _of_host(facts, host, config))


def _of_host(facts: ClusterFacts, host: HostFacts, config: HaproxyConfig) -> Iterator[Verdict]:
    balancing = facts.site_of(host).balancing
    settings = balancing.hosts.get(host.name) if balancing is not None else None
    by_page = settings is not None and settings.stats_url is not None and any(one.stats_admin for one in config.proxies)
    if settings is None or by_page:
        return
    path = settings.socket or "/run/haproxy/admin.sock"
    named = [socket for socket in config.sockets if socket.path == path]
    if any(socket.level == "admin" for socket in named):
        return
    said = f"stats socket {path} has level {named[0].level}" if named else f"there is no stats socket {path}"
    yield found(
        host.name,
        f"nothing can be changed on {host.name}: {said}",
        in_haproxy(
            host.name,
            f"write `stats socket {path} mode 660 level admin` in `global`, in the place of the line that is there",
        ),
        said,
    )
