"""Does the main site not serve any more?"""

from dslsconsole.runbooks.evidence import CUT_OFF, accounted
from dslsconsole.runbooks.facts.common import candidates
from dslsconsole.runbooks.guard import Case, Judged, failed, passed, unknown
from dslsconsole.runbooks.unread import named, remedy

NEEDED = "no node of the main site serves: each is read, proven dead, or attested"
OVERRIDABLE = True


async def judge(case: Case) -> Judged:
    serving = case.survey.primaries(tuple(case.ground.main_nodes))
    if serving:
        return failed(
            f"{', '.join(serving)} serves at the main site",
            "Use failover within the site. To leave the site all the same, override: it is stopped first.",
        )
    # One that is reached and tells no role is stopped before anything is promoted.
    unread = [
        name
        for name in candidates(case.ground)
        if not case.node(name).reached and not accounted(case.survey, case.ground, name, case.attested)
    ]
    if unread:
        near = [case.node(name).reached for name in case.ground.main_nodes]
        near += [case.survey.balancers[name].backend.value is not None for name in case.ground.main_balancers]
        cut = "" if any(near) else f"; {CUT_OFF}"
        return unknown(
            f"{named(case, unread)} could not be asked whether it serves{cut}",
            remedy(case, unread, "Look at the site.", "If they are really down, say so:"),
        )
    return passed("no node of the main site says that it is primary")
