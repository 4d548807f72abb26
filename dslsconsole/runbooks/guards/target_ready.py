"""Is the node that takes over known, running and a backup?"""

from dslsconsole.model.node import Role
from dslsconsole.runbooks.guard import Case, Judged, failed, passed, unknown
from dslsconsole.runbooks.unread import why

NEEDED = "the node that takes over answers, its service is active, its role is backup and its state running"
OVERRIDABLE = False


async def judge(case: Case) -> Judged:
    target = case.text("target")
    if target is None and (unfit := case.text("target_unfit")) is not None:
        return failed(unfit, "Name another by target=, or none for the backup that is found.")
    if target is None:
        return failed("no node can take over: none says that it runs as backup", "Start a backup and let it join.")
    node = case.node(target)
    if not node.reached:
        return unknown(why(case, target), "Reach it, or name another by target=.")
    status, unit = node.cluster.value, node.unit.value
    if status is None or unit is None:
        failure = node.cluster.failure or node.unit.failure
        return unknown(f"{target}: {failure.text if failure else 'not read'}", "Find out why it does not answer.")
    words = f"{target}: role {status.role}, state {status.state}; {unit}"
    if status.role is Role.BACKUP and status.state == "running" and unit.active == "active":
        return passed(words)
    return failed(words, f"Bring {target} to run as backup first.")
