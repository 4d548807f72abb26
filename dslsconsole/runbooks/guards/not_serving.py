"""Is the node not the one that serves?"""

from dslsconsole.runbooks.guard import Case, Judged, failed, passed, unknown

NEEDED = "the node does not serve as primary"
OVERRIDABLE = True


async def judge(case: Case) -> Judged:
    name = case.text("node")
    if name is None:
        return unknown("no node was named", "See the guard about the node.")
    node = case.node(name)
    if node.serves:
        return failed(f"{name} serves as primary", "Use failover to move the service first.")
    if node.role is None and not node.stopped:
        return unknown(f"{name}: its role is not known ({node.life.text})", "Find out whether it serves.")
    return passed(f"{name}: {f'role {node.role}' if node.role else 'stopped'}")
