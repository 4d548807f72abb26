"""The licence ends soon, by the date that the servers tell."""

import datetime
from collections.abc import Iterator

from dslsconsole.alerts.rule import Finding, Rule, Stateless
from dslsconsole.alerts.view import View
from dslsconsole.alerts.wording import listed
from dslsconsole.model.verdict import Severity


def rule() -> Rule:
    return Stateless(_find)


def _find(view: View) -> Iterator[Finding]:
    today = datetime.datetime.fromtimestamp(view.now, datetime.UTC).date()
    ending: dict[str, datetime.date] = {}
    asked = []
    for node in view.shape.all_nodes:
        status = view.fresh(view.node(node.name).status)
        date = _date(status.license_expires) if status is not None else None
        if status is None or date is None or status.license_valid is False:
            continue
        asked.append(node.name)
        if (date - today).days <= view.thresholds.license_days:
            ending[node.name] = date
    if not ending:
        return
    first = min(ending.values())
    days = (first - today).days
    when = "has expired" if days < 0 else "expires today" if days == 0 else f"expires in {days} days"
    yield Finding(
        subject=view.where(list(ending), tuple(asked)),
        severity=Severity.WARNING,
        summary=f"the licence on {listed(ending)} {when} ({first})",
        advice="Ask the vendor for the new licence now; install it on every node, the DR site's too.",
    )


def _date(text: str | None) -> datetime.date | None:
    if text is None:
        return None
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        return None
