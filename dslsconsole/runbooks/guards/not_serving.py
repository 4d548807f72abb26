"""Is the node not the one that serves?"""

from dslsconsole.runbooks.evidence import evidence
from dslsconsole.runbooks.guard import Case, Judged, failed, passed, unknown
from dslsconsole.runbooks.traffic import answering

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
        seen = evidence(case.survey, case.ground, name)
        if await _hangs(case, name):
            return passed(f"{name} hangs, and nobody is answered by it: {seen.text}")
        return unknown(f"{name}: its role is not known ({node.life.text})", "Find out whether it serves.")
    return passed(f"{name}: {f'role {node.role}' if node.role else 'stopped'}")


async def _hangs(case: Case, name: str) -> bool:
    """Whether its host says that the unit runs, and neither it nor any observer, nor a user now, is answered."""
    node, seen = case.node(name), evidence(case.survey, case.ground, name)
    if node.unit.value is None or node.unit.value.active != "active" or seen.directly_alive or seen.unread:
        return False
    return not (seen.still_up and await answering(case, name, seen.still_up))
