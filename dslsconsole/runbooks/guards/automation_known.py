"""Is it known which loops and timers run, so that they can be paused?"""

from dslsconsole.runbooks.guard import Case, Judged, failed, passed

NEEDED = "the state of each loop and timer of the estate file is read, on every host that answers"
OVERRIDABLE = True


async def judge(case: Case) -> Judged:
    told, missing = [], []
    for loop in case.ground.cluster.automation:
        node = case.survey.nodes.get(loop.node)
        if node is None or not node.reached:
            if loop.node == case.text("primary") or node is None:
                told.append(f"{loop.name}: its host {loop.node} is down")
            else:
                missing.append(f"{loop.name}: {loop.node} is not reached")
            continue
        unit = next((unit for unit in node.automation.value or () if unit.name == loop.unit), None)
        if unit is None or unit.load in ("unknown", "error"):
            missing.append(f"{loop.name}: {loop.unit} on {loop.node} could not be read")
        else:
            told.append(f"{loop.name}: {unit.active if unit.known else unit.load}")
    if missing:
        return failed("; ".join(missing), "Stop it by hand first: it may overwrite what this operation does.")
    return passed("; ".join(told) or "the estate file names no automation")
