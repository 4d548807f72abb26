"""A server that should wait takes clients, or the one that should serve is a backup."""

from collections.abc import Iterator

from dslsconsole.audit.facts import ClusterFacts, HostFacts
from dslsconsole.audit.of_haproxy import backend_of, servers_named
from dslsconsole.audit.rule import Rule, Verdict, found, of_each
from dslsconsole.audit.wording import in_haproxy
from dslsconsole.model.node import Mode
from dslsconsole.model.verdict import Severity
from dslsconsole.systems.haproxy.configuration import HaproxyConfig


def rule() -> Rule:
    return Rule(
        severity=Severity.CRITICAL,
        about="which servers of the backend are marked `backup`",
        why="A backup in waiting answers the health check with Running too, and refuses every checkout (`not "
        "primary`). "
        "Unless it is marked `backup`, HAProxy sends it its share of the clients, who get no licence (licence server's "
        "command line, `-status`).",
        of_cluster=_judge,
    )


def _judge(facts: ClusterFacts) -> Iterator[Verdict]:
    return of_each(facts.balancers, lambda host: host.haproxy, lambda host, config: _of_host(facts, host, config))


def _of_host(facts: ClusterFacts, host: HostFacts, config: HaproxyConfig) -> Iterator[Verdict]:
    site = facts.site_of(host)
    backend = config.backend(backend_of(site))
    for node, name in servers_named(site).items():
        server = backend.server(name) if backend is not None else None
        mode = site.node_settings[node].mode if node in site.node_settings else None
        if server is None or mode is None:
            continue
        waits = mode in (Mode.BACKUP, Mode.DR_BACKUP)
        if waits and not server.backup:
            text, advice = (
                f"{host.name} sends clients to {name} while it waits as backup",
                f"add `backup` to the line `server {name}`",
            )
        elif not waits and server.backup:
            text, advice = (
                f"{host.name} has {name}, which should serve, as backup",
                f"take `backup` from the line `server {name}`",
            )
        else:
            continue
        said = "backup" if server.backup else "no backup"
        yield found(
            host.name,
            text,
            in_haproxy(host.name, advice),
            f"{node} is {mode} in the estate file; server {name} has {said}",
        )
