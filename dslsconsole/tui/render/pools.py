"""The token pools panel: how many licences are left, and whether the others know it too."""

from dslsconsole.model.node import Feature, Pool, TokenState
from dslsconsole.model.reading import Reading
from dslsconsole.model.snapshot import key
from dslsconsole.tui.render import words
from dslsconsole.tui.render.cells import GLYPHS, Cell, Column, Cut, Row, Sheet, Tone, glyph, note, worst
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
LEVELS = ("tokens_low", "tokens_exhausted")
SYNCS = ("sync_lag", "token_mismatch")
"""The alert rules about a pool's level, and about a server that does not follow."""


def pools(view: View) -> Sheet:
    """The pools as the primary counts them, and whether the other servers hold the same state."""
    source, reading = source_of(view)
    state = reading.value
    if state is None:
        why = reading.failure.text if reading.failure else "no licence server has told its tokens yet"
        return Sheet("Token pools", COLUMNS, (), empty=f"unknown: {why}")
    doubt = _doubt(view, source, reading)
    rows: list[Row] = []
    for pool in state.pools:
        rows.append(_pool_row(view, pool, doubtful=doubt is not None))
        if view.detail:
            rows += [_feature_row(pool, feature, doubt is not None) for feature in pool.features]
    if doubt is None:
        rows += _sync_notes(view, source, state)
        return Sheet("Token pools", COLUMNS, tuple(rows), empty="the server names no pool")
    rows.append(Row("doubt", (doubt,), spans=True, wraps=True, indent=2))
    return Sheet(_title(view, source, reading), COLUMNS, tuple(rows), Tone.UNKNOWN, "the server names no pool")


def _title(view: View, source: str, reading: Reading[TokenState]) -> str:
    """Whose numbers these are, and how old: a title is seen where there is no room for a note."""
    age = reading.age(view.now)
    old = f" {words.duration(age)} ago" if view.is_stale(reading) and age is not None else ""
    return f"Token pools · {source}{old}"


def _doubt(view: View, source: str, reading: Reading[TokenState]) -> Cell | None:
    """Why these are not the numbers that users meet now; None where they are."""
    verdict = view.verdict
    if view.is_stale(reading):
        age = reading.age(view.now)
        when = "read at an unknown time" if age is None else f"{words.duration(age)} ago"
        return Cell(f"▲ last known, from {source}, {when}", Tone.WARNING)
    if verdict is not None and verdict.serving is False:
        return Cell(f"▲ no licences are served: as {source} counts them", Tone.WARNING)
    if verdict is None or verdict.tokens_at != source:
        return Cell(f"? from {source}, which is not known to serve", Tone.UNKNOWN)
    return None


def source_of(view: View) -> tuple[str, Reading[TokenState]]:
    """The reading of the server that counts; where there is none, the newest that anybody gave."""
    counts = view.verdict.tokens_at if view.verdict else None
    if counts is not None:
        reading = view.node(counts).tokens
        if reading.value is not None:
            return counts, reading
    readings = [(shape.name, view.node(shape.name).tokens) for shape in view.cluster.all_nodes]
    known = [pair for pair in readings if pair[1].at is not None]
    if known:
        return max(known, key=lambda pair: pair[1].at or 0.0)
    failed = [pair for pair in readings if pair[1].failure is not None]
    return failed[0] if failed else ("", Reading())


def _pool_row(view: View, pool: Pool, *, doubtful: bool) -> Row:
    part = words.share(pool.used, pool.total)
    free = pool.available
    if free is None and pool.total is not None and pool.used is not None:
        free = pool.total - pool.used
    tone = pool_tone(view, pool, part)
    history = view.picture.snapshot.history.get(key(view.cluster.name, pool.name), ())
    level = Tone.STALE if doubtful else tone if tone is not Tone.OK else Tone.ACCENT
    text = Tone.STALE if doubtful else Tone.TEXT
    waiting = Tone.STALE if doubtful else Tone.WARNING if pool.queued else Tone.TEXT
    cells = (
        glyph(Tone.UNKNOWN if doubtful else tone),
        Cell(pool.name, text),
        Cell(words.bar(part, BAR), level, words.bar(part, SHORT_BAR)),
        Cell("?" if part is None else f"{part:.0%}", text),
        Cell(words.number(free), Tone.CRITICAL if tone is Tone.CRITICAL and not doubtful else text),
        Cell(words.number(pool.queued), waiting),
        Cell(words.number(pool.peak), text),
        Cell(words.number(pool.total), text),
        Cell(words.sparkline(history, pool.total), level),
    )
    return Row(pool.name, cells)


def pool_tone(view: View, pool: Pool, part: float | None) -> Tone:
    """What the alert rules say, who know the site's thresholds; a level that is not told is unknown."""
    return worst((view.alert_tone(pool.name, *LEVELS), Tone.UNKNOWN if part is None else Tone.OK))


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
        told = view.alert_tone(shape.name, *SYNCS) is not Tone.OK
        if service is not None and service.active in STOPPED:
            rows.append(note(f"sync {shape.name}", Cell(f"sync: {shape.name} does not run", Tone.MUTED)))
        elif other is None:
            rows.append(note(f"sync {shape.name}", Cell(f"? sync: {shape.name} unknown", Tone.UNKNOWN)))
        elif told:
            text = f"{GLYPHS[Tone.WARNING]} sync: {shape.name} {_behind(state, other)}"
            rows.append(note(f"sync {shape.name}", Cell(text, Tone.WARNING)))
        elif state.generation is None or other.generation is None:
            text = f"sync: {shape.name} {_behind(state, other)}"
            rows.append(note(f"sync {shape.name}", Cell(text, Tone.MUTED)))
        else:
            # Two readings of two moments differ by what happened in between. What is too much, the alert rules know.
            numbers = f": generation {other.generation}, {source} {state.generation}" if view.detail else ""
            rows.append(note(f"sync {shape.name}", Cell(f"sync: {shape.name} follows{numbers}", Tone.MUTED)))
    return rows


def _behind(ours: TokenState, theirs: TokenState) -> str:
    if ours.generation is None or theirs.generation is None:
        return "does not tell its generation"
    difference = ours.generation - theirs.generation
    if difference == 0:
        return "at same generation, but with other numbers"
    many = "generation" if abs(difference) == 1 else "generations"
    return f"{abs(difference)} {many} {'behind' if difference > 0 else 'ahead'}"
