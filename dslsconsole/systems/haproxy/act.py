"""Changing servers on a load balancer, and reading back through the same channel what became of it.

The runtime socket answers an empty line to a change, whether it changed something or not; the statistics page always
redirects and says in the address what it did. Neither is proof: the server's line is read again.
"""

import contextlib

from dslsconsole.model.balancer import Backend, BackendServer, ServerState
from dslsconsole.systems.acting import Action, Call, Check, Checked, Refused, Unfinished
from dslsconsole.systems.dslicsrv import fresh as licence
from dslsconsole.systems.dslicsrv.fresh import NotRead
from dslsconsole.systems.haproxy import fresh

CHANGE_SECONDS = 5.0
_SETTABLE = ("ready", "drain", "maint")
_POSTED = {"DONE", "NONE"}


def channel_key(host: str) -> str:
    """Where an operation's memory keeps which channel a load balancer is changed over."""
    return f"channel of {host}"


def process_key(host: str) -> str:
    """Where an operation's memory keeps the pid of the HAProxy process that was read first."""
    return f"pid on {host}"


def _channel(call: Call) -> fresh.Channel:
    return "page" if call.memory.get(channel_key(call.host)) == "page" else "socket"


def _server(call: Call) -> str:
    server = call.ground.backend_server(call.host, call["node"])
    if server is None:
        raise Refused(f"{call.host}: the estate file names no server for {call['node']}")
    return server


def _change(wanted: str | None) -> Action:
    """Set a server's state; without one, that which the call's `was` names: what was set before the operation."""

    def state_of(call: Call) -> str:
        state = wanted or call["was"]
        if state not in _SETTABLE:
            raise Refused(f"{call.host}: a server can't be set to “{state}”")
        return state

    def line(call: Call) -> str:
        return f"set server {_server(call)} state {state_of(call)}"

    def commands(call: Call) -> tuple[str, ...]:
        settings = call.ground.balancer(call.host)
        if _channel(call) == "socket":
            return (f"{settings.socket}: {line(call)}",)
        backend, server = _server(call).split("/", 1)
        return (f"POST {settings.stats_url}: s={server}&action={state_of(call)}&b={backend}",)

    async def do(call: Call) -> str:
        return await _ask(call, line(call)) if _channel(call) == "socket" else await _post(call, state_of(call))

    return Action(commands, do)


def _brought_in() -> Action:
    """Send users at once to a server that HAProxy's last check found down: out of maintenance it counts as good until
    its next check says otherwise; else it must pass some checks first, which takes a minute at 30 s each."""
    out, back = _change("maint"), _change("ready")

    async def do(call: Call) -> str:
        # Whether it is out or not where no answer came: in it must be, and what became of it is read afterwards.
        with contextlib.suppress(Unfinished):
            await out.do(call)
        return await back.do(call)

    return Action(lambda call: (*out.commands(call), *back.commands(call)), do)


async def _ask(call: Call, line: str) -> str:
    path = call.ground.balancer(call.host).socket
    if path is None:
        raise Refused(f"{call.host}: the estate file names no runtime socket")
    answer = (await call.hands.ask_socket(call.host, path, line, timeout=CHANGE_SECONDS)).strip()
    if answer:
        raise Refused(f"{call.host}: {answer}")
    return ""


async def _post(call: Call, state: str) -> str:
    backend, server = _server(call).split("/", 1)
    request = fresh.page_request(
        call.ground.balancer(call.host), "POST", form={"s": server, "action": state, "b": backend}
    )
    page = await call.hands.request(request, timeout=CHANGE_SECONDS)
    said = page.location.rpartition("st=")[2] if "st=" in page.location else ""
    if page.status != 303 or said not in _POSTED:
        raise Refused(f"{call.host}: the statistics page answers {page.status} {said or page.location}".rstrip())
    return f"st={said}"


def _shutdown_commands(call: Call) -> tuple[str, ...]:
    if _channel(call) == "page":
        settings = call.ground.balancer(call.host)
        backend, server = _server(call).split("/", 1)
        return (f"POST {settings.stats_url}: s={server}&action=shutdown&b={backend}",)
    return (f"{call.ground.balancer(call.host).socket}: shutdown sessions server {_server(call)}",)


async def _shutdown(call: Call) -> str:
    if _channel(call) == "page":
        return await _post(call, "shutdown")
    return await _ask(call, f"shutdown sessions server {_server(call)}")


async def server_state(call: Call) -> Checked:
    """Whether the `node`'s server is as wanted: `state` is MAINT, DRAIN, READY (none of these) or UP (checked good).

    Where a `witness` host is given, UP is also a server that is the only one in use, and through which that host is
    answered just now: a check may be as old as its interval.

    A load balancer that answers with another process than before may have forgotten what was set: what it says now
    decides, and where it is not as wanted, waiting does not help; it must be set again.
    """
    try:
        return await _server_state(call)
    except (NotRead, Refused) as failure:
        return Checked(None, str(failure))


async def _server_state(call: Call) -> Checked:
    now, channel = call.clock(), _channel(call)
    backend = await fresh.backend(call.hands, call.ground, call.host, channel, now)
    name = _server(call).split("/", 1)[1]
    server = fresh.server_of(backend, name)
    if server is None:
        return Checked(None, f"{call.host}: HAProxy has no server {name}")
    words = f"{call.host}: {name} is {server.status}{f' ({server.check})' if server.check else ''}"
    reloaded = False
    if channel == "socket" and (before := call.memory.get(process_key(call.host))):
        pid = (await fresh.process(call.hands, call.ground, call.host, now)).pid
        if pid is not None and str(pid) != before:
            reloaded = True
            call.memory[process_key(call.host)] = str(pid)
            words = f"{words}; HAProxy was reloaded (pid {before} → {pid})"
    wanted = call["state"]
    if server.state is ServerState.UNKNOWN:
        return Checked(None, words)
    if wanted == "READY":
        return Checked(server.state not in (ServerState.MAINT, ServerState.DRAIN), words)
    if wanted == "UP":
        good = server.state is ServerState.NO_CHECK or (
            server.state is ServerState.UP and (server.check is None or server.check.endswith("OK"))
        )
        if not good and server.state is ServerState.UP and _is_alone(backend, server):
            return await _answered_through(call, words)
        return Checked(good, words)
    ok = server.state.value == wanted
    return Checked(ok, words, reloaded and not ok)


def _is_alone(backend: Backend, server: BackendServer) -> bool:
    """Whether a load balancer sends nobody to another server than this one."""
    away = (ServerState.DOWN, ServerState.MAINT)
    return all(other.state in away for other in backend.servers if other.name != server.name)


async def _answered_through(call: Call, words: str) -> Checked:
    """Whether the witness is answered through the load balancer, whatever its last check of the server said."""
    witness = call.arguments.get("witness")
    if witness is None:
        return Checked(False, words)
    sign = await licence.through(call.hands, call.ground, witness, call.host, call.clock())
    return Checked(sign.life is licence.Life.ANSWERS, f"{words}; {sign.text}")


ACTIONS = {
    "server-brought-in": _brought_in(),
    "server-maint": _change("maint"),
    "server-drain": _change("drain"),
    "server-ready": _change("ready"),
    "server-restore": _change(None),
    "shutdown-sessions": Action(_shutdown_commands, _shutdown),
}
CHECKS: dict[str, Check] = {"server-state": server_state}
