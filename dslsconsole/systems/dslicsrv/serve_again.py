"""Letting a server whose stop was begun or done serve again, unless another took over meanwhile."""

import asyncio

from dslsconsole.model.node import ClusterStatus, Mode, Role
from dslsconsole.systems.acting import Action, Call, Checked, Refused, succeeded
from dslsconsole.systems.dslicsrv import fresh
from dslsconsole.systems.dslicsrv.promote import PROMOTE_SECONDS, promotions
from dslsconsole.systems.dslicsrv.standing import SERVING, role_is, status_of, stays_up
from dslsconsole.systems.systemd.act import START_ASKED, START_SECONDS, unit_of


async def serves_again(call: Call) -> Checked:
    """Whether a server whose stop was begun serves in its `role` again, and goes on doing so: see `stays_up`."""
    role = await role_is(call)
    unit = await unit_of(call)
    if not role.ok:
        return role
    if isinstance(unit, Checked):
        return unit
    if unit.active not in ("active", "deactivating"):
        return Checked(False, f"{role.reading}; {unit}")
    return stays_up(call, role.reading, unit)


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


def _serve_again_commands(call: Call) -> tuple[str, ...]:
    unit = call.arguments.get("unit") or call.ground.nodes[call.host].unit
    return (
        call.ground.as_root("systemctl", "start", unit, seconds=START_SECONDS),
        f"{promotions(call)[0]}  # only if it comes up as backup",
    )


async def _serve_again(call: Call) -> str:
    """Start a server that served before, and promote it if it comes up as backup; refused while it is not up yet, and
    where another may serve by now."""
    await _refuse_a_second_primary(call)
    start = _serve_again_commands(call)[0]
    answer = await call.hands.run(call.host, start, timeout=START_SECONDS + 3)
    call.memory[START_ASKED] = "yes"
    status = await status_of(call, call.host)
    if status.role in SERVING:
        return answer.said
    succeeded(answer)
    if status.role not in (Role.BACKUP, Role.DR_BACKUP) or status.state != "running":
        raise Refused(f"{call.host} is not up yet: role {status.role}, state {status.state}")
    answer = await call.hands.run(call.host, promotions(call)[0], timeout=PROMOTE_SECONDS + 3)
    return succeeded(answer, "Promoted:")


SERVE_AGAIN = Action(_serve_again_commands, _serve_again)
