"""Taking the primary role from a server, so that it does not take it again by itself when it is next started.

A server remembers its role. One that was stopped while it served takes the role again as it starts, with the epoch it
had; the epoch, by which of two primaries the stale one is told, rises with a promotion alone.
"""

from dslsconsole.systems.acting import Call, command_action, succeeded
from dslsconsole.systems.dslicsrv import fresh
from dslsconsole.systems.dslicsrv.standing import SERVING

DEMOTE_SECONDS = 15.0


def demotion(call: Call) -> str:
    """By force: the only one that serves is demoted too."""
    return call.ground.licence_server("-demote-to-backup", "-node", call.host, "-force", seconds=DEMOTE_SECONDS)


async def give_up_old_epoch(call: Call, above: int) -> str:
    """Demote a server that serves, but with an epoch that is not above this one; what was printed.

    Raises:
        Refused, Expired, Unfinished: it was not demoted.
    """
    try:
        status = await fresh.cluster_status(call.hands, call.ground, call.host)
    except fresh.NotRead:
        return ""
    if status.role not in SERVING or status.epoch is None or status.epoch > above:
        return ""
    answer = await call.hands.run(call.host, demotion(call), timeout=DEMOTE_SECONDS + 3)
    return succeeded(answer, "Demoted:")


DEMOTE = command_action(demotion, timeout=DEMOTE_SECONDS + 3, expect="Demoted:")
