"""A loop that copies from the primary runs on a node that is primary no more: it may overwrite the one that serves.

So it is with an old primary that comes back after a failover, or after the DR site took over.
"""

from collections.abc import Iterator

from dslsconsole.alerts.rule import Finding, Rule, Stateless
from dslsconsole.alerts.view import View
from dslsconsole.alerts.wording import do
from dslsconsole.model.node import Mode, Role
from dslsconsole.model.shape import NodeShape
from dslsconsole.model.verdict import Severity

_RUNS = frozenset({"active", "activating", "reloading"})
_SERVES = (Role.PRIMARY, Role.DR_PRIMARY)
_MEANT_TO_SERVE = (Mode.PRIMARY, Mode.DR_PRIMARY)


def rule() -> Rule:
    # Roles are read at different moments; a promotion between two of them is no wrong way.
    return Stateless(_find, hold_rounds=1.0)


def _find(view: View) -> Iterator[Finding]:
    primary = view.verdict.primary
    if primary is None:
        return
    for node in view.shape.all_nodes:
        loops = _running(view, node)
        if not loops or node.mode not in _MEANT_TO_SERVE or (says := _not_primary(view, node)) is None:
            continue
        yield Finding(
            subject=node.name,
            severity=Severity.CRITICAL,
            summary=f"{do(loops, 'run')} on {node.name}, which {says}: what {primary} holds may be overwritten",
            evidence=(f"{primary} is primary", *(f"{unit} is {active}" for unit, active in loops.values())),
            advice=f"Stop it on {node.name} now (systemctl stop {' '.join(unit for unit, _ in loops.values())}); "
            f"{'dr-return' if view.verdict.dr_active else 'failback'} starts it again.",
        )


def _running(view: View, node: NodeShape) -> dict[str, tuple[str, str]]:
    """The node's loops and timers that run: unit and state by their names in the estate file."""
    services = {service.unit: service.active for service in view.fresh(view.node(node.name).automation) or ()}
    return {
        automation.name: (automation.unit, active)
        for automation in view.shape.automation
        if automation.node == node.name and (active := services.get(automation.unit, "")) in _RUNS
    }


def _not_primary(view: View, node: NodeShape) -> str | None:
    """In words, that the node is known not to serve; None where it serves, or that is not known."""
    status = view.views.get(node.name)
    if status is not None and status.role is not None:
        return None if status.role in _SERVES else f"is {status.role} now"
    return "does not run its licence server" if view.service_down(node) else None
