"""The DR site serves, and the main site is stopped, as it must be: to be known, and no trouble of its own.

What `dr-activate` stops on purpose is told here alone. A unit that failed, or a host that does not answer, is still
told by its own alert.
"""

from collections.abc import Iterator

from dslsconsole.alerts.rule import Finding, Rule, Stateless
from dslsconsole.alerts.view import View
from dslsconsole.alerts.wording import listed
from dslsconsole.model.node import Mode, Service
from dslsconsole.model.shape import NodeShape
from dslsconsole.model.verdict import Severity


def rule() -> Rule:
    return Stateless(_find)


def stopped_for_dr(view: View, node: NodeShape, service: Service) -> bool:
    """Whether a unit of the main site rests because the DR site serves."""
    return bool(view.verdict.dr_active) and not node.is_dr and service.active in ("inactive", "deactivating")


def _find(view: View) -> Iterator[Finding]:
    units = {
        node.name: service
        for node in view.shape.nodes
        if (service := view.fresh(view.node(node.name).service)) is not None and stopped_for_dr(view, node, service)
    }
    if not units:
        return
    loops = [
        automation.name
        for automation in view.shape.automation
        if (node := view.shape.node(automation.node)) is not None
        for service in view.fresh(view.node(node.name).automation) or ()
        if service.unit == automation.unit and stopped_for_dr(view, node, service)
    ]
    silent = [
        node.name
        for node in view.shape.nodes
        if node.mode is not Mode.ARBITRATOR and view.fresh(view.node(node.name).service) is None
    ]
    but = f", but for {listed(silent)}, of which that is not known" if silent else ""
    yield Finding(
        subject=view.shape.name,
        severity=Severity.WARNING,
        summary=f"the main site is stopped while the DR site serves{but}",
        evidence=(
            *(f"{service.unit} on {name} is {service.active}" for name, service in units.items()),
            *((f"stopped with it: {listed(loops)}",) if loops else ()),
        ),
        advice="Leave it stopped, or two sites may give out the same licences; dr-return brings the service back.",
    )
