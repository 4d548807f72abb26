"""The nodes panel: what each licence server is now."""

from collections.abc import Callable
from typing import TypeVar

from dslsconsole.model.node import ClusterStatus, Mode, Mount, NodeReadings, Role, ServerStatus, Service
from dslsconsole.model.reading import Reading
from dslsconsole.model.shape import NodeShape
from dslsconsole.tui.render import words
from dslsconsole.tui.render.cells import Cell, Column, Cut, Row, Sheet, Tone, glyph, note, worst
from dslsconsole.tui.render.view import View, failure_word

T = TypeVar("T")

COLUMNS = (
    Column("glyph"),
    Column("node", "node", least=12, most=32),
    Column("role", "role", least=7, most=14, cut=Cut.END),
    Column("service", "service", least=6, most=12, cut=Cut.END),
    Column("lag", "lag", least=3, most=4, right=True, importance=7),
    Column("late", "late", least=4, most=4, right=True, importance=8),
    Column("state", "state", least=8, most=16, importance=4),
    Column("epoch", "ep", least=3, most=8, right=True, importance=3),
    Column("clients", "clients", least=7, most=11, right=True, importance=3),
    Column("up", "up", least=4, most=4, right=True, importance=3),
    Column("storage", "storage", least=8, most=20, importance=2),
    Column("version", "version", least=7, most=12, importance=1, grows=True),
)
SETTLED = ("active", "inactive")
STOPPED = ("inactive", "failed")


def nodes(view: View) -> Sheet:
    """The main site's nodes, one a row."""
    rows = [node_row(view, shape) for shape in view.cluster.nodes]
    if view.detail:
        rows += [row for shape in view.cluster.nodes for row in _reasons(view, shape)]
        rows += [row for shape in view.cluster.nodes for row in _details(view, shape)]
    return Sheet("Nodes", COLUMNS, tuple(rows))


def node_row(view: View, shape: NodeShape) -> Row:
    readings = view.node(shape.name)
    cells = (
        glyph(node_tone(view, shape, readings)),
        Cell(shape.name, Tone.STALE if view.late(readings.link) else Tone.TEXT),
        role_cell(view, readings),
        service_cell(view, shape, readings),
        _lag(view, shape),
        late_cell(view, readings),
        _state(view, readings),
        _epoch(view, readings),
        _clients(view, readings),
        _up(view, readings),
        _storage(view, shape, readings),
        _version(view, readings),
    )
    return Row(shape.name, cells)


def node_tone(view: View, shape: NodeShape, readings: NodeReadings) -> Tone:
    """The judgement of a row: the gravest of its alerts and of what its readings say by themselves."""
    status = view.now_value(readings.status)
    licence = Tone.CRITICAL if status is not None and status.license_valid is False else Tone.OK
    service = service_cell(view, shape, readings).tone
    return worst((view.alert_tone(shape.name), service, licence, _link_tone(view, readings)))


def _link_tone(view: View, readings: NodeReadings) -> Tone:
    if view.now_value(readings.link) is not None:
        return Tone.OK
    return Tone.UNKNOWN if readings.link.failure is None else Tone.CRITICAL


def role_cell(view: View, readings: NodeReadings) -> Cell:
    """The role it says it has now; the last one known is greyed and says `was`."""
    status = view.now_value(readings.cluster)
    if status is not None:
        if status.role is None:
            return Cell(words.UNKNOWN, Tone.UNKNOWN)
        leading = status.role in (Role.PRIMARY, Role.DR_PRIMARY)
        return Cell(
            words.NOTHING if status.role is Role.NONE else status.role.value, Tone.ACCENT if leading else Tone.TEXT
        )
    service = view.now_value(readings.service)
    if service is not None and service.active == "inactive":
        return Cell(words.NOTHING, Tone.MUTED)
    before = readings.cluster.value
    if before is not None and before.role not in (None, Role.NONE):
        return Cell(f"was {before.role.value}", Tone.STALE)
    return Cell(words.UNKNOWN, Tone.UNKNOWN)


