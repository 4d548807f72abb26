"""Do the weights name servers that there are?"""

from dslsconsole.runbooks.guard import Case, Judged, failed, passed, unknown

NEEDED = "each weight, 0 to 256, is of a role or a node of the cluster that can serve, once, and not all are 0"
OVERRIDABLE = False
_ROLES = ("primary", "backup")
MOST = 256


async def judge(case: Case) -> Judged:
    said = case.text("weights")
    if said is None:
        return unknown("no weights are said", "Say --param weights=primary:100,backup:50.")
    weights = [(name, int(weight)) for name, _, weight in (one.rpartition(":") for one in said.split(","))]
    names = [name for name, _ in weights]
    if strangers := [name for name in names if name not in _ROLES and name not in case.ground.main_nodes]:
        return failed(f"{', '.join(strangers)}: there is no such role or node", f"Roles: {', '.join(_ROLES)}.")
    if len(set(names)) < len(names):
        return failed(f"{said} names one twice", "Say each once.")
    if any(weight > MOST for _, weight in weights) or not any(weight for _, weight in weights):
        return failed(f"{said}: a weight goes from 0 to {MOST}, and one is more than 0", "Correct the weights.")
    return passed(said)
