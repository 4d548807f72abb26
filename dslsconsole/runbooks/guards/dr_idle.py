"""Is every DR node known not to serve? A copy over a serving site would destroy its state."""

from dslsconsole.runbooks.evidence import accounted
from dslsconsole.runbooks.guard import Case, Judged, failed, passed, unknown
from dslsconsole.runbooks.unread import named, remedy

NEEDED = "no DR node serves, by its own word; one that can't be asked is proven dead or attested"
OVERRIDABLE = False


async def judge(case: Case) -> Judged:
    serving = case.survey.primaries(tuple(case.ground.dr_nodes))
    if serving:
        return failed(
            f"{', '.join(serving)} serves: the DR site is active",
            "Nothing is copied to it; use dr-return.",
        )
    return silent_dr_nodes(case) or passed(f"{', '.join(case.ground.dr_nodes) or 'no DR node'} do not serve")


def silent_dr_nodes(case: Case) -> Judged | None:
    """The answer where a DR node could not be asked whether it serves; None where all were, or are down for certain."""
    silent = [
        name
        for name in case.ground.dr_nodes
        if case.node(name).role is None and not accounted(case.survey, case.ground, name, case.attested)
    ]
    if not silent:
        return None
    return unknown(
        f"{named(case, silent)} did not say whether it serves",
        remedy(case, silent, "Ask it first.", "If its host can't be asked and is really down, say so:"),
    )
