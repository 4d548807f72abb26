"""A loop or timer that keeps the cluster in step does not run."""

from collections.abc import Iterator

from dslsconsole.alerts.rule import Finding, Rule, Stateless
from dslsconsole.alerts.rules.main_site_stopped import stopped_for_dr
from dslsconsole.alerts.view import View
from dslsconsole.alerts.wording import listed
from dslsconsole.model.node import Service
from dslsconsole.model.verdict import Severity


def rule() -> Rule:
    # An operation pauses automation and restores it; a oneshot service rests between two runs.
    return Stateless(_find, hold_rounds=2.0)


def _find(view: View) -> Iterator[Finding]:
    stopped: dict[str, dict[str, Service]] = {}
    for automation in view.shape.automation:
        node = view.shape.node(automation.node)
        for service in view.fresh(view.node(automation.node).automation) or ():
            if node is not None and stopped_for_dr(view, node, service):
                continue
            if service.unit == automation.unit and service.active in ("inactive", "failed", "deactivating"):
                stopped.setdefault(automation.node, {})[automation.name] = service
    for name, services in stopped.items():
        yield Finding(
            subject=name,
            severity=Severity.WARNING,
            summary=f"automation does not run on {name}: {listed(services)}",
            evidence=tuple(
                f"{service.unit} is {service.active}" + (f", {service.load}" if service.load != "loaded" else "")
                for service in services.values()
            ),
            advice=_advice(view),
        )


def _advice(view: View) -> str:
    if view.verdict.dr_active:
        return "The DR site serves: leave it stopped, or it may overwrite what the DR site holds; dr-return starts it."
    return "If no operation paused it, start it again; after a failover it belongs on the new primary."
