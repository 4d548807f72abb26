"""A mount does not answer: whatever touches it hangs."""

from collections.abc import Iterator

from dslsconsole.alerts.rule import Finding, Rule, Stateless
from dslsconsole.alerts.view import View
from dslsconsole.alerts.wording import listed
from dslsconsole.model.verdict import Severity


def rule() -> Rule:
    return Stateless(_find, hold_rounds=1.0)


def _find(view: View) -> Iterator[Finding]:
    for node in view.shape.all_nodes:
        mounts = view.fresh(view.node(node.name).mounts)
        hung = [mount.path for mount in mounts or () if mount.mounted and mount.answers is False]
        if hung:
            yield Finding(
                subject=node.name,
                severity=Severity.CRITICAL,
                summary=f"storage hangs on {node.name}: {listed(hung)}",
                advice="Look at the file server and the network to it. Stop or start nothing that uses the mount.",
            )
