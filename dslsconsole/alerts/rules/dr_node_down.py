"""A DR node does not answer, or does not run while its site serves. In standby its service is meant to be inactive."""

from collections.abc import Iterator

from dslsconsole.alerts.rule import Finding, Rule, Stateless
from dslsconsole.alerts.view import Reach, View
from dslsconsole.model.shape import NodeShape
from dslsconsole.model.verdict import Severity


def rule() -> Rule:
    return Stateless(_find, hold_rounds=1.0)


def _find(view: View) -> Iterator[Finding]:
    for node in view.dr_nodes:
        why = _why(view, node)
        if why is None:
            continue
        failure = view.node(node.name).link.failure
        yield Finding(
            subject=node.name,
            severity=Severity.WARNING,
            summary=f"DR node {node.name} {why}",
            evidence=(failure.text,) if failure else (),
            advice="Look at the host and the line to the DR site. Without it the DR site can't take over.",
        )


def _why(view: View, node: NodeShape) -> str | None:
    if view.reach(node) is Reach.FAILED:
        # While the site serves, a dead node of it is a node failure.
        return None if view.verdict.dr_active else "does not answer"
    if view.verdict.dr_active and view.service_down(node):
        return "does not run its licence server while its site serves"
    service = view.fresh(view.node(node.name).service)
    if service is not None and service.active == "failed":
        return f"has a failed unit {service.unit}"
    return None
