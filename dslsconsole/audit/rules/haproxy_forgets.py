"""A reload of HAProxy gives a server back that somebody took out."""

from collections.abc import Iterator

from dslsconsole.audit.facts import HostFacts
from dslsconsole.audit.of_haproxy import of_backends
from dslsconsole.audit.rule import Rule, Verdict, found
from dslsconsole.audit.wording import HAPROXY_CFG
from dslsconsole.model.verdict import Severity
from dslsconsole.systems.haproxy.configuration import HaproxyConfig, Proxy


def rule() -> Rule:
    return Rule(
        severity=Severity.WARNING,
        about="whether maintenance outlasts a reload",
        why="A plain reload loses what was set at run time: the old primary that a failover took out is UP again "
        "and gets "
        "clients (measured: MAINT and weights were gone). A state file that is written before every reload keeps them.",
        of_cluster=lambda facts: of_backends(facts, _judge),
    )


def _judge(host: HostFacts, config: HaproxyConfig, backend: Proxy) -> Iterator[Verdict]:
    if config.state_file and backend.state_from_file:
        return
    said = [
        *([] if config.state_file else ["global has no server-state-file"]),
        *([] if backend.state_from_file else [f"no load-server-state-from-file holds for {backend.name}"]),
    ]
    yield found(
        host.name,
        f"a reload on {host.name} forgets which servers were taken out",
        f"On {host.name}, in {HAPROXY_CFG}, write `server-state-file /var/lib/haproxy/state` in `global` and "
        "`load-server-state-from-file global` in `defaults`; and before every reload: echo 'show servers state' | "
        "socat stdio "
        "/run/haproxy/admin.sock > /var/lib/haproxy/state (an ExecReload= of the unit before the one there).",
        *said,
    )
