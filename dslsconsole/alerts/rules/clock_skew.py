"""A host's clock differs from the console's."""

from collections.abc import Iterator

from dslsconsole.alerts.rule import Finding, Rule, Stateless
from dslsconsole.alerts.view import View
from dslsconsole.alerts.wording import lasting
from dslsconsole.model.verdict import Severity


def rule() -> Rule:
    return Stateless(_find, hold_rounds=1.0)


def _find(view: View) -> Iterator[Finding]:
    links = {node.name: view.fresh(view.node(node.name).link) for node in view.shape.all_nodes}
    links |= {host: view.fresh(view.balancer(host).link) for host in view.shape.all_balancers}
    offsets = {name: link.clock_offset_s for name, link in links.items() if link is not None}
    for name, offset in offsets.items():
        if offset is None or abs(offset) <= view.thresholds.clock_skew_s:
            continue
        side = "ahead of" if offset > 0 else "behind"
        yield Finding(
            subject=name,
            severity=Severity.WARNING,
            summary=f"the clock of {name} is {lasting(abs(offset))} {side} the console's",
            evidence=("a cluster's servers tolerate up to an hour between them",),
            advice="Check the time service there and here (`chronyc tracking`).",
        )
