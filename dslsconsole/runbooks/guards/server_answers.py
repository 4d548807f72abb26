"""Does the node's licence server answer, and may it be given users? A server made ready takes them at once."""

from dslsconsole.runbooks.guard import Case, Judged, failed, passed
from dslsconsole.systems.dslicsrv.fresh import Life

NEEDED = "the node's own licence server answers"
OVERRIDABLE = True


async def judge(case: Case) -> Judged:
    name = case.text("node")
    sign = case.node(name).life if name is not None else None
    if sign is not None and sign.life is Life.ANSWERS:
        return passed(sign.text)
    return failed(sign.text if sign else "no node was named", "Start it first: users would be sent to a dead server.")
