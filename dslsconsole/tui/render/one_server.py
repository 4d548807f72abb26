"""One server of the backend as each load balancer sees it: state, sessions, checks, and how far it is from a change."""

from dslsconsole.model.balancer import BackendServer, BalancerReadings, CheckTimes, ServerState
from dslsconsole.tui.render import words
from dslsconsole.tui.render.balancers import site, tone_of
from dslsconsole.tui.render.cells import Cell, Column, Cut, Row, Sheet, Tone
from dslsconsole.tui.render.view import View, failure_word


def one_server(view: View, name: str) -> Sheet | None:
    """The load balancers side by side; None where none of them knows the server."""
    shape = site(view)
    if shape is None:
        return None
    readings = {host: view.picture.snapshot.balancer(view.cluster.name, host) for host in shape.hosts}
    found = {host: _server(reading, name) for host, reading in readings.items()}
    if not any(found.values()) and name not in shape.servers.values():
        return None
    columns = (
        Column("what", "", least=8, most=12),
        *(
            Column(f"lb {host}", host, least=16, most=60, cut=Cut.WRAP, importance=8, grows=True)
            for host in shape.hosts
        ),
    )
    told = {host: _told(view, readings[host], found[host]) for host in shape.hosts}
    lines = list(dict.fromkeys(line for one in told.values() for line in one))
    rows = [
        Row(
            line,
            (Cell(line, Tone.MUTED), *(told[host].get(line, Cell(words.NOTHING, Tone.MUTED)) for host in shape.hosts)),
        )
        for line in lines
    ]
    node = next((node for node, server in shape.servers.items() if server == name), None)
    return Sheet(f"Server · {name}{f' · {node}' if node else ''}", columns, tuple(rows))


def _server(reading: BalancerReadings, name: str) -> BackendServer | None:
    backend = reading.backend.value
    return next((one for one in backend.servers if one.name == name), None) if backend is not None else None


def _told(view: View, reading: BalancerReadings, server: BackendServer | None) -> dict[str, Cell]:
    """What one load balancer says of it, a line each; of one that does not answer what it said last, greyed."""
    old = view.late(reading.backend)
    failure = reading.backend.failure or reading.link.failure
    cells: dict[str, Cell] = {}
    if old is not None or server is None:
        why = f"{failure_word(failure)}: {failure.text}" if failure else "not there" if old is None else "no reading"
        cells["read"] = Cell(why if old is None else f"{words.duration(old)} ago · {why}", Tone.WARNING)
    if server is not None:
        times = next((one for one in reading.checks.value or () if one.server == server.name), None)
        cells |= _lines(view, server, times)
    if old is not None:
        cells |= {line: Cell(cell.text, Tone.STALE) for line, cell in cells.items() if line != "read"}
    return cells


def _lines(view: View, server: BackendServer, times: CheckTimes | None) -> dict[str, Cell]:
    since = "" if server.since is None else f" for {words.coarse(max(0.0, view.now - server.since))}"
    weight = "unknown" if server.weight is None else str(server.weight)
    cells = {
        "state": Cell(f"{server.status}{since}", tone_of(server)),
        "weight": Cell(f"{weight}{', backup' if server.backup else ''}"),
        "sessions": Cell(words.number(server.sessions)),
        "check": Cell(" ".join(part for part in (server.check, server.check_text) if part) or words.NOTHING),
        "verdict": _verdict(view, server, times),
    }
    if server.address:
        cells["address"] = Cell(server.address)
    return cells


def _verdict(view: View, server: BackendServer, times: CheckTimes | None) -> Cell:
    """How many more checks change its state, and how long that takes (HAProxy's management guide, `check_health`,
    `check_rise`, `check_fall`; configuration manual, 5.2, `inter`).

    Health counts up to rise + fall - 1; from `rise` on it is up.
    """
    health, rise, fall = server.health, server.rise, server.fall
    if health is None or rise is None or fall is None or server.state in (ServerState.MAINT, ServerState.NO_CHECK):
        return Cell(words.NOTHING, Tone.MUTED)
    if health >= rise:
        more = health - rise + 1
        text = f"down after {more} failed {'check' if more == 1 else 'checks'} (fall {fall})"
        settled = times.usual_s if times is not None and more == fall else None
        said = _time(view, server, times, more, settled, "it stops answering")
        return Cell(f"{text}{said}", Tone.TEXT if more == fall else Tone.WARNING)
    more = rise - health
    text = f"up after {more} passed {'check' if more == 1 else 'checks'} (rise {rise})"
    settled = times.down_s if times is not None and health == 0 else None
    return Cell(f"{text}{_time(view, server, times, more, settled, 'it answers')}", Tone.WARNING)


def _time(
    view: View, server: BackendServer, times: CheckTimes | None, more: int, settled_s: float | None, once: str
) -> str:
    """How long `more` checks take: from now on where they have begun to differ, else once the first one does.

    `settled_s` are the seconds between checks of a server that none has differed about yet.
    """
    if times is None or times.changing_s is None:
        return ""
    others = (more - 1) * times.changing_s
    if settled_s is not None:
        return f", {words.duration(others)} to {words.duration(others + settled_s)} after {once}"
    if server.counted_at is None:
        return f", within {words.duration(others + times.changing_s)}"
    return f", in about {words.duration(max(0.0, server.counted_at + times.changing_s - view.now) + others)}"
