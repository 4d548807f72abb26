"""One person alone can move the service to the other site."""

from collections.abc import Iterator

from dslsconsole.audit.rule import Rule, Verdict, fine, found
from dslsconsole.audit.wording import in_estate, listed
from dslsconsole.model.verdict import Severity
from dslsconsole.settings.schema import Estate

GRAVE = ("dr-activate", "dr-return")


def rule() -> Rule:
    return Rule(
        severity=Severity.WARNING,
        about="whether a change of site needs two people",
        why="Activating the DR site while the main site lives makes two of everything, and a cut line looks like a "
        "dead site. A second pair "
        "of eyes costs minutes; `--break-glass` remains for when there is nobody.",
        of_estate=_judge,
    )


def _judge(estate: Estate) -> Iterator[Verdict]:
    alone = [name for name in GRAVE if name not in estate.operators.two_person]
    if alone and any(cluster.dr is not None for cluster in estate.clusters.values()):
        yield found(
            "",
            f"one person alone can run {listed(alone)}",
            in_estate(
                f"write `two_person: [{', '.join(GRAVE)}]` under operators, and a line for each operator in "
                f"{estate.operators.allowed_signers}"
            ),
            f"operators.two_person is {', '.join(estate.operators.two_person) or 'empty'}",
        )
    else:
        yield fine()
