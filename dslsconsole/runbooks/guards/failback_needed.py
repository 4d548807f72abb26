"""Is another node than the configured primary serving, and is that one there to take over?"""

from dslsconsole.model.node import Role
from dslsconsole.runbooks.guard import Case, Judged, failed, passed, unknown
from dslsconsole.runbooks.unread import why

NEEDED = "another node serves, and the configured primary is reached, stopped or running as backup"
OVERRIDABLE = False


async def judge(case: Case) -> Judged:
    target, primary = case.text("target"), case.text("primary")
    if target is None or primary is None:
        return unknown("who serves, or who should, is not known", "See the guard about the primary.")
    if not case.survey.primaries():
        return failed("no node serves as primary now", "Use failover: there is nothing to give back.")
    if primary == target:
        return failed(f"{target} is primary already", "There is nothing to fail back.")
    node = case.node(target)
    if not node.reached:
        return unknown(why(case, target), "Bring its host back first.")
    if node.stopped or node.role is Role.BACKUP:
        return passed(f"{primary} serves; {target} {'is stopped' if node.stopped else 'runs as backup'}")
    return failed(f"{target}: role {node.role}; {node.life.text}", f"Find out what {target} does.")
