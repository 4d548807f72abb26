"""HAProxy ends licence sessions that are merely quiet."""

from collections.abc import Iterator

from dslsconsole.audit.facts import HostFacts
from dslsconsole.audit.of_haproxy import of_backends
from dslsconsole.audit.rule import Rule, Verdict, found, unknown
from dslsconsole.audit.wording import in_haproxy
from dslsconsole.model.verdict import Severity
from dslsconsole.systems.haproxy.configuration import HaproxyConfig, Proxy

HEARTBEAT_S = 1020.0
"""A client says something every 17 minutes at the least."""


def rule() -> Rule:
    return Rule(
        severity=Severity.WARNING,
        about="how long a licence session may be quiet",
        why="A DSLS client's heartbeat may be as rare as every 17 minutes (its licensing preferences). HAProxy "
        "ends a connection "
        "that is quiet for `timeout client` or `timeout server`: with the guide's 50 s, licences in use are cut off.",
        of_cluster=lambda facts: of_backends(facts, _judge),
    )


def _judge(host: HostFacts, config: HaproxyConfig, backend: Proxy) -> Iterator[Verdict]:
    fronts = config.frontends(backend.name)
    told = [(f"timeout client of {one.name}", one.timeouts["client"]) for one in fronts if "client" in one.timeouts]
    if "server" in backend.timeouts:
        told.append((f"timeout server of {backend.name}", backend.timeouts["server"]))
    if "tunnel" in backend.timeouts:
        # Once both sides have spoken, the tunnel's own limit counts instead of the other two; a frontend has none.
        told = [(f"timeout tunnel of {backend.name}", backend.timeouts["tunnel"])]
    short = {name: limit for name, limit in told if limit is not None and limit < HEARTBEAT_S}
    if any(limit is None for _, limit in told):
        yield unknown(host.name, f"the time limits of sessions on {host.name} are no plain numbers")
    if short:
        yield found(
            host.name,
            f"{host.name} cuts off licence sessions that are quiet for {min(short.values()):g} s",
            in_haproxy(
                host.name,
                f"write `timeout tunnel 1h` and `option srvtcpka` in backend {backend.name}, and `option clitcpka` in "
                "the frontend",
            ),
            *(f"{name} is {limit:g} s" for name, limit in short.items()),
        )
