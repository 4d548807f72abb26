"""Is the DR site not serving?"""

from dslsconsole.runbooks.guard import Case, Judged, failed, passed
from dslsconsole.runbooks.guards.dr_idle import silent_dr_nodes

NEEDED = "no node of the DR site serves; one that can't be asked is proven dead or attested"
OVERRIDABLE = True


async def judge(case: Case) -> Judged:
    serving = case.survey.primaries(tuple(case.ground.dr_nodes))
    if serving:
        return failed(f"{', '.join(serving)} serves: the DR site is active", "Use dr-return to come back from it.")
    words = "no DR node serves" if case.ground.dr_nodes else "the estate file names no DR site"
    return silent_dr_nodes(case) or passed(words)
