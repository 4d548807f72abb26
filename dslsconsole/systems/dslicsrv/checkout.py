"""A licence checked out and in again, as proof that a server grants them."""

from dslsconsole.model.node import Role
from dslsconsole.systems.acting import Action, Call, Refused, Untested, succeeded
from dslsconsole.systems.dslicsrv import fresh

CHECKOUT_SECONDS = 15.0
ALL_USED, UNTESTED = "all_used", "untested"
"""The argument that says that a feature of which all is in use is no failure, and its value."""
TRIES = 3
"""How often it is asked: in a busy hour one that was free when it was counted is gone a moment later."""


def _command(call: Call) -> str:
    return call.ground.licence_server("-test-checkout", call["feature"], "1", seconds=CHECKOUT_SECONDS)


async def _check_out(call: Call) -> str:
    """Check one out and in again. A busy hour is no reason to stop a move of the service half way."""
    for _ in range(TRIES - 1):
        try:
            return await _once(call)
        except Refused as refusal:
            if call.arguments.get(ALL_USED) != UNTESTED:
                raise
            if used := await _all_used(call):
                raise Untested(f"{refusal}\nNot tested, because none is free: {used}.") from refusal
    return await _once(call)


async def _once(call: Call) -> str:
    answer = await call.hands.run(call.host, _command(call), timeout=CHECKOUT_SECONDS + 3)
    return succeeded(answer, "Checkout: OK")


async def _all_used(call: Call) -> str | None:
    """What the server counts, where it serves and counts none free; None where that is not so or not known."""
    try:
        role = (await fresh.cluster_status(call.hands, call.ground, call.host)).role
        state = await fresh.tokens(call.hands, call.ground, call.host)
    except fresh.NotRead:
        return None
    if role not in (Role.PRIMARY, Role.DR_PRIMARY):
        return None
    wanted = call["feature"].lower()
    for feature in (feature for pool in state.pools for feature in pool.features):
        if feature.name.lower() == wanted and feature.available == 0 and feature.used:
            return f"{feature.used} of {feature.total} in use"
    return None


TEST_CHECKOUT = Action(lambda call: (_command(call),), _check_out, bound=CHECKOUT_SECONDS + 3)
