"""Does the node's service not run already without answering? To start it again would change nothing."""

from dslsconsole.runbooks.guard import Case, Judged, failed, passed
from dslsconsole.systems.dslicsrv.fresh import Life

NEEDED = "the unit does not run, or its server answers"
OVERRIDABLE = False


async def judge(case: Case) -> Judged:
    name = case.text("node")
    unit = case.node(name).unit.value if name is not None else None
    if name is None or unit is None:
        return passed("nothing is known of a server that hangs")
    life = case.node(name).life
    if unit.active == "active" and life.life is not Life.ANSWERS:
        return failed(
            f"{unit} on {name}, but its server does not answer ({life.text})",
            "It hangs: starting it changes nothing. Fail over if it was the primary; service-restart ends it first.",
        )
    return passed(f"{name}: {unit}; {life.text}")
