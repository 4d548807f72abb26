"""Is it known which node is meant?"""

from dslsconsole.runbooks.guard import Case, Judged, failed, passed

NEEDED = "the node is one of the cluster's"
OVERRIDABLE = False


async def judge(case: Case) -> Judged:
    node = case.text("node")
    if node is None:
        known = ", ".join(case.ground.nodes)
        return failed("no node of this cluster was named", f"Say --param node=NAME, one of {known}.")
    return passed(node)
