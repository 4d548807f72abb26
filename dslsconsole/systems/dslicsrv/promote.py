"""Promoting a licence server, with a look right before at those who must be dead."""

import asyncio
import re
from collections.abc import Iterable

from dslsconsole.model.reading import LETS_NOBODY_IN
from dslsconsole.systems.acting import Action, Call, Checked, Forbidden, Refused, Unfinished, Unreached, succeeded
from dslsconsole.systems.answers import whole
from dslsconsole.systems.dslicsrv import fresh
from dslsconsole.systems.dslicsrv.demote import demotion, give_up_old_epoch
from dslsconsole.systems.dslicsrv.standing import SERVING, stopped_for_certain

PROMOTE_SECONDS = 15.0
LOOK_SECONDS = 8.0
"""How long it may take to look again at those who must be dead."""
JUST_LOOKED_SECONDS = fresh.KNOCK_SECONDS
"""For so long after a look its answer is as good as that of another one: of a silent host that takes as long."""
_LOOKED = "nobody came back at"
_EVERYWHERE = "*"
_ASKED = "promotion asked"
_SERVES = re.compile(r"\b(serves|serving|(?:is|as)(?: already)?(?: the)? primary|already|active)\b", re.IGNORECASE)
_HOLD = re.compile(r"\b(holds?|holding|held|votes?|voters?|voting|quorum)\b", re.IGNORECASE)
_HELD = re.compile(r"\b(holds?|holding|held)\b", re.IGNORECASE)
"""Without the operator's word a vote that is held is forced, but never a lack of quorum."""
_VOTER = re.compile(r"\bvoters? \S+", re.IGNORECASE)
"""A voter is named because it refuses, not because it serves."""
_GIVEN_EPOCH = re.compile(r"^Promoted: .*\bepoch=(\d+)", re.MULTILINE)


async def still_dead(call: Call) -> Checked:
    """Whether nobody who must be dead has come back, and no other node serves, right before this host is promoted.

    `dead` names those that were proven dead or vouched for: one that is reached must be stopped for certain, and one
    that is not may answer nobody. `stopped` names those that this operation has stopped itself: each must say so.
    """
    dead, stopped = call.arguments.get("dead", "").split(), call.arguments.get("stopped", "").split()
    if dead and not stopped and _just_looked(call, dead):
        return Checked(True, f"a moment ago nobody was answered by {', '.join(dead)}, and no other node served")
    others = [node for node in call.ground.nodes if node != call.host]
    async with asyncio.TaskGroup() as tasks:
        asked = [tasks.create_task(_stays_stopped(call, node)) for node in stopped]
        asked += [tasks.create_task(_stays_dead(call, node)) for node in dead if node not in stopped]
        asked += [tasks.create_task(_serves_not(call, node)) for node in others]
    told = [task.result() for task in asked]
    for wrong in (False, None):
        if readings := [one.reading for one in told if one.ok is wrong]:
            return Checked(wrong, "; ".join(readings))
    call.memory.update(looked_at(call.clock(), (*dead, *stopped), call.host))
    return Checked(True, "; ".join(one.reading for one in told if one.reading))


def looked_at(at: float, dead: Iterable[str], host: str = _EVERYWHERE) -> dict[str, str]:
    """What an operation's memory keeps of a look: nobody was answered by `dead`, no node served but maybe `host`."""
    return {_LOOKED: " ".join((repr(at), host, *dead))}


async def _stays_stopped(call: Call, node: str) -> Checked:
    return await stopped_for_certain(call.elsewhere(node))


async def _stays_dead(call: Call, node: str) -> Checked:
    askers = [other for other in call.ground.nodes if other != node]
    async with asyncio.TaskGroup() as tasks:
        own = tasks.create_task(_own_word(call, node))
        port = tasks.create_task(fresh.knock(call.hands, call.ground, node))
        views = [tasks.create_task(fresh.life(call.hands, call.ground, asker, node, call.clock())) for asker in askers]
    if (said := own.result()) is not None:
        return said
    alive = [
        sign.text for sign in (port.result(), *(view.result() for view in views)) if sign.life is fresh.Life.ANSWERS
    ]
    if alive:
        return Checked(False, f"{node} is alive: {'; '.join(alive)}")
    return Checked(True, f"{node} is not reached, and answers nobody")


async def _own_word(call: Call, node: str) -> Checked | None:
    """What a host that was dead says of itself if it is reached again; None where it is not."""
    try:
        await call.hands.run(node, call.ground.plain("uname", "-n", seconds=fresh.ASK_SECONDS), timeout=7)
    except Unreached as failure:
        if failure.failure.kind in LETS_NOBODY_IN:
            return Checked(None, f"{node} answers SSH again and could not be read: {failure}")
        return None
    except Unfinished:
        return None
    return await stopped_for_certain(call.elsewhere(node))


