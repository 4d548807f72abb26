"""The HAProxy panel: a row a server, a column a load balancer; they must agree."""

from dslsconsole.model.balancer import BackendServer, BalancerReadings, ServerState
from dslsconsole.model.shape import BalancersShape
from dslsconsole.tui.render import words
from dslsconsole.tui.render.cells import Cell, Column, Cut, Row, Sheet, Tone, glyph
from dslsconsole.tui.render.view import View, failure_word

STATES = {
    ServerState.UP: Tone.OK,
    ServerState.DOWN: Tone.CRITICAL,
    ServerState.NOLB: Tone.WARNING,
    ServerState.DRAIN: Tone.WARNING,
    ServerState.MAINT: Tone.WARNING,
    ServerState.NO_CHECK: Tone.WARNING,
    ServerState.UNKNOWN: Tone.UNKNOWN,
}
VIA = {"statistics page": "page"}


def balancers(view: View) -> Sheet:
    """The load balancers of the site that serves."""
    shape = site(view)
    if shape is None:
        return Sheet("HAProxy", (), (), empty="the estate file names no load balancers")
    columns = (
        Column("glyph"),
        Column("server", "server", least=8, most=28),
        *(Column(f"lb {host}", host, least=9, most=34, cut=Cut.END, importance=8) for host in shape.hosts),
        Column("agree", "", least=2, most=8, importance=9, grows=True),
    )
    readings = {host: view.picture.snapshot.balancer(view.cluster.name, host) for host in shape.hosts}
    rows = [_server_row(view, name, readings) for name in _servers(shape, readings)]
    rows.append(_via_row(view, readings))
    if view.detail:
        rows += _details(view, readings)
    title, tone = _title(view, shape, readings)
    return Sheet(title, columns, tuple(rows), tone=tone)


def site(view: View) -> BalancersShape | None:
    """The DR site's while it serves, else the main site's."""
    dr = view.cluster.dr
    if dr is not None and dr.balancers is not None and view.verdict is not None and view.verdict.dr_active:
        return dr.balancers
    return view.cluster.balancers


def _servers(shape: BalancersShape, readings: dict[str, BalancerReadings]) -> list[str]:
    """The estate file's servers, then any other that a load balancer knows."""
    names = dict.fromkeys(shape.servers.values())
    for reading in readings.values():
        if reading.backend.value is not None:
            names.update(dict.fromkeys(server.name for server in reading.backend.value.servers))
    return list(names)


def _server_row(view: View, name: str, readings: dict[str, BalancerReadings]) -> Row:
    cells: list[Cell] = []
    states: set[tuple[ServerState, int | None]] = set()
    tones: list[Tone] = []
    for reading in readings.values():
        cell, server = _server_cell(view, name, reading)
        cells.append(cell)
        tones.append(cell.tone)
        if server is not None:
            states.add((server.state, server.weight))
    differ = len(states) > 1
    tone = _row_tone(tones, differ)
    return Row(name, (glyph(tone), Cell(name), *cells, Cell("▲ differ" if differ else "", Tone.WARNING, "▲≠")))


def _row_tone(tones: list[Tone], differ: bool) -> Tone:
    seen = [Tone.UNKNOWN if tone is Tone.STALE else tone for tone in tones]
    for tone in (Tone.CRITICAL, Tone.WARNING):
        if tone in seen:
            return tone
    if differ:
        return Tone.WARNING
    return Tone.UNKNOWN if Tone.UNKNOWN in seen else Tone.OK


def _server_cell(view: View, name: str, reading: BalancerReadings) -> tuple[Cell, BackendServer | None]:
    """State, weight and sessions; of a load balancer that does not answer the last known, greyed."""
    backend = reading.backend.value
    if backend is None:
        failure = reading.backend.failure or reading.link.failure
        return Cell(failure_word(failure) if failure else words.UNKNOWN, Tone.UNKNOWN), None
    server = next((server for server in backend.servers if server.name == name), None)
    if view.now_value(reading.backend) is None:
        return Cell(f"was {server.status if server else 'absent'}", Tone.STALE), None
    if server is None:
        return Cell("not there", Tone.CRITICAL), None
    parts = [server.status]
    if server.weight is not None:
        parts.append(f"w{server.weight}")
    if server.backup:
        parts.append("bck")
    parts.append(f"{words.number(server.sessions)} sess")
    short = f"{server.status} {words.number(server.sessions)}"
    return Cell(" ".join(parts), tone_of(server), short), server


def tone_of(server: BackendServer) -> Tone:
    """`UP 1/3` is a server whose checks fail, not one that is well."""
    return Tone.WARNING if server.state is ServerState.UP and server.detail else STATES[server.state]


def _via_row(view: View, readings: dict[str, BalancerReadings]) -> Row:
    """How each load balancer was read, and which process answered."""
    cells: list[Cell] = []
    for reading in readings.values():
        process = view.now_value(reading.process)
        if view.now_value(reading.backend) is None:
            age = reading.backend.age(view.now)
            failure = reading.backend.failure or reading.link.failure
            why = failure_word(failure) if failure else "no reading"
            cells.append(Cell(why if age is None else f"{why} {words.duration(age)}", Tone.WARNING))
        else:
            pid = f" pid {process.pid}" if process is not None and process.pid is not None else ""
            via = VIA.get(reading.backend.source, reading.backend.source)
            cells.append(Cell(f"{via}{pid}".strip(), Tone.MUTED, via))
    return Row("via", (Cell(""), Cell("read by", Tone.MUTED), *cells, Cell("")))


def _title(view: View, shape: BalancersShape, readings: dict[str, BalancerReadings]) -> tuple[str, Tone]:
    if shape.vip is None:
        return "HAProxy", Tone.TITLE
    holders = [h for h, r in readings.items() if shape.vip in (view.now_value(r.addresses) or ())]
    if len(holders) == 1:
        return f"HAProxy · address on {holders[0]}", Tone.TITLE
    if len(holders) > 1:
        return f"HAProxy · ✖ address on {' and '.join(holders)}", Tone.CRITICAL
    if all(view.now_value(reading.addresses) is not None for reading in readings.values()):
        return "HAProxy · ✖ address nowhere", Tone.CRITICAL
    return "HAProxy · ? address unknown", Tone.UNKNOWN


def _details(view: View, readings: dict[str, BalancerReadings]) -> list[Row]:
    """The checks' own words, and why a load balancer could not be read."""
    rows: list[Row] = []
    for host, reading in readings.items():
        for failure in (reading.link.failure, reading.backend.failure, reading.addresses.failure):
            if failure is not None:
                text = Cell(f"{host}: {failure.text}", Tone.WARNING)
                rows.append(Row(f"{host} {failure.kind.value}", (text,), spans=True, wraps=True, indent=2))
        is_now = view.now_value(reading.backend) is not None
        for server in reading.backend.value.servers if reading.backend.value else ():
            told = " ".join(part for part in (server.check, server.check_text) if part)
            since = "" if server.since is None else f" since {view.time(server.since)}"
            words_now = f"{server.status}{since} {told}"
            text = Cell(f"{host}/{server.name}: {words_now}", Tone.MUTED)
            if not is_now:
                text = Cell(f"{host}/{server.name}: was {words_now}", Tone.STALE)
            rows.append(Row(f"{host}/{server.name}", (text,), spans=True, wraps=True, indent=2))
    return rows
