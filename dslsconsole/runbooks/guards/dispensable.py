"""Can the service do without the node?"""

from dslsconsole.runbooks.guard import Case, Judged, failed, passed, unknown

NEEDED = "the node does not serve, or is the stale one of two that say so"
OVERRIDABLE = False


async def judge(case: Case) -> Judged:
    name = case.text("node")
    if name is None:
        return unknown("no node was named", "See the guard about the node.")
    node = case.node(name)
    if not node.serves:
        if node.role is None and not node.stopped:
            return unknown(f"{name}: its role is not known ({node.life.text})", "Find out whether it serves.")
        return passed(f"{name}: {f'role {node.role}' if node.role else 'stopped'}")
    own = node.cluster.value.epoch if node.cluster.value else None
    for other in case.survey.primaries():
        status = case.node(other).cluster.value
        newer = status.epoch if status else None
        if other != name and own is not None and newer is not None and newer > own:
            return passed(f"{name} says that it serves at epoch {own}, but {other} does at epoch {newer}")
    return failed(f"{name} serves as primary", "Use failover to move the service first.")
