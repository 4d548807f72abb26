"""Is there anything to test?"""

from dslsconsole.runbooks.guard import Case, Judged, failed, passed

NEEDED = "at least one test is wished for, and possible here"
OVERRIDABLE = False


async def judge(case: Case) -> Judged:
    wished = case.text("wished")
    return passed(wished) if wished else failed("no test", "Say failover=run, failure=run, partition=run or dr=run.")
