"""Proving where the service address is. It is moved by keepalived itself: by stopping and starting its unit."""

from dslsconsole.systems.acting import Action, Call, Check, Checked, Refused
from dslsconsole.systems.keepalived import fresh

SETTLED_SECONDS = 10.0
"""How long the address must stay where it is. A keepalived that starts listens for three advertisements and some
(3.6 s with `advert_int 1`) before it takes the address, or takes it back."""
_SEEN, _SINCE = "address held by", "address held since"


def _group(call: Call) -> tuple[str, tuple[str, ...]]:
    """The service address and the load balancers that may hold it."""
    balancers = call.ground.balancers_of(call.host)
    if balancers.vip is None:
        raise Refused("the estate file names no vip for these load balancers")
    return balancers.vip, tuple(balancers.hosts)


async def _held(call: Call) -> tuple[tuple[str, ...], Checked]:
    """Who holds the address, and whether that is one alone, known from every load balancer."""
    address, hosts = _group(call)
    found, silent = await fresh.holders(call.hands, call.ground, hosts, address)
    words = f"{address} is held by {' and '.join(found) or 'nobody'}"
    if silent:
        words += f"; not asked: {'; '.join(f'{host} ({why})' for host, why in silent.items())}"
    if len(found) > 1:
        return found, Checked(False, words)
    if silent:
        return found, Checked(None, words)
    return found, Checked(len(found) == 1, words)


async def address_at(call: Call) -> Checked:
    """Whether `target` holds the service address, and every other load balancer says that it does not."""
    found, held = await _held(call)
    return Checked(held.ok and found == (call["target"],), held.reading)


async def address_settled(call: Call) -> Checked:
    """Whether one load balancer alone has held the address for a while, whichever it is; the reading says which."""
    found, held = await _held(call)
    now = call.clock()
    if not held.ok:
        call.memory.pop(_SEEN, None)
        return held
    if call.memory.get(_SEEN) != found[0]:
        call.memory[_SEEN], call.memory[_SINCE] = found[0], repr(now)
    stayed = now - float(call.memory[_SINCE])
    if stayed < SETTLED_SECONDS:
        return Checked(False, f"{held.reading}, for {stayed:.0f} s")
    where = "as wished" if found[0] == call["target"] else f"not by {call['target']}: keepalived took it there"
    return Checked(True, f"{held.reading}, alone, {where}")


def _look_commands(call: Call) -> tuple[str, ...]:
    return tuple(f"{host}: {fresh.asked(call.ground)}" for host in _group(call)[1])


async def _look(call: Call) -> str:
    return (await _held(call))[1].reading


ACTIONS = {"look-for-address": Action(_look_commands, _look)}
CHECKS: dict[str, Check] = {"address-at": address_at, "address-settled": address_settled}
