"""A host shows another key than the known one: it was installed anew, or somebody stands in between."""

from collections.abc import Iterator

from dslsconsole.alerts.rule import Finding, Rule, Stateless
from dslsconsole.alerts.view import View
from dslsconsole.model.reading import FailureKind
from dslsconsole.model.verdict import Severity


def rule() -> Rule:
    return Stateless(_find)


def _find(view: View) -> Iterator[Finding]:
    links = {node.name: view.node(node.name).link for node in view.shape.all_nodes}
    links |= {host: view.balancer(host).link for host in view.shape.all_balancers}
    for name, link in links.items():
        if link.failure is None or link.failure.kind is not FailureKind.HOST_KEY_CHANGED:
            continue
        yield Finding(
            subject=name,
            severity=Severity.CRITICAL,
            summary=f"{name} shows another host key than the known one; it is not read",
            evidence=(link.failure.text,),
            advice="Ask its owner whether it was installed anew, and compare fingerprints on its own console.",
        )
