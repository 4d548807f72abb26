"""Dropping a node's licence traffic for a drill by one tagged rule, which removes itself.

The rule goes first in its chain, or an ACCEPT before it would hide it; it leaves the loopback interface alone, so that
the host can still ask its own server; it is removed by its own words, never by flushing a chain. Before it is there,
systemd is told to remove it in a while, whatever becomes of this console.
"""

import ipaddress

from dslsconsole.systems.acting import (
    Action,
    Call,
    Check,
    Checked,
    Refused,
    Unfinished,
    Unreached,
    command_action,
)
from dslsconsole.systems.systemd.act import unit_of

TAG = "dslsconsole-drill"
"""The comment that every rule of a drill carries; one operation a cluster at a time, so there is no other."""
WAIT_SECONDS = 10.0
REMOVED_AFTER = 900
"""Seconds after which systemd removes a rule by itself."""
_LOOPBACK = {"INPUT": "-i", "OUTPUT": "-o"}


def unit(chain: str) -> str:
    """The transient unit that removes the rule of a chain."""
    return f"{TAG}-{chain.lower()}.timer"


def _chain(call: Call) -> str:
    if call["chain"] not in _LOOPBACK:
        raise Refused(f"there is no chain {call['chain']}; INPUT is what comes in, OUTPUT what goes out")
    return call["chain"]


def _program(call: Call) -> str:
    try:
        six = ipaddress.ip_address(call.ground.address(call.host)).version == 6
    except ValueError:
        six = False
    return "ip6tables" if six else "iptables"


def _ports(call: Call) -> list[str]:
    """INPUT: the node's own licence port. OUTPUT: those of the other nodes of the cluster."""
    nodes, own = call.ground.nodes, call.host
    named = [own] if call["chain"] == "INPUT" else [name for name in nodes if name != own]
    ports = sorted({nodes[name].port or call.ground.estate.dslicsrv.port for name in named})
    if len(ports) == 1:
        return ["--dport", str(ports[0])]
    return ["-m", "multiport", "--dports", ",".join(map(str, ports))]


def rule(call: Call, verb: str) -> tuple[str, ...]:
    """The words of iptables that insert (-I), check (-C) or delete (-D) exactly this rule."""
    chain = _chain(call)
    place = ("1",) if verb == "-I" else ()
    tag = ("-m", "comment", "--comment", TAG, "-j", "DROP")
    what = ("-p", "tcp", *_ports(call), "!", _LOOPBACK[chain], "lo", *tag)
    return (_program(call), "-w", "5", verb, chain, *place, *what)


def _as_root(verb: str, call: Call) -> str:
    return call.ground.as_root(*rule(call, verb), seconds=WAIT_SECONDS)


def _timed(call: Call) -> str:
    name = unit(_chain(call)).removesuffix(".timer")
    words = ("systemd-run", "--collect", f"--on-active={REMOVED_AFTER}", f"--unit={name}", *rule(call, "-D"))
    return call.ground.as_root(*words, seconds=WAIT_SECONDS)


def _not_timed(call: Call) -> str:
    return call.ground.as_root("systemctl", "stop", unit(_chain(call)), seconds=WAIT_SECONDS)


async def there(call: Call) -> Checked:
    """Whether the rule is there."""
    try:
        answer = await call.hands.run(call.host, _as_root("-C", call), timeout=WAIT_SECONDS + 3)
    except (Unreached, Unfinished) as failure:
        return Checked(None, f"{call.host}: {failure}")
    words = f"{call.host}: {_chain(call)} {' '.join(_ports(call))}"
    if answer.status == 0:
        return Checked(True, f"{words} is dropped")
    if answer.status == 1 and "does a matching rule exist" in answer.said.lower():
        return Checked(False, f"{words} is not dropped by a rule of ours")
    return Checked(None, f"{call.host}: the filter can't be read: {answer.said or f'status {answer.status}'}")


async def not_there(call: Call) -> Checked:
    """Whether the rule is gone."""
    found = await there(call)
    return Checked(None if found.ok is None else not found.ok, found.reading)


async def timed(call: Call) -> Checked:
    """Whether systemd will remove the rule by itself."""
    found = await unit_of(call.elsewhere(call.host, unit=unit(_chain(call))))
    if isinstance(found, Checked):
        return found
    return Checked(found.active in ("active", "activating"), f"{call.host}: {found}")


async def not_timed(call: Call) -> Checked:
    """Whether no removal is waiting any more."""
    found = await timed(call)
    return Checked(None if found.ok is None else not found.ok, found.reading)


ACTIONS: dict[str, Action] = {
    "filter-rule": command_action(lambda call: _as_root("-I", call), timeout=WAIT_SECONDS + 3),
    "filter-removed": command_action(lambda call: _as_root("-D", call), timeout=WAIT_SECONDS + 3),
    "filter-removal-timed": command_action(_timed, timeout=WAIT_SECONDS + 3),
    "filter-removal-cancelled": command_action(_not_timed, timeout=WAIT_SECONDS + 3),
}
CHECKS: dict[str, Check] = {
    "filter-there": there,
    "filter-gone": not_there,
    "removal-timed": timed,
    "removal-not-timed": not_timed,
}
