"""Does every DR node answer?"""

from dslsconsole.runbooks.guard import Case, Judged, failed, passed
from dslsconsole.runbooks.unread import why

NEEDED = "every node of the DR site is reached"
OVERRIDABLE = True


async def judge(case: Case) -> Judged:
    if not case.ground.dr_nodes:
        return failed("the estate file names no DR site", "Add `dr:` to the cluster.")
    silent = [name for name in case.ground.dr_nodes if not case.node(name).reached]
    if silent:
        return failed("; ".join(why(case, name) for name in silent), "Reach it. If overridden, it is left out.")
    return passed(", ".join(case.ground.dr_nodes))
