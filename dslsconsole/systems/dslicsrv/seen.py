"""What nodes see of each other: for drills, where a server that is well is not to be reached."""

from dslsconsole.model.node import Role
from dslsconsole.systems.acting import Call, Check, Checked
from dslsconsole.systems.dslicsrv import fresh

SERVING = (Role.PRIMARY, Role.DR_PRIMARY)


async def reaches(call: Call) -> Checked:
    """Whether the licence server of `node` answers when it is asked on this host."""
    sign = await fresh.life(call.hands, call.ground, call.host, call["node"], call.clock())
    if sign.life is fresh.Life.ANSWERS:
        return Checked(True, sign.text)
    own = await fresh.life(call.hands, call.ground, call.host, call.host, call.clock())
    if own.life is not fresh.Life.ANSWERS:
        return Checked(None, f"{sign.text}; but {own.text}, so it is no witness")
    return Checked(False, sign.text)


async def reaches_not(call: Call) -> Checked:
    """Whether this host, whose own server answers, does not reach the licence server of `node`."""
    seen = await reaches(call)
    return Checked(None if seen.ok is None else not seen.ok, seen.reading)


async def not_serving(call: Call) -> Checked:
    """Whether the server says a role of itself, and that it does not serve as primary."""
    try:
        status = await fresh.cluster_status(call.hands, call.ground, call.host)
    except fresh.NotRead as failure:
        return Checked(None, str(failure))
    words = f"{call.host}: role {status.role or 'unknown'}, state {status.state or 'unknown'}, epoch {status.epoch}"
    return Checked(None if status.role is None else status.role not in SERVING, words)


async def dr_copy_good(call: Call) -> Checked:
    """Whether a DR node finds its own copy good."""
    try:
        sync = await fresh.dr_sync(call.hands, call.ground, call.host)
    except fresh.NotRead as failure:
        return Checked(None, str(failure))
    return Checked(sync.result == "OK", f"{call.host}: {sync.result}, generation {sync.generation}")


CHECKS: dict[str, Check] = {
    "reaches": reaches,
    "reaches-not": reaches_not,
    "not-serving": not_serving,
    "dr-copy-good": dr_copy_good,
}
