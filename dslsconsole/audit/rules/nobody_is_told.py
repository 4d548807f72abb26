"""Alerts of the console go to nobody."""

from collections.abc import Iterator

from dslsconsole.audit.rule import Rule, Verdict, fine, found
from dslsconsole.audit.wording import in_estate
from dslsconsole.model.verdict import Severity
from dslsconsole.settings.schema import Estate


def rule() -> Rule:
    return Rule(
        severity=Severity.WARNING,
        about="whether alerts reach anybody",
        why="Without `notifications` an alert is seen by whoever looks at a console; and a runbook that was run "
        "without its second person "
        "(`--break-glass`) is told to nobody.",
        of_estate=_judge,
    )


def _judge(estate: Estate) -> Iterator[Verdict]:
    if estate.notifications:
        yield fine()
    else:
        advice = in_estate('write `notifications: [{when: critical, webhook: "https://…", token_file: …}]`')
        yield found(
            "",
            "alerts are told to nobody",
            advice + " Run `dslsconsole watch --notify` as a service.",
            "notifications is empty",
        )
