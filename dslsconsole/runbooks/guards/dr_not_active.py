"""Is the DR site not serving?"""

from dslsconsole.runbooks.guard import Case, Judged, failed, passed

NEEDED = "no node of the DR site serves"
OVERRIDABLE = True


async def judge(case: Case) -> Judged:
    serving = case.survey.primaries(tuple(case.ground.dr_nodes))
    if serving:
        return failed(f"{', '.join(serving)} serves: the DR site is active", "Use dr-return to come back from it.")
    silent = [name for name in case.ground.dr_nodes if case.node(name).role is None and not case.node(name).stopped]
    if silent:
        return failed(f"{', '.join(silent)} could not be asked whether it serves", "Ask the DR site, then override.")
    return passed("no DR node serves" if case.ground.dr_nodes else "the estate file names no DR site")
