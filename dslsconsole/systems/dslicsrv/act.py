"""Acting on licence servers: stopping for certain, promoting, moving token state, testing a checkout."""

import asyncio
import re
from collections.abc import Iterable

import msgspec

from dslsconsole.model.node import ClusterStatus, Mode, Role, TokenState
from dslsconsole.model.reading import LETS_NOBODY_IN
from dslsconsole.systems.acting import (
    Action,
    Call,
    Check,
    Checked,
    Forbidden,
    Refused,
    Unfinished,
    Unreached,
    succeeded,
)
from dslsconsole.systems.dslicsrv import configure, fresh, seen
from dslsconsole.systems.dslicsrv.checkout import TEST_CHECKOUT
from dslsconsole.systems.dslicsrv.demote import DEMOTE, demotion, give_up_old_epoch
from dslsconsole.systems.dslicsrv.read import Unreadable, parse_tokens
from dslsconsole.systems.systemd.act import START_SECONDS, read_units, unit_of

SYNC_SECONDS = 20.0
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
_VOTER = re.compile(r"\bvoters? \S+", re.IGNORECASE)
"""A voter is named because it refuses, not because it serves."""
SERVING = (Role.PRIMARY, Role.DR_PRIMARY)


def same(one: TokenState, other: TokenState) -> bool:
    """Whether two token states are the same: generation and pools, in any order. Unknown is never the same."""
    if one.generation is None or one.generation != other.generation or not one.pools:
        return False
    figures = [{(pool.name, pool.total, pool.used) for pool in state.pools} for state in (one, other)]
    return figures[0] == figures[1]


async def stopped_for_certain(call: Call) -> Checked:
    """Whether a node's licence server is stopped beyond doubt.

    Its unit is known and inactive without a process, `-status` on the host says that nothing runs, and from the
    `witness` host, where one is given, its port is not reached.
    """
    unit = call.arguments.get("unit") or call.ground.nodes[call.host].unit
    try:
        (read,) = await read_units(call.hands, call.ground, call.host, unit)
    except (Unreached, Unfinished, Refused) as failure:
        return Checked(None, f"{call.host} could not be asked: {failure}")
    if not read.known:
        return Checked(None, f"{call.host}: {read}; a unit that does not exist proves nothing")
    if not read.stopped:
        return Checked(False, f"{call.host}: {read}")
    signs = [await fresh.life(call.hands, call.ground, call.host, call.host, call.clock())]
    if witness := call.arguments.get("witness"):
        signs.append(await fresh.life(call.hands, call.ground, witness, call.host, call.clock()))
    words = "; ".join([str(read), *(sign.text for sign in signs)])
    if any(sign.life is fresh.Life.ANSWERS for sign in signs):
        return Checked(False, words)
    return Checked(True if all(sign.life is fresh.Life.STOPPED for sign in signs) else None, words)


async def role_is(call: Call) -> Checked:
    """Whether the server's role is one of `role` (words separated by blanks), running, under its own name.

    With `epoch_above`, its epoch must have passed that number; a primary must hold quorum where it tells.
    """
    try:
        status = await fresh.cluster_status(call.hands, call.ground, call.host)
    except fresh.NotRead as failure:
        if failure.stopped:
            # It does not run; only a unit that is not about to be started again says that it has no role either.
            unit = await unit_of(call)
            if not isinstance(unit, Checked) and unit.stopped:
                return Checked(False, f"{failure}; {unit}")
        return Checked(None, str(failure))
    words = f"{call.host}: role {status.role or 'unknown'}, state {status.state or 'unknown'}, epoch {status.epoch}"
    if status.node is not None and status.node != call.host:
        return Checked(False, f"{call.host} calls itself {status.node}")
    if status.role is None or status.state is None:
        return Checked(None, words)
    ok = status.role.value in call["role"].split() and status.state == "running"
    if ok and (above := call.arguments.get("epoch_above")):
        ok = status.epoch is not None and status.epoch > int(above)
    if ok and status.role in SERVING and status.quorum is not None and status.quorum.held is False:
        return Checked(False, f"{words}, without quorum")
    return Checked(ok, words)


async def serves_again(call: Call) -> Checked:
    """Whether a server whose stop was begun serves in its `role` again.

    A unit that did not heed the stop may go on serving while systemd waits to kill it: that counts once its start was
    asked for again, and is said.
    """
    role = await role_is(call)
    unit = await unit_of(call)
    if not role.ok:
        return role
    if isinstance(unit, Checked):
        return unit
    if unit.active == "active":
        return role
    if unit.active != "deactivating" or "start asked" not in call.memory:
        return Checked(False, f"{role.reading}; {unit}")
    return Checked(True, f"{role.reading}; but {unit}: systemd may yet kill it, so watch it and start it again then")


