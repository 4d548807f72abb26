"""Is it known which loops and timers run, so that they can be paused?"""

from dslsconsole.runbooks.evidence import accounted
from dslsconsole.runbooks.guard import Case, Judged, passed, unknown
from dslsconsole.runbooks.unread import remedy, why

NEEDED = "the state of each loop and timer of the estate file is read, or its host is proven dead or attested"
OVERRIDABLE = False


async def judge(case: Case) -> Judged:
    told, missing, down = [], [], []
    for loop in case.ground.cluster.automation:
        node = case.survey.nodes.get(loop.node)
        if node is None:
            missing.append(f"{loop.name}: {loop.node} is no node of this cluster, so nobody was asked")
            continue
        if not node.reached:
            if accounted(case.survey, case.ground, loop.node, case.attested):
                told.append(f"{loop.name}: its host {loop.node} is down")
            else:
                missing.append(f"{loop.name}: {why(case, loop.node)}")
                down.append(loop.node)
            continue
        unit = next((unit for unit in node.automation.value or () if unit.name == loop.unit), None)
        if unit is None or unit.load in ("unknown", "error"):
            missing.append(f"{loop.name}: {loop.unit} on {loop.node} could not be read")
        else:
            told.append(f"{loop.name}: {unit.active if unit.known else unit.load}")
    if missing:
        first = "Reach it: it may overwrite what this operation does."
        hosts = tuple(dict.fromkeys(down))
        return unknown("; ".join(missing), remedy(case, hosts, first, "If the host is really down, say so:"))
    return passed("; ".join(told) or "the estate file names no automation")