def service_cell(view: View, shape: NodeShape, readings: NodeReadings) -> Cell:
    """The unit's state, or in a word why it is not known."""
    service = view.now_value(readings.service)
    if service is not None:
        tone = _service_tone(view, shape, service)
        # The glyph says that all is well: a second colour in each line would hide what is not, and cost bytes.
        return Cell(service.active or words.UNKNOWN, Tone.TEXT if tone is Tone.OK else tone)
    for failure in (readings.link.failure, readings.service.failure):
        if failure is not None:
            return Cell(failure_word(failure), Tone.CRITICAL if failure is readings.link.failure else Tone.UNKNOWN)
    if readings.service.value is not None:
        return Cell(f"was {readings.service.value.active}", Tone.STALE)
    return Cell(words.UNKNOWN, Tone.UNKNOWN)


def _service_tone(view: View, shape: NodeShape, service: Service) -> Tone:
    if service.active == "active":
        return Tone.OK
    # Of two sites one is meant to rest: the DR site in standby, the main site while the DR site serves.
    dr_serves = bool(view.verdict and view.verdict.dr_active)
    if service.active == "inactive" and shape.is_dr is not dr_serves:
        return Tone.MUTED
    return Tone.CRITICAL if service.active in ("failed", "inactive") else Tone.WARNING


def late_cell(view: View, readings: NodeReadings) -> Cell:
    """The age of what is late. What a server says is not late while it is known that it does not run."""
    ages = [view.late(readings.link), view.late(readings.service)]
    service = view.now_value(readings.service)
    if service is None or service.active not in STOPPED:
        ages += [view.late(readings.cluster), view.late(readings.tokens)]
    age = max((age for age in ages if age is not None), default=None)
    return Cell("") if age is None else Cell(words.duration(age), Tone.WARNING)


def _lag(view: View, shape: NodeShape) -> Cell:
    """How far it is behind the primary, as the primary sees it."""
    if shape.name == view.primary or shape.mode is Mode.ARBITRATOR or not _should_tell(view, view.node(shape.name)):
        return Cell(words.NOTHING, Tone.MUTED)
    status = view.now_value(view.node(view.primary).cluster) if view.primary is not None else None
    lag = next((peer.lag_s for peer in status.peers if peer.node == shape.name), None) if status else None
    if lag is None:
        return Cell("?", Tone.UNKNOWN)
    return Cell(words.duration(lag), Tone.WARNING if lag > view.cluster.max_sync_lag_s else Tone.TEXT)


def _should_tell(view: View, readings: NodeReadings) -> bool:
    """Whether its server could tell anything: one that is known not to run has nothing to tell."""
    service = view.now_value(readings.service)
    return service is None or service.active not in STOPPED


def _said(view: View, readings: NodeReadings, reading: Reading[T], word: Callable[[T], Cell]) -> Cell:
    """What the server says now; else what it said last, greyed. A dash is nothing to tell, and not `unknown`.

    That a row is old is said in words beside its role and state, and by its age.
    """
    value = view.now_value(reading)
    if value is not None:
        return word(value)
    if not _should_tell(view, readings):
        return Cell(words.NOTHING, Tone.MUTED)
    if reading.value is not None:
        return Cell(word(reading.value).text, Tone.STALE)
    return Cell(words.UNKNOWN, Tone.UNKNOWN, "?")


def _state(view: View, readings: NodeReadings) -> Cell:
    def word(status: ClusterStatus) -> Cell:
        if status.state is None:
            return Cell(words.UNKNOWN, Tone.UNKNOWN)
        return Cell(status.state, Tone.OK if status.state == "running" else Tone.WARNING)

    cell = _said(view, readings, readings.cluster, word)
    return Cell(f"was {cell.text}", Tone.STALE) if cell.tone is Tone.STALE else cell


