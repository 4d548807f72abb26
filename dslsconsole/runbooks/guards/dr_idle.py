"""Is every DR node known not to serve? A copy over a serving site would destroy its state."""

from dslsconsole.runbooks.guard import Case, Judged, failed, passed, unknown

NEEDED = "no DR node serves, by its own word"
OVERRIDABLE = False


async def judge(case: Case) -> Judged:
    serving = case.survey.primaries(tuple(case.ground.dr_nodes))
    if serving:
        return failed(
            f"{', '.join(serving)} serves: the DR site is active",
            "Nothing is copied to it; use dr-return.",
        )
    reached = [name for name in case.ground.dr_nodes if case.node(name).reached]
    silent = [name for name in reached if case.node(name).role is None and not case.node(name).stopped]
    if silent or not reached:
        return unknown(f"{', '.join(silent) or 'no DR node'} did not say whether it serves", "Ask it first.")
    return passed(f"{', '.join(reached)} do not serve")
