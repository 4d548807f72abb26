"""The estate: every cluster on a line of its own, the worst first."""

from dslsconsole.model.shape import ClusterShape
from dslsconsole.model.verdict import Health
from dslsconsole.tui.render import words
from dslsconsole.tui.render.cells import Cell, Column, Cut, Row, Sheet, Tone, glyph
from dslsconsole.tui.render.pools import source_of
from dslsconsole.tui.render.view import HEALTHS, View

COLUMNS = (
    Column("glyph"),
    Column("cluster", "cluster", least=12, most=40),
    Column("health", "health", least=8, most=8),
    Column("primary", "primary", least=10, most=28, importance=3),
    Column("quorum", "quorum", least=6, most=7, importance=4),
    Column("fullest", "fullest pool", least=12, most=24, importance=2),
    Column("alerts", "alerts", least=6, most=6, right=True, importance=7),
    Column("sentence", "", least=16, most=400, cut=Cut.END, grows=True, importance=6),
)
_WORST_FIRST = (Health.CRITICAL, Health.UNKNOWN, Health.WARNING, Health.OK)


def estate(view: View) -> Sheet:
    """All clusters of the estate that the view is of one of."""
    shapes = view.picture.estate.clusters if view.picture.estate else ()
    order = sorted(shapes, key=lambda shape: (_WORST_FIRST.index(_health(view, shape)), shape.name))
    wrong = sum(_health(view, shape) is not Health.OK for shape in shapes)
    count = f" · {wrong} of {len(shapes)} not in order" if wrong else f" · {len(shapes)}"
    return Sheet(f"Estate{count}", COLUMNS, tuple(_row(view, shape) for shape in order))


def _health(view: View, shape: ClusterShape) -> Health:
    verdict = view.picture.verdicts.get(shape.name)
    return Health.UNKNOWN if verdict is None or view.silence is not None else verdict.health


def _row(view: View, shape: ClusterShape) -> Row:
    verdict, health = view.picture.verdicts.get(shape.name), _health(view, shape)
    tone = HEALTHS[health]
    text = Tone.TEXT if view.silence is None else Tone.STALE
    alerts = sum(alert.cluster == shape.name for alert in view.picture.alerts)
    quorum = verdict.quorum if verdict else None
    votes = "?" if quorum is None else f"{words.number(quorum.votes)}/{words.number(quorum.members)}"
    lost = quorum is not None and quorum.held is False
    cells = (
        glyph(tone),
        Cell(shape.name, text),
        Cell(health.value, tone),
        Cell(
            (verdict.primary if verdict else None) or words.UNKNOWN,
            text if verdict and verdict.primary else Tone.UNKNOWN,
        ),
        Cell(votes, Tone.CRITICAL if lost else text),
        _fullest(View(shape, view.picture, view.now)),
        Cell(str(alerts) if alerts else "", Tone.WARNING),
        Cell(verdict.sentence if verdict else "nothing has been read yet", text),
    )
    return Row(shape.name, cells)


def _fullest(view: View) -> Cell:
    """The pool with the least room."""
    _, reading = source_of(view)
    state = view.now_value(reading)
    if state is None:
        return Cell(words.UNKNOWN, Tone.UNKNOWN)
    levels = [(part, pool) for pool in state.pools if (part := words.share(pool.used, pool.total)) is not None]
    if not levels:
        return Cell(words.NOTHING, Tone.MUTED)
    part, pool = max(levels, key=lambda level: level[0])
    tone = view.alert_tone(pool.name)
    return Cell(f"{pool.name} {part:.0%}", tone if tone is not Tone.OK else Tone.TEXT)
