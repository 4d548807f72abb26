"""A server reports a split brain. Two serving primaries are an alert of their own, which tells it too."""

from collections.abc import Iterator

from dslsconsole.alerts.rule import Finding, Rule, Stateless
from dslsconsole.alerts.view import View
from dslsconsole.alerts.wording import listed
from dslsconsole.model.verdict import Severity


def rule() -> Rule:
    return Stateless(_find)


def _find(view: View) -> Iterator[Finding]:
    if view.verdict.split_brain is not True:
        return
    saying = [name for name, status in view.views.items() if status.split_brain]
    claiming = view.verdict.primaries
    reported = f"split brain reported by {listed(saying)}"
    yield Finding(
        subject=view.shape.name,
        severity=Severity.CRITICAL,
        summary=reported if saying else f"split brain: {listed(claiming)} claim to be primary",
        evidence=tuple(f"{name} claims to be primary, epoch {view.views[name].epoch}" for name in claiming),
        advice="Find the network cut between the nodes first; keep one primary, the one with the highest epoch.",
    )
