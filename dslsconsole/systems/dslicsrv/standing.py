"""How a licence server stands: stopped for certain, in a role, answering."""

import asyncio

from dslsconsole.model.node import ClusterStatus, Role
from dslsconsole.systems.acting import Call, Checked, Refused, Unfinished, Unreached, both
from dslsconsole.systems.dslicsrv import fresh
from dslsconsole.systems.systemd.act import START_ASKED, Unit, read_units, unit_of

SERVING = (Role.PRIMARY, Role.DR_PRIMARY)


async def stopped_for_certain(call: Call) -> Checked:
    """Whether a node's licence server is stopped beyond doubt.

    Its unit is known and inactive without a process, `-status` on the host says that nothing runs, and from the
    `witness` host, where one is given, its port is not reached.
    """
    unit = call.arguments.get("unit") or call.ground.nodes[call.host].unit
    # All are asked at once: clients may be waiting for the answer.
    async with asyncio.TaskGroup() as tasks:
        shown = tasks.create_task(_unit_read(call, unit))
        asked = [
            tasks.create_task(fresh.life(call.hands, call.ground, on, call.host, call.clock()))
            for on in (call.host, call.arguments.get("witness"))
            if on
        ]
    read = shown.result()
    if isinstance(read, Checked):
        return read
    if not read.known:
        return Checked(None, f"{call.host}: {read}; a unit that does not exist proves nothing")
    if not read.stopped:
        return Checked(False, f"{call.host}: {read}")
    signs = [task.result() for task in asked]
    words = "; ".join([str(read), *(sign.text for sign in signs)])
    if any(sign.life is fresh.Life.ANSWERS for sign in signs):
        return Checked(False, words)
    return Checked(True if all(sign.life is fresh.Life.STOPPED for sign in signs) else None, words)


async def _unit_read(call: Call, unit: str) -> Unit | Checked:
    """The unit as it is now, or why it can't be told."""
    try:
        (read,) = await read_units(call.hands, call.ground, call.host, unit)
    except (Unreached, Unfinished, Refused) as failure:
        return Checked(None, f"{call.host} could not be asked: {failure}")
    return read


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


async def server_answers(call: Call) -> Checked:
    """Whether the server answers, and goes on doing so as far as its unit tells: see `stays_up`."""
    sign, unit = await both(fresh.life(call.hands, call.ground, call.host, call.host, call.clock()), unit_of(call))
    if sign.life is not fresh.Life.ANSWERS:
        return Checked({fresh.Life.STOPPED: False}.get(sign.life), sign.text)
    if isinstance(unit, Checked):
        return Checked(None, f"{sign.text}; {unit.reading}")
    return stays_up(call, sign.text, unit)


def stays_up(call: Call, answers: str, unit: Unit) -> Checked:
    """Whether a server that answers is not being stopped.

    A unit that did not heed the stop may go on serving while systemd waits to kill it: that counts once its start was
    asked for again, and is said.
    """
    if unit.active != "deactivating":
        return Checked(True, answers)
    if START_ASKED not in call.memory:
        return Checked(False, f"{answers}; {unit}")
    return Checked(True, f"{answers}; but {unit}: systemd may yet kill it, so watch it and start it again then")


async def status_of(call: Call, host: str) -> ClusterStatus:
    """What a node says of itself and its cluster now. Raises `Refused` where it can't be read."""
    try:
        return await fresh.cluster_status(call.hands, call.ground, host)
    except fresh.NotRead as failure:
        raise Refused(str(failure)) from failure
