"""Starting and stopping units, and reading back what became of them."""

from msgspec import Struct

from dslsconsole.systems.acting import Action, Call, Check, Checked, Hands, Refused, Unfinished, Unreached, succeeded
from dslsconsole.systems.answers import Unreadable
from dslsconsole.systems.ground import Ground
from dslsconsole.systems.systemd.read import parse_show

STOP_SECONDS = 30.0
"""How long `systemctl stop` may take: systemd itself waits 90 s by default, the console's operator does not."""
START_SECONDS = 30.0
START_ASKED = "start asked"
"""The note that a start was asked for: systemd keeps it until a stop that still goes on has ended."""
_PROPERTIES = "Id,LoadState,ActiveState,SubState,Result,MainPID,UnitFileState"


class Unit(Struct, frozen=True):
    """What one reading of a unit said."""

    name: str
    load: str
    active: str
    sub: str
    main_pid: int | None
    enabled: str = ""

    @property
    def known(self) -> bool:
        """A unit that the host does not have reads as inactive, and proves nothing."""
        return self.load in ("loaded", "masked")

    @property
    def stopped(self) -> bool:
        return self.known and self.active in ("inactive", "failed") and self.main_pid in (0, None)

    def __str__(self) -> str:
        pid = f", pid {self.main_pid}" if self.main_pid else ""
        return f"{self.name} is {self.active} ({self.sub}{pid})" if self.known else f"{self.name} is {self.load}"


def shown(ground: Ground, *units: str) -> str:
    """The command that reads the units."""
    return ground.plain("systemctl", "show", "-p", _PROPERTIES, *units, seconds=5)


def units_in(text: str) -> tuple[Unit, ...]:
    """The units in the order of the answer's blocks. Raises Unreadable."""
    return tuple(
        Unit(one.unit, one.load or "unknown", one.active, one.sub, one.main_pid, one.enabled)
        for one in parse_show(text)
    )


async def read_units(hands: Hands, ground: Ground, host: str, *units: str) -> tuple[Unit, ...]:
    """The units of a host, read now, in the order asked.

    Raises:
        Unreached, Unfinished: the host gave no answer.
        Refused: it answered something else, or told of other units.
    """
    text = succeeded(await hands.run(host, shown(ground, *units), timeout=7))
    try:
        found = units_in(text)
    except Unreadable as unreadable:
        raise Refused(f"{host}: systemctl show: {unreadable}") from unreadable
    if len(found) != len(units):
        raise Refused(f"{host}: systemctl show told of {len(found)} units, asked were {len(units)}")
    return found


def _unit(call: Call) -> str:
    return call.arguments.get("unit") or call.ground.nodes[call.host].unit


def _service(verb: str, seconds: float) -> Action:
    def commands(call: Call) -> tuple[str, ...]:
        return (call.ground.as_root("systemctl", verb, _unit(call), seconds=seconds),)

    async def do(call: Call) -> str:
        answer = await call.hands.run(call.host, commands(call)[0], timeout=seconds + 3)
        if verb == "start":
            call.memory[START_ASKED] = "yes"
        return succeeded(answer)

    return Action(commands, do, bound=seconds + 3)


def _kill_commands(call: Call) -> tuple[str, ...]:
    return (
        call.ground.as_root("systemctl", "stop", _unit(call), seconds=STOP_SECONDS / 3),
        call.ground.as_root("systemctl", "kill", "--signal=KILL", _unit(call), seconds=10),
    )


async def _stop_then_kill(call: Call) -> str:
    stop, kill = _kill_commands(call)
    answer = await call.hands.run(call.host, stop, timeout=STOP_SECONDS / 3 + 3)
    if answer.status == 0:
        return answer.said
    return succeeded(await call.hands.run(call.host, kill, timeout=13))


async def unit_of(call: Call) -> Unit | Checked:
    """The unit of a call, or why it can't be told."""
    try:
        (unit,) = await read_units(call.hands, call.ground, call.host, _unit(call))
    except (Unreached, Unfinished, Refused) as failure:
        return Checked(None, f"{call.host} could not be asked for the unit: {failure}")
    return unit


async def _active(call: Call) -> Checked:
    unit = await unit_of(call)
    if isinstance(unit, Checked):
        return unit
    return Checked(unit.known and unit.active == "active", str(unit))


async def _inactive(call: Call) -> Checked:
    unit = await unit_of(call)
    if isinstance(unit, Checked):
        return unit
    return Checked(unit.stopped if unit.known else None, str(unit))


async def _restarted(call: Call) -> Checked:
    """Whether the unit runs in another process than before its restart was asked for."""
    before = call.memory.get("pid before")
    if before is None:
        return Checked(False, "not restarted yet")
    unit = await unit_of(call)
    if isinstance(unit, Checked):
        return unit
    return Checked(unit.active == "active" and str(unit.main_pid) != before, f"{unit}, before it was pid {before}")


def _restart_commands(call: Call) -> tuple[str, ...]:
    return (call.ground.as_root("systemctl", "restart", _unit(call), seconds=START_SECONDS + STOP_SECONDS),)


async def _restart(call: Call) -> str:
    unit = await unit_of(call)
    if isinstance(unit, Checked):
        raise Refused(unit.reading)
    call.memory["pid before"] = str(unit.main_pid)
    limit = START_SECONDS + STOP_SECONDS + 3
    return succeeded(await call.hands.run(call.host, _restart_commands(call)[0], timeout=limit))


async def _kept_from_starting(call: Call) -> Checked:
    """Whether systemd starts the unit neither at boot nor for another unit that wants it."""
    unit = await unit_of(call)
    if isinstance(unit, Checked):
        return unit
    words = f"{unit.name} is {unit.enabled or 'of unknown file state'}"
    if unit.enabled in ("disabled", "masked", "masked-runtime"):
        return Checked(True, words)
    return Checked(False if unit.enabled else None, words)


async def _started_at_boot(call: Call) -> Checked:
    kept = await _kept_from_starting(call)
    return Checked(None if kept.ok is None else not kept.ok, kept.reading)


ACTIONS = {
    "service-disable": _service("disable", 10.0),
    "service-enable": _service("enable", 10.0),
    "service-start": _service("start", START_SECONDS),
    "service-stop": _service("stop", STOP_SECONDS),
    "service-restart": Action(_restart_commands, _restart, bound=START_SECONDS + STOP_SECONDS + 3),
    "service-stop-or-kill": Action(_kill_commands, _stop_then_kill, bound=13),
}
CHECKS: dict[str, Check] = {
    "unit-active": _active,
    "unit-inactive": _inactive,
    "unit-disabled": _kept_from_starting,
    "unit-enabled": _started_at_boot,
    "restarted": _restarted,
}