async def _serves(call: Call) -> Checked:
    sign = await fresh.life(call.hands, call.ground, call.host, call.host, call.clock())
    return Checked({fresh.Life.ANSWERS: True, fresh.Life.STOPPED: False}.get(sign.life), sign.text)


async def _sync(call: Call, verb: str, expect: str) -> str:
    source, target = call.host, call["target"]
    status = await _status_of(call, source)
    if status.role not in SERVING:
        raise Refused(f"{source} is {status.role or 'of unknown role'}: only a primary's tokens are ever pushed")
    answer = await call.hands.run(source, _read_tokens(call), timeout=SYNC_SECONDS + 3)
    succeeded(answer)
    payload = answer.stdout.encode()
    state = _parsed(payload)
    if state.generation is None or not state.pools:
        raise Refused(f"{source}: the token state names no generation or no pool; it is not pushed")
    call.memory[f"generation pushed to {target}"] = str(state.generation)
    stdin = payload if verb == "-sync-tokens" else None
    answer = await call.hands.run(source, _push(call, verb), stdin=stdin, timeout=SYNC_SECONDS + 3)
    return succeeded(answer, expect)


async def _status_of(call: Call, host: str) -> ClusterStatus:
    try:
        return await fresh.cluster_status(call.hands, call.ground, host)
    except fresh.NotRead as failure:
        raise Refused(str(failure)) from failure


def _parsed(payload: bytes) -> TokenState:
    try:
        msgspec.json.decode(payload)
        return parse_tokens(payload.decode())
    except (msgspec.DecodeError, Unreadable, UnicodeDecodeError) as error:
        raise Refused(f"the token state is not sound JSON ({error}); it is not pushed") from error


def _read_tokens(call: Call) -> str:
    return call.ground.licence_server("-tokens", "-format", "json", seconds=SYNC_SECONDS)


def _push(call: Call, verb: str) -> str:
    target = call.ground.licence_port(call["target"])
    return call.ground.licence_server(verb, "-target", target, seconds=SYNC_SECONDS)


async def tokens_in_sync(call: Call) -> Checked:
    """Whether the `target` holds the token state of this host, or a newer one than was pushed to it.

    The source moves on between two reads, so after a push the generation that was pushed decides.
    """
    target = call["target"]
    try:
        pushed = call.memory.get(f"generation pushed to {target}")
        source = None if pushed else await fresh.tokens(call.hands, call.ground, call.host)
        there = await fresh.tokens(call.hands, call.ground, target)
    except fresh.NotRead as failure:
        return Checked(None, str(failure))
    wanted = int(pushed) if pushed else source.generation if source else None
    if wanted is None or there.generation is None:
        return Checked(None, f"{target}: generation {there.generation}, {call.host}: generation {wanted}")
    words = f"{target} has generation {there.generation}, {call.host} {'pushed' if pushed else 'has'} {wanted}"
    if source is not None and there.generation == wanted:
        return Checked(same(source, there), words)
    return Checked(there.generation >= wanted, words)


async def tokens_pushed(call: Call) -> Checked:
    """The same, after a push only: an overwrite is done whatever the target held before."""
    if f"generation pushed to {call['target']}" not in call.memory:
        return Checked(False, "not pushed yet")
    return await tokens_in_sync(call)


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


def _promotions(call: Call) -> tuple[str, ...]:
    plain = call.ground.licence_server("-promote-to-primary", "-node", call.host, seconds=PROMOTE_SECONDS)
    forced = call.ground.licence_server("-promote-to-primary", "-node", call.host, "-force", seconds=PROMOTE_SECONDS)
    return (plain, forced) if call.arguments.get("attested") else (plain,)


def _commands_to_promote(call: Call) -> tuple[str, ...]:
    first = (f"{demotion(call)}  # only if it serves with an old epoch",) if call.arguments.get("renew") else ()
    return (*first, *_promotions(call))


async def _promote(call: Call) -> str:
    """Promote; with `renew`, demote first a server that serves with an epoch not above `epoch_above`."""
    renewed = await give_up_old_epoch(call, int(call["epoch_above"])) if call.arguments.get("renew") else ""
    return "\n".join(filter(None, (renewed, await _promote_plainly_or_by_force(call))))


