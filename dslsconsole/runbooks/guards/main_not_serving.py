"""Does the main site not serve any more?"""

from dslsconsole.runbooks.guard import Case, Judged, failed, passed

NEEDED = "no node of the main site says that it is primary"
OVERRIDABLE = True


async def judge(case: Case) -> Judged:
    serving = case.survey.primaries(tuple(case.ground.main_nodes))
    if serving:
        return failed(
            f"{', '.join(serving)} serves at the main site",
            "Use failover within the site. To leave the site all the same, override: it is stopped first.",
        )
    return passed("no node of the main site says that it is primary")
