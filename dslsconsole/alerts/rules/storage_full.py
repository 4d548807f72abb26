"""Storage is nearly full. It lets go 2 percentage points above the threshold."""

from collections.abc import Iterator

from dslsconsole.alerts.rule import Finding, Rule, Stateless
from dslsconsole.alerts.view import View
from dslsconsole.alerts.wording import listed
from dslsconsole.model.verdict import Severity

_SLACK_PCT = 2.0


def rule() -> Rule:
    return Stateless(_find, hold_rounds=1.0)


def _find(view: View) -> Iterator[Finding]:
    for node in view.shape.all_nodes:
        limit = view.thresholds.storage_free_pct
        if ("storage_full", node.name) in view.raised:
            limit += _SLACK_PCT
        mounts = view.fresh(view.node(node.name).mounts)
        full = [mount for mount in mounts or () if mount.free_pct is not None and mount.free_pct <= limit]
        if full:
            yield Finding(
                subject=node.name,
                severity=Severity.WARNING,
                summary=f"storage is nearly full on {node.name}: "
                + listed(f"{mount.path} has {mount.free_pct} % free" for mount in full),
                advice="Old logs first; never anything below the state directory.",
            )