async def _promote_plainly_or_by_force(call: Call) -> str:
    """Promote; by force only over voters that hold their votes for those who are `attested` to be down.

    Before it is asked again, and before it is forced, whoever must be dead is looked at again.
    """
    plain, *forced = _promotions(call)
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
    if not _HOLD.search(refusal):
        return "the refusal speaks of no voters that hold their votes, nor of quorum"
    accused = _VOTER.sub(" ", refusal)
    spared = (call.host, *call["attested"].split())
    named = [node for node in call.ground.nodes if node in accused and node not in spared]
    return f"the refusal names {', '.join(named)}" if named else ""


async def _nobody_revived(call: Call) -> None:
    dead = " ".join(
        dict.fromkeys([*call.arguments.get("dead", "").split(), *call.arguments.get("attested", "").split()])
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


def _serve_again_commands(call: Call) -> tuple[str, ...]:
    unit = call.arguments.get("unit") or call.ground.nodes[call.host].unit
    return (
        call.ground.as_root("systemctl", "start", unit, seconds=START_SECONDS),
        f"{_promotions(call)[0]}  # only if it comes up as backup",
    )


async def _refuse_a_second_primary(call: Call) -> None:
    """See that nobody took over from a server that is to serve again.

    Raises:
        Refused: another node serves, the cluster's epoch has passed `epoch`, or nothing that runs can be asked about
            a node that does not answer.
    """
    others = [name for name in call.ground.nodes if name != call.host]
    told = await asyncio.gather(*(_status_or_failure(call, name) for name in others))
    before, silent, heard = call.arguments.get("epoch", "0"), [], False
    for name, status in zip(others, told, strict=True):
        if isinstance(status, fresh.NotRead):
            arbitrates = call.ground.nodes[name].mode is Mode.ARBITRATOR
            if not status.stopped and not arbitrates:
                silent.append(f"{name} ({status})")
            continue
        heard = True
        if status.role in SERVING:
            raise Refused(f"{name} serves as {status.role}: with {call.host} started again, two would")
        if before.isdecimal() and 0 < int(before) < (status.epoch or 0):
            raise Refused(f"{name} tells of epoch {status.epoch}, it was {before}: another node was promoted since")
    if silent and not heard:
        raise Refused(f"it can't be told whether another node serves by now: {'; '.join(silent)}")


async def _status_or_failure(call: Call, host: str) -> ClusterStatus | fresh.NotRead:
    try:
        return await fresh.cluster_status(call.hands, call.ground, host)
    except fresh.NotRead as failure:
        return failure


async def _serve_again(call: Call) -> str:
    """Start a server that served before, and promote it if it comes up as backup; refused while it is not up yet, and
    where another may serve by now."""
    await _refuse_a_second_primary(call)
    start = _serve_again_commands(call)[0]
    answer = await call.hands.run(call.host, start, timeout=START_SECONDS + 3)
    call.memory["start asked"] = "yes"
    status = await _status_of(call, call.host)
    if status.role in SERVING:
        return answer.said
    succeeded(answer)
    if status.role not in (Role.BACKUP, Role.DR_BACKUP) or status.state != "running":
        raise Refused(f"{call.host} is not up yet: role {status.role}, state {status.state}")
    answer = await call.hands.run(call.host, _promotions(call)[0], timeout=PROMOTE_SECONDS + 3)
    return succeeded(answer, "Promoted:")


def _sync_action(verb: str, expect: str) -> Action:
    async def do(call: Call) -> str:
        return await _sync(call, verb, expect)

    def commands(call: Call) -> tuple[str, ...]:
        read, push = _read_tokens(call), _push(call, verb)
        return (read, f"{push}  # standard input: the token state just read" if verb == "-sync-tokens" else push)

    return Action(commands, do)


ACTIONS = {
    "sync-tokens": _sync_action("-sync-tokens", "Sync: OK"),
    "force-sync-tokens": _sync_action("-force-sync", "Sync: FORCED"),
    "demote": DEMOTE,
    "promote": Action(_commands_to_promote, _promote, bound=PROMOTE_SECONDS + 3 + LOOK_SECONDS, within_deadline=True),
    "serve-again": Action(_serve_again_commands, _serve_again),
    "test-checkout": TEST_CHECKOUT,
} | configure.ACTIONS
CHECKS: dict[str, Check] = seen.CHECKS | {
    "stopped-for-certain": stopped_for_certain,
    "still-dead": still_dead,
    "role-is": role_is,
    "tokens-in-sync": tokens_in_sync,
    "tokens-pushed": tokens_pushed,
    "server-answers": _serves,
    "serves-again": serves_again,
}