async def _serves_not(call: Call, node: str) -> Checked:
    """Whether a node does not say that it serves. One that does not answer is no objection here."""
    try:
        status = await fresh.cluster_status(call.hands, call.ground, node)
    except fresh.NotRead:
        return Checked(True, "")
    if status.role in SERVING:
        return Checked(False, f"{node} says that it is {status.role.value}, epoch {status.epoch}")
    return Checked(True, "")


def promotions(call: Call) -> tuple[str, ...]:
    plain = call.ground.licence_server("-promote-to-primary", "-node", call.host, seconds=PROMOTE_SECONDS)
    forced = call.ground.licence_server("-promote-to-primary", "-node", call.host, "-force", seconds=PROMOTE_SECONDS)
    return (plain, forced) if call.arguments.get("attested") or call.arguments.get("certain") else (plain,)


def _commands_to_promote(call: Call) -> tuple[str, ...]:
    first = (f"{demotion(call)}  # only if it serves with an old epoch",) if call.arguments.get("renew") else ()
    return (*first, *promotions(call))


async def _promote(call: Call) -> str:
    """Promote; with `renew`, demote first a server that serves with an epoch not above `epoch_above`.

    A server that did not hear of the last promotions elsewhere counts on from an old epoch: it is asked again.
    """
    if not call.arguments.get("renew"):
        return await _promote_plainly_or_by_force(call)
    above = int(call["epoch_above"])
    renewed = await give_up_old_epoch(call, above)
    promoted = await _promote_plainly_or_by_force(call)
    if (given := _GIVEN_EPOCH.search(promoted)) and (whole(given[1]) or 0) <= above:
        raise Refused(f"{promoted}: not above epoch {above}, which another server had; it is promoted once more")
    return "\n".join(filter(None, (renewed, promoted)))


async def _promote_plainly_or_by_force(call: Call) -> str:
    """Promote; by force only over voters that hold their votes for those who are `attested` to be down, or whose own
    host proves that they are stopped (`certain`).

    Before it is asked again, and before it is forced, whoever must be dead is looked at again.
    """
    plain, *forced = promotions(call)
    if call.memory.get(_ASKED) == "yes":
        call.memory.pop(_LOOKED, None)
        await _nobody_revived(call)
    call.memory[_ASKED] = "yes"
    answer = await call.hands.run(call.host, plain, timeout=PROMOTE_SECONDS + 3)
    if answer.status != 1 or not forced:
        return succeeded(answer, "Promoted:")
    if why := _not_forced(call, answer.said):
        raise Refused(f"{answer.said} (not forced: {why})")
    await _nobody_revived(call)
    again = await call.hands.run(call.host, forced[0], timeout=PROMOTE_SECONDS + 3)
    return f"{answer.said}\n{succeeded(again, 'Promoted:')}"


def _not_forced(call: Call, refusal: str) -> str:
    """Why a refusal is no reason to force; nothing where it is the voters' hold and names nobody who may serve."""
    if _SERVES.search(refusal):
        return "the refusal says that a node serves"
    attested, certain = (call.arguments.get(name, "").split() for name in ("attested", "certain"))
    if not (_HOLD if attested else _HELD).search(refusal):
        return f"the refusal speaks of no voters that hold their votes{', nor of quorum' if attested else ''}"
    accused = _VOTER.sub(" ", refusal)
    spared = (call.host, *attested, *certain)
    named = [node for node in call.ground.nodes if node in accused and node not in spared]
    return f"the refusal names {', '.join(named)}" if named else ""


async def _nobody_revived(call: Call) -> None:
    dead = " ".join(
        dict.fromkeys(name for kind in ("dead", "attested", "certain") for name in call.arguments.get(kind, "").split())
    )
    if not dead or _just_looked(call, dead.split()):
        return
    checked = await still_dead(call.elsewhere(call.host, dead=dead))
    if not checked.ok:
        raise Forbidden(f"not promoted, because {checked.reading}")


def _just_looked(call: Call, dead: list[str]) -> bool:
    """Whether all of them were looked at a moment ago."""
    at, *who = call.memory.get(_LOOKED, "").split() or [""]
    if not at or who[0] not in (call.host, _EVERYWHERE) or not set(dead) <= set(who[1:]):
        return False
    return 0 <= call.clock() - float(at) <= JUST_LOOKED_SECONDS


PROMOTE = Action(_commands_to_promote, _promote, bound=PROMOTE_SECONDS + 3 + LOOK_SECONDS, within_deadline=True)
