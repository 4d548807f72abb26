"""One token pool: its hour as a plot, when it will be used up, its features."""

from dslsconsole.model.node import Pool
from dslsconsole.model.snapshot import key
from dslsconsole.tui.render import words
from dslsconsole.tui.render.cells import Cell, Column, Cut, Row, Sheet, Tone, note
from dslsconsole.tui.render.closely import holder_rows
from dslsconsole.tui.render.forecast import minutes_left, outlook
from dslsconsole.tui.render.pools import BAR, pool_tone, source_of
from dslsconsole.tui.render.view import SEVERITIES, View

COLUMNS = (
    Column("feature", "feature", least=12, most=32),
    Column("bar", "in use", least=BAR, most=BAR, cut=Cut.END),
    Column("share", "", least=4, most=4, right=True),
    Column("used", "used", least=5, most=7, right=True),
    Column("free", "free", least=5, most=7, right=True),
    Column("queue", "queue", least=5, most=6, right=True),
    Column("total", "total", least=5, most=7, right=True),
    Column("rest", "", least=0, most=1, grows=True),
)
HEIGHT = 8


def one_pool(view: View, name: str) -> Sheet | None:
    """The pool that a row of the pools panel is of, or whose feature it is; None where there is none."""
    source, reading = source_of(view)
    state = reading.value
    pool = next((one for one in state.pools if one.name == name.partition("/")[0]), None) if state else None
    if pool is None:
        return None
    part = words.share(pool.used, pool.total)
    tone = pool_tone(view, pool, part)
    old = view.late(reading)
    when = f" · {words.duration(old)} ago" if old is not None else ""
    rows = [*_features(pool), *([note("blank", Cell(""))] if pool.features else [])]
    rows += _level(pool, part, tone)
    rows += _plot(view, pool, tone)
    rows.append(note("source", Cell(f"as {source} counts it", Tone.MUTED)))
    for alert in view.alerts:
        if alert.subject == pool.name:
            told = Cell(f"{alert.summary} → {alert.advice}", SEVERITIES[alert.severity])
            rows.append(Row(f"alert {alert.id}", (told,), spans=True, wraps=True, indent=2))
    rows += holder_rows(view, source, frozenset(feature.name.casefold() for feature in pool.features))
    shown = Tone.UNKNOWN if old is not None else tone if tone in SEVERITIES.values() else Tone.TITLE
    return Sheet(f"Token pool · {pool.name}{when}", COLUMNS, tuple(rows), shown)


def _features(pool: Pool) -> list[Row]:
    rows = []
    for feature in pool.features:
        part = words.share(feature.used, feature.total)
        full = Tone.WARNING if part is not None and part >= 1 else Tone.TEXT
        cells = (
            Cell(feature.name),
            Cell(words.bar(part, BAR), Tone.ACCENT if full is Tone.TEXT else full),
            Cell("?" if part is None else f"{part:.0%}", full),
            Cell(words.number(feature.used)),
            Cell(words.number(feature.available)),
            Cell(words.number(feature.queued), Tone.WARNING if feature.queued else Tone.TEXT),
            Cell(words.number(feature.total)),
            Cell(""),
        )
        rows.append(Row(f"{pool.name}/{feature.name}", cells))
    return rows


def _level(pool: Pool, part: float | None, tone: Tone) -> list[Row]:
    queue = f", {pool.queued} wait" if pool.queued else ""
    share = "?" if part is None else f"{part:.0%}"
    text = f"{words.number(pool.used)} of {words.number(pool.total)} in use ({share}){queue}"
    peak = f", at most {pool.peak} so far" if pool.peak is not None else ""
    return [note("level", Cell(text + peak, tone if tone in SEVERITIES.values() else Tone.TEXT))]


def _plot(view: View, pool: Pool, tone: Tone) -> list[Row]:
    """The last hour against the whole pool, and what follows from it."""
    history = view.picture.snapshot.history.get(key(view.cluster.name, pool.name), ())
    if not any(value is not None for value in history):
        return [note("plot", Cell("its hour is not known yet", Tone.MUTED))]
    left = minutes_left(history, pool.total)
    if left is None or pool.available == 0:
        forecast = Cell(outlook(history, pool.total, pool.available), Tone.MUTED)
    else:
        at = view.time(view.picture.at + left * 60)
        forecast = Cell(
            f"at the pace of the last half hour used up in {words.coarse(left * 60)}, at {at}", Tone.WARNING
        )
    level = tone if tone in SEVERITIES.values() else Tone.ACCENT
    lines = words.plot(history, pool.total, HEIGHT)
    labels = {0: words.number(pool.total), HEIGHT - 1: "0"}
    rows = [
        note(f"plot {n}", Cell(f"{labels.get(n, ''):>6} │", Tone.MUTED), Cell(line, level))
        for n, line in enumerate(lines)
    ]
    axis = f"{'':>6} └{'─' * len(lines[0])}"
    return [note("forecast", forecast), *rows, note("axis", Cell(f"{axis} now", Tone.MUTED))]
