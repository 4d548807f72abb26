"""A reload or restart of HAProxy forgot that a server was in maintenance: run-time state lives in the process."""

from collections.abc import Iterator

from msgspec import Struct

from dslsconsole.alerts.rule import Finding, Rule
from dslsconsole.alerts.traffic import in_maintenance
from dslsconsole.alerts.view import View
from dslsconsole.model.balancer import Process
from dslsconsole.model.verdict import Severity

_SAME_START_S = 3.0
_REMEMBERED_S = 3600.0


def rule() -> Rule:
    return LostMaintenance()


class _Seen(Struct, frozen=True):
    process: Process
    in_maintenance: frozenset[str]


class LostMaintenance:
    """Remembers each load balancer's process and what was in maintenance in it."""

    hold_s = 0.0
    hold_rounds = 0.0

    def __init__(self) -> None:
        self._seen: dict[str, _Seen] = {}
        self._lost: dict[tuple[str, str], float] = {}

    def find(self, view: View) -> Iterator[Finding]:
        for host in view.shape.all_balancers:
            self._look(view, host)
        for (host, server), at in list(self._lost.items()):
            node = view.node_of(server)
            settled = node is not None and node.name == view.verdict.primary
            if settled or view.now - at > _REMEMBERED_S:
                del self._lost[host, server]
                continue
            yield Finding(
                subject=server,
                severity=Severity.WARNING,
                summary=f"HAProxy on {host} was restarted and forgot that {server} was in maintenance",
                evidence=(f"process before and after differ; {server} takes part again",),
                advice=f"Put {server} into maintenance again (lb-maint), or declare it ready (lb-ready).",
                since=at,
            )

    def _look(self, view: View, host: str) -> None:
        readings = view.balancer(host)
        process, backend = view.fresh(readings.process), view.fresh(readings.backend)
        if process is None or backend is None or process.pid is None:
            return
        maint = frozenset(server.name for server in backend.servers if in_maintenance(server))
        before = self._seen.get(host)
        for server in maint:
            self._lost.pop((host, server), None)
        if before is not None and not _same(before.process, process):
            present = {server.name for server in backend.servers}
            for server in before.in_maintenance - maint:
                if server in present:
                    self._lost[host, server] = view.now
        self._seen[host] = _Seen(process, maint)


def _same(one: Process, other: Process) -> bool:
    if one.pid != other.pid:
        return False
    if one.started_at is None or other.started_at is None:
        return True
    return abs(one.started_at - other.started_at) <= _SAME_START_S
