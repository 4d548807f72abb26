"""systemd restarts a licence server again and again, which `is-active` shows as active."""

from collections import deque
from collections.abc import Iterator

from dslsconsole.alerts.rule import Finding, Rule
from dslsconsole.alerts.view import View
from dslsconsole.alerts.wording import lasting
from dslsconsole.model.verdict import Severity

_REMEMBERED = 64


def rule() -> Rule:
    return RestartLoop()


class RestartLoop:
    """Remembers when each unit's count of restarts rose."""

    hold_s = 0.0
    hold_rounds = 0.0

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._rises: dict[str, deque[float]] = {}

    def find(self, view: View) -> Iterator[Finding]:
        for node in view.shape.all_nodes:
            service = view.fresh(view.node(node.name).service)
            if service is None or service.restarts is None:
                continue
            rises = self._rises.setdefault(node.name, deque(maxlen=_REMEMBERED))
            before = self._counts.get(node.name, service.restarts)
            self._counts[node.name] = service.restarts
            rises.extend([view.now] * min(max(0, service.restarts - before), _REMEMBERED))
            while rises and rises[0] < view.now - view.thresholds.restart_window_s:
                rises.popleft()
            if len(rises) < view.thresholds.restarts or view.out(node):
                continue
            yield Finding(
                subject=node.name,
                severity=Severity.WARNING,
                summary=f"{service.unit} on {node.name} keeps being restarted",
                evidence=(
                    f"{len(rises)} restarts within {lasting(view.thresholds.restart_window_s)}",
                    f"{service.restarts} in all, now {service.active} ({service.sub})",
                ),
                advice=f"Read `journalctl -u {service.unit}` on {node.name}. Users lose checkouts at each restart.",
            )
