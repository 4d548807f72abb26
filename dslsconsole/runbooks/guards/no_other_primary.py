"""Does no node serve as primary, besides the one that is dead?"""

from dslsconsole.runbooks.evidence import accounted
from dslsconsole.runbooks.facts.common import candidates
from dslsconsole.runbooks.guard import Case, Judged, failed, passed, unknown
from dslsconsole.runbooks.unread import named, remedy

NEEDED = "no node says that it is primary, and each that could be one is read, proven dead, or attested"
OVERRIDABLE = False


async def judge(case: Case) -> Judged:
    primaries = case.survey.primaries()
    if primaries:
        return failed(f"{', '.join(primaries)} says that it is primary", "There is a primary: this is no emergency.")
    unread = [
        name
        for name in candidates(case.ground)
        if name != case.text("primary")
        and case.node(name).role is None
        and not accounted(case.survey, case.ground, name, case.attested)
    ]
    if unread:
        return unknown(
            f"{named(case, unread)} did not say whether it is primary",
            remedy(case, unread, "Reach it, or stop it.", "If its host can't be asked and is really down, say so:"),
        )
    read = [name for name, node in case.survey.nodes.items() if node.role is not None]
    return passed(f"none of {', '.join(read) or 'the nodes that answer'} is primary")
