"""Everybody with an account on the console's host may run everything."""

from collections.abc import Iterator

from dslsconsole.audit.rule import Rule, Verdict, fine, found
from dslsconsole.audit.wording import in_estate
from dslsconsole.model.verdict import Severity
from dslsconsole.settings.schema import Estate


def rule() -> Rule:
    return Rule(
        severity=Severity.WARNING,
        about="who may run runbooks",
        why='`operators: ["*"]` lets every account of the console\'s host that can read the operate key stop '
        "licence servers. A group of "
        "those on call says who is meant.",
        of_estate=_judge,
    )


def _judge(estate: Estate) -> Iterator[Verdict]:
    if estate.ssh.operate_user is not None and "*" in estate.operators.operators:
        yield found(
            "",
            "everybody may run runbooks",
            in_estate('write `operators: ["@dsls-oncall"]` under operators'),
            "operators.operators has “*”",
        )
    else:
        yield fine()