def _epoch(view: View, readings: NodeReadings) -> Cell:
    return _said(view, readings, readings.cluster, lambda status: Cell(words.number(status.epoch)))


def _clients(view: View, readings: NodeReadings) -> Cell:
    def word(status: ServerStatus) -> Cell:
        if status.connections is None:
            return Cell(words.NOTHING, Tone.MUTED)
        most = "" if status.max_connections is None else f"/{status.max_connections}"
        return Cell(f"{status.connections}{most}")

    return _said(view, readings, readings.status, word)


def _up(view: View, readings: NodeReadings) -> Cell:
    status = view.now_value(readings.status)
    if status is None:
        return Cell("?", Tone.UNKNOWN) if _should_tell(view, readings) else Cell(words.NOTHING, Tone.MUTED)
    if status.started_at is None:
        return Cell(words.NOTHING, Tone.MUTED)
    return Cell(words.coarse(max(0.0, view.now - status.started_at)))


def _storage(view: View, shape: NodeShape, readings: NodeReadings) -> Cell:
    """An arbitrator holds no licences and has no storage to lose."""
    if not view.cluster.storage or shape.mode is Mode.ARBITRATOR:
        return Cell(words.NOTHING, Tone.MUTED)
    mounts = view.now_value(readings.mounts)
    if mounts is not None:
        return _mounted(mounts)
    if readings.mounts.value is not None:
        return Cell(_mounted(readings.mounts.value).text, Tone.STALE)
    return Cell(words.UNKNOWN, Tone.UNKNOWN)


def _mounted(mounts: tuple[Mount, ...]) -> Cell:
    for mount in mounts:
        if not mount.mounted:
            return Cell(f"{mount.name} missing", Tone.CRITICAL)
        if mount.answers is False:
            return Cell(f"{mount.name} hangs", Tone.CRITICAL)
    free = [mount.free_pct for mount in mounts if mount.free_pct is not None]
    return Cell(f"{min(free)}% free" if free else "mounted")


def _version(view: View, readings: NodeReadings) -> Cell:
    return _said(view, readings, readings.status, lambda status: Cell(status.version or "?"))


def _reasons(view: View, shape: NodeShape) -> list[Row]:
    """Why something could not be read."""
    readings = view.node(shape.name)
    rows: list[Row] = []
    told: dict[str, list[str]] = {}
    for name in readings.__struct_fields__:
        failure = getattr(readings, name).failure
        if failure is not None:
            told.setdefault(failure.text, []).append(name.replace("_", " "))
    for text, names in told.items():
        which = "" if "link" in names else f"{', '.join(names)}: "  # without a connection all of it
        cell = Cell(f"{shape.name}: {which}{text.removeprefix(f'{shape.name}: ')}", Tone.WARNING)
        rows.append(Row(f"{shape.name} {names[0]}", (cell,), spans=True, wraps=True, indent=2))
    return rows


def _details(view: View, shape: NodeShape) -> list[Row]:
    """What has no column: licence, automation."""
    readings = view.node(shape.name)
    rows: list[Row] = []
    status = view.now_value(readings.status)
    if status is not None and status.license_valid is False:
        text = f"{shape.name}: licence invalid {status.license_note or ''}".rstrip()
        rows.append(note(f"{shape.name} licence", Cell(text, Tone.CRITICAL)))
    for unit in view.now_value(readings.automation) or ():
        tone = Tone.TEXT if unit.active in SETTLED else Tone.WARNING
        # Its state before its place: in a narrow panel the end is cut off.
        text = f"{_loop(view, shape, unit)} {unit.active} {unit.sub} · on {shape.name}"
        rows.append(note(f"{shape.name} {unit.unit}", Cell(text, tone)))
    return rows


def _loop(view: View, shape: NodeShape, unit: Service) -> str:
    """What the estate file calls a unit of automation; its own name where it does not say."""
    named = (loop.name for loop in view.cluster.automation if (loop.node, loop.unit) == (shape.name, unit.unit))
    return next(named, unit.unit)
