"""The token pools panel: how many licences are left, and whether the others know it too."""

from dslsconsole.model.node import Feature, Pool, TokenState
from dslsconsole.model.reading import Reading
from dslsconsole.model.snapshot import key
from dslsconsole.tui.render import words
from dslsconsole.tui.render.cells import Cell, Column, Cut, Row, Sheet, Tone, glyph, note, worst
from dslsconsole.tui.render.nodes import STOPPED
from dslsconsole.tui.render.view import View

COLUMNS = (
    Column("glyph"),
    Column("pool", "pool", least=8, most=24),
    Column("bar", "in use", least=6, most=10, cut=Cut.END, importance=6),
    Column("share", "", least=4, most=4, right=True),
    Column("free", "free", least=4, most=7, right=True),
    Column("queue", "queue", least=5, most=6, right=True),
    Column("peak", "peak", least=4, most=7, right=True, importance=3),
    Column("total", "total", least=5, most=7, right=True, importance=4),
    Column("hour", "last hour", least=8, most=60, cut=Cut.PLOT, importance=5),
)
BAR = 10
SHORT_BAR = 6
NEARLY_ALL = 0.9


def pools(view: View) -> Sheet:
    """The pools as the primary counts them, and whether the other servers hold the same state."""
    source, reading = _source(view)
    state = reading.value
    if state is None:
        why = reading.failure.text if reading.failure else "no licence server has told its tokens yet"
        return Sheet("Token pools", COLUMNS, (), empty=f"unknown: {why}")
    stale = view.is_stale(reading)
    rows: list[Row] = []
    for pool in state.pools:
        rows.append(_pool_row(view, pool, stale))
        if view.detail:
            rows += [_feature_row(pool, feature, stale) for feature in pool.features]
    if stale:
        text = f"last known, from {source}, {words.duration(reading.age(view.now))} ago"
        rows.append(note("stale", Cell("▲ ", Tone.WARNING), Cell(text, Tone.WARNING)))
    else:
        rows += _sync_notes(view, source, state)
    return Sheet("Token pools", COLUMNS, tuple(rows), empty="the server names no pool")


def _source(view: View) -> tuple[str, Reading[TokenState]]:
    """The primary's reading; where there is none, the newest that anybody gave."""
    if view.primary is not None:
        reading = view.node(view.primary).tokens
        if reading.value is not None:
            return view.primary, reading
    readings = [(shape.name, view.node(shape.name).tokens) for shape in view.cluster.all_nodes]
    known = [pair for pair in readings if pair[1].at is not None]
    if known:
        return max(known, key=lambda pair: pair[1].at or 0.0)
    failed = [pair for pair in readings if pair[1].failure is not None]
    return failed[0] if failed else ("", Reading())


def _pool_row(view: View, pool: Pool, stale: bool) -> Row:
    part = words.share(pool.used, pool.total)
    free = pool.available
    if free is None and pool.total is not None and pool.used is not None:
        free = pool.total - pool.used
    tone = worst((view.alert_tone(pool.name), _pool_tone(part, free)))
    history = view.picture.snapshot.history.get(key(view.cluster.name, pool.name), ())
    level = Tone.STALE if stale else tone if tone is not Tone.OK else Tone.ACCENT
    text = Tone.STALE if stale else Tone.TEXT
    waiting = Tone.STALE if stale else Tone.WARNING if pool.queued else Tone.TEXT
    cells = (
        glyph(Tone.UNKNOWN if stale else tone),
        Cell(pool.name, text),
        Cell(words.bar(part, BAR), level, words.bar(part, SHORT_BAR)),
        Cell("?" if part is None else f"{part:.0%}", text),
        Cell(words.number(free), Tone.STALE if stale else Tone.CRITICAL if free == 0 else text),
        Cell(words.number(pool.queued), waiting),
        Cell(words.number(pool.peak), text),
        Cell(words.number(pool.total), text),
        Cell(words.sparkline(history, pool.total), level),
    )
    return Row(pool.name, cells)


def _pool_tone(part: float | None, free: int | None) -> Tone:
    if free is not None and free <= 0:
        return Tone.CRITICAL
    if part is None:
        return Tone.UNKNOWN
    return Tone.WARNING if part >= NEARLY_ALL else Tone.OK


def _feature_row(pool: Pool, feature: Feature, stale: bool) -> Row:
    tone = Tone.STALE if stale else Tone.MUTED
    part = words.share(feature.used, feature.total)
    texts = (
        "",
        f"  {feature.name}",
        "",
        "?" if part is None else f"{part:.0%}",
        words.number(feature.available),
        words.number(feature.queued),
        "",
        words.number(feature.total),
        "",
    )
    return Row(f"{pool.name}/{feature.name}", tuple(Cell(text, tone) for text in texts))


def _sync_notes(view: View, source: str, state: TokenState) -> list[Row]:
    """One line a server that should hold the same state."""
    site = view.cluster.dr.nodes if view.cluster.dr and view.verdict and view.verdict.dr_active else view.cluster.nodes
    rows: list[Row] = []
    for shape in site:
        if shape.name == source or shape.mode.value == "arbitrator":
            continue
        theirs = view.node(shape.name).tokens
        other = view.now_value(theirs)
        service = view.now_value(view.node(shape.name).service)
        told = view.alert_tone(shape.name) is not Tone.OK
        if service is not None and service.active in STOPPED:
            rows.append(note(f"sync {shape.name}", Cell(f"sync: {shape.name} does not run", Tone.MUTED)))
        elif other is None:
            rows.append(note(f"sync {shape.name}", Cell(f"? sync: {shape.name} unknown", Tone.UNKNOWN)))
        elif other.generation == state.generation and other.generation is not None:
            rows.append(note(f"sync {shape.name}", Cell(f"sync: {shape.name} at same generation", Tone.MUTED)))
        else:
            # A server that copies every few seconds is always a little behind; the alert rules know what is too much.
            text = f"{'▲ ' if told else ''}sync: {shape.name} {_behind(state, other)}"
            rows.append(note(f"sync {shape.name}", Cell(text, Tone.WARNING if told else Tone.MUTED)))
    return rows


def _behind(ours: TokenState, theirs: TokenState) -> str:
    if ours.generation is None or theirs.generation is None:
        return "does not tell its generation"
    difference = ours.generation - theirs.generation
    many = "generation" if abs(difference) == 1 else "generations"
    return f"{abs(difference)} {many} {'behind' if difference > 0 else 'ahead'}"
