"""The DR panel: could the other site take over, and how much would be lost."""

from dslsconsole.model.node import DrSync
from dslsconsole.model.shape import DrShape, NodeShape
from dslsconsole.tui.render import words
from dslsconsole.tui.render.cells import Cell, Column, Cut, Row, Sheet, Tone, glyph, note, worst
from dslsconsole.tui.render.nodes import late_cell, node_tone, role_cell, service_cell
from dslsconsole.tui.render.view import View

COLUMNS = (
    Column("glyph"),
    Column("node", "node", least=8, most=28),
    Column("role", "role", least=4, most=14, cut=Cut.END, importance=4),
    Column("service", "service", least=7, most=12, cut=Cut.END),
    Column("sync", "sync", least=8, most=9),
    Column("lag", "lag", least=4, most=4, right=True, importance=8),
    Column("late", "late", least=4, most=4, right=True, importance=7),
    Column("generation", "generation", least=10, most=12, right=True, importance=3),
)
LATE = ("dr_late", "dr_mismatch")
"""The alert rules about a copy that is too old."""


def dr(view: View) -> Sheet:
    """The DR nodes and their copy of licences and state."""
    shape = view.cluster.dr
    if shape is None:
        return Sheet("DR sync", (), (), empty="the estate file names no DR site")
    active = view.verdict.dr_active if view.verdict else None
    word, tone = {True: ("ACTIVE", Tone.WARNING), False: ("standby", Tone.TITLE), None: ("unknown", Tone.UNKNOWN)}[
        active
    ]
    rows = [_row(view, shape, node) for node in shape.nodes]
    rows += _notes(view, shape)
    return Sheet(f"DR sync · {shape.site} · {word}", COLUMNS, tuple(rows), tone=tone)


def _row(view: View, shape: DrShape, node: NodeShape) -> Row:
    readings = view.node(node.name)
    sync = view.now_value(readings.dr_sync)
    result = _result(sync, readings.dr_sync.value)
    lag = _lag(view, sync) if sync else None
    late = lag is not None and lag > shape.max_lag_s
    cells = (
        glyph(worst((node_tone(view, node, readings), result.tone))),
        Cell(node.name, Tone.STALE if view.late(readings.link) else Tone.TEXT),
        role_cell(view, readings),
        service_cell(view, node, readings),
        result,
        Cell(words.duration(lag) if late else words.coarse(lag), Tone.WARNING if late else Tone.TEXT),
        late_cell(view, readings),
        Cell(words.number(sync.generation) if sync else words.NOTHING),
    )
    return Row(node.name, cells)


def _lag(view: View, sync: DrSync) -> float | None:
    """How old the copy is now; what the node said only where it does not tell when the last sync was."""
    return sync.lag_s if sync.last_sync is None else max(0.0, view.now - sync.last_sync)


def _result(sync: DrSync | None, before: DrSync | None) -> Cell:
    if sync is None:
        return Cell(f"was {before.result}", Tone.STALE) if before else Cell(words.UNKNOWN, Tone.UNKNOWN)
    tones = {"OK": Tone.OK, "STALE": Tone.WARNING, "MISMATCH": Tone.CRITICAL, "NEVER": Tone.WARNING}
    return Cell(sync.result, tones.get(sync.result.upper(), Tone.UNKNOWN))


def _notes(view: View, shape: DrShape) -> list[Row]:
    rows: list[Row] = []
    syncs = [sync for node in shape.nodes if (sync := view.now_value(view.node(node.name).dr_sync)) is not None]
    last = max((sync.last_sync for sync in syncs if sync.last_sync is not None), default=None)
    if last is not None:
        age = view.now - last
        late = f", {words.duration(age)} ago" if age > shape.max_lag_s else ""
        told = any(view.alert_tone(node.name, *LATE) is not Tone.OK for node in shape.nodes)
        behind = _generations_behind(view, syncs) if late or told else ""
        text = f"{'▲ ' if late else ''}last sync {view.time(last)}{late}{behind}"
        rows.append(note("last", Cell(text, Tone.WARNING if late else Tone.MUTED)))
        if view.detail and view.verdict is not None and view.verdict.dr_active is False:
            rows.append(note("loss", Cell(_loss(view, syncs, last), Tone.WARNING if late else Tone.TEXT)))
    if shape.record is not None:
        rows.append(note("record", *_record(view, shape)))
    for unit in view.cluster.automation:
        services = view.now_value(view.node(unit.node).automation) or ()
        state = next((service.active for service in services if service.unit == unit.unit), None)
        if view.detail or state not in ("active", None):
            tone = Tone.MUTED if state == "active" else Tone.WARNING if state else Tone.UNKNOWN
            rows.append(note(unit.name, Cell(f"{unit.name} ({unit.unit}) {state or words.UNKNOWN}", tone)))
    return rows


def _loss(view: View, syncs: list[DrSync], last: float) -> str:
    """What an activation now would lose: all that changed since the last copy."""
    behind = _behind(view, syncs)
    changes = "what changed" if behind is None else f"{words.number(behind)} token changes"
    return f"activated now loses {changes} since {view.time(last)}"


def _generations_behind(view: View, syncs: list[DrSync]) -> str:
    """The same, to follow the time of the last copy."""
    behind = _behind(view, syncs)
    return "" if behind is None else f" · {behind} generations behind"


def _behind(view: View, syncs: list[DrSync]) -> int | None:
    """How many generations newer the primary's token state is than the copy; None where that is not known."""
    tokens = view.now_value(view.node(view.primary).tokens) if view.primary else None
    copied = max((sync.generation for sync in syncs if sync.generation is not None), default=None)
    if tokens is None or tokens.generation is None or copied is None:
        return None
    return max(0, tokens.generation - copied)


def _record(view: View, shape: DrShape) -> tuple[Cell, ...]:
    """Where the clients are sent by name."""
    for node in view.cluster.all_nodes:
        answer = view.now_value(view.node(node.name).dns)
        if answer is None:
            continue
        if not answer.addresses:
            return (Cell(f"✖ {shape.record}: no address ({answer.status})", Tone.CRITICAL),)
        sites = {shape.main_address: "main site", shape.dr_address: "DR site"}
        places = ", ".join(f"{address} ({sites.get(address, 'neither site')})" for address in answer.addresses)
        known = all(address in sites for address in answer.addresses)
        return (Cell(f"{shape.record} → {places}", Tone.MUTED if known else Tone.WARNING),)
    return (Cell(f"? {shape.record}: unknown", Tone.UNKNOWN),)
