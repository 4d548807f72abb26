"""The load balancers of one site do not do the same."""

from collections.abc import Iterator

from dslsconsole.audit.facts import ClusterFacts, SiteFacts
from dslsconsole.audit.of_haproxy import backend_of
from dslsconsole.audit.rule import Rule, Verdict, all_same, found, known
from dslsconsole.audit.wording import in_haproxy
from dslsconsole.model.verdict import Severity
from dslsconsole.systems.haproxy.configuration import HaproxyConfig, Server


def rule() -> Rule:
    return Rule(
        severity=Severity.CRITICAL,
        about="whether the load balancers of a site have the same servers",
        why="HAProxy processes share nothing: what the second one does after the address moved is what stands in "
        "its own file. A "
        "server that is missing there, or has another address or weight, shows only then.",
        of_cluster=_judge,
    )


def _judge(facts: ClusterFacts) -> Iterator[Verdict]:
    for site in facts.sites:
        if len(site.balancers) > 1:
            values, missing = known(site.balancers, lambda host: host.haproxy)
            yield from all_same(values, missing, lambda told, site=site: _differ(site, told))  # type: ignore[misc]


def _differ(site: SiteFacts, told: dict[str, HaproxyConfig]) -> Iterator[Verdict]:
    (first, one), *others = told.items()
    model = _servers(one, backend_of(site))
    for host, config in others:
        servers = _servers(config, backend_of(site))
        evidence = [
            f"{name}: {_line(model.get(name))} on {first}, {_line(servers.get(name))} on {host}"
            for name in sorted(model.keys() | servers.keys())
            if _line(model.get(name)) != _line(servers.get(name))
        ]
        if evidence:
            yield found(
                host,
                f"{first} and {host} have different servers in {backend_of(site)}",
                in_haproxy(
                    host,
                    f"make the `server` lines of backend {backend_of(site)} those of {first}, or the other way round",
                ),
                *evidence,
            )


def _servers(config: HaproxyConfig, backend: str) -> dict[str, Server]:
    found_there = config.backend(backend)
    return {server.name: server for server in found_there.servers} if found_there is not None else {}


def _line(server: Server | None) -> str:
    if server is None:
        return "nothing"
    kept = {name: value for name, value in server.words.items() if name not in ("cookie", "id")}
    words = " ".join(f"{name} {value}".strip() for name, value in sorted(kept.items()))
    return f"{server.host}:{server.port if server.port is not None else ''} {words}".strip()
