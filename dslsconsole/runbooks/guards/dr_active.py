"""Does the DR site serve, and nobody else?"""

from dslsconsole.runbooks.guard import Case, Judged, failed, passed

NEEDED = "exactly the DR site's first node serves"
OVERRIDABLE = False


async def judge(case: Case) -> Judged:
    serving, expected = case.survey.primaries(), case.text("dr_primary")
    if expected is not None and serving == (expected,):
        return passed(f"{expected} serves")
    return failed(f"{', '.join(serving) or 'no node'} serves", "There is nothing to return from, or two sites serve.")
