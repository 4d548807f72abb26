"""A node's own disk is full: no lock can be written there, and its licence server can't save its state."""

from collections.abc import Iterator

from dslsconsole.alerts.rule import Finding, Rule, Stateless
from dslsconsole.alerts.view import View
from dslsconsole.alerts.wording import clock_time
from dslsconsole.model.verdict import Severity

FULL_PCT = 2
"""Of a disk that fills up, what is left then is soon gone. It lets go one point above."""
READ_WITHIN_S = 180.0
"""It is read once a minute."""


def rule() -> Rule:
    return Stateless(_find)


def _find(view: View) -> Iterator[Finding]:
    for node in view.shape.all_nodes:
        reading = view.node(node.name).disk
        disk = reading.fresh(view.now, READ_WITHIN_S)
        limit = FULL_PCT + (("disk_full", node.name) in view.raised)
        if disk is None or view.fresh(view.node(node.name).link) is None or disk.free_pct > limit:
            continue
        yield Finding(
            subject=node.name,
            severity=Severity.WARNING,
            summary=f"the disk of {node.name} is {'full' if disk.free_pct == 0 else 'nearly full'}: "
            f"{disk.path} has {disk.free_pct} % free",
            evidence=(
                "operations keep their locks and records there",
                *((f"read at {clock_time(reading.at)}, and once a minute",) if reading.at is not None else ()),
            ),
            advice="Free some space on it, old logs first: runbooks may find no place for their lock.",
        )
