"""The alerts panel: what is wrong, worst first, and with room also why and what to do."""

from dslsconsole.model.verdict import Alert
from dslsconsole.tui.render import words
from dslsconsole.tui.render.cells import GLYPHS, Cell, Column, Cut, Row, Sheet, Tone, glyph
from dslsconsole.tui.render.view import SEVERITIES, View

COLUMNS = (
    Column("glyph"),
    Column("severity", "severity", least=8, most=8, importance=4),
    Column("summary", "alert", least=24, most=400, cut=Cut.END, grows=True),
    Column("since", "since", least=9, most=9, importance=4),
)


def alerts(view: View) -> Sheet:
    """The alerts of the cluster in the order they came: worst first."""
    rows: list[Row] = []
    for alert in view.alerts:
        key = f"{alert.id} {alert.subject}"
        rows += _told(alert, key) if view.detail else [_row(alert, key)]
    count = f" · {len(view.alerts)}" if view.alerts else ""
    tone = SEVERITIES[view.alerts[0].severity] if view.alerts else Tone.TITLE
    return Sheet(f"Alerts{count}", COLUMNS, tuple(rows), tone=tone, empty=_nothing(view))


def _what(alert: Alert) -> str:
    """The summary, with the subject where it does not name it itself."""
    subject = "" if alert.subject in alert.summary else f"{alert.subject}: "
    taken = f" (acknowledged by {alert.acknowledged_by})" if alert.acknowledged_by else ""
    return f"{subject}{alert.summary}{taken}"


def _row(alert: Alert, key: str) -> Row:
    tone = SEVERITIES[alert.severity]
    since = Cell(words.time_of_day(alert.since), Tone.MUTED)
    return Row(key, (glyph(tone), Cell(alert.severity.value, tone), Cell(_what(alert)), since))


def _told(alert: Alert, key: str) -> list[Row]:
    """The whole alert, and below it why and what to do."""
    tone = SEVERITIES[alert.severity]
    since = words.time_of_day(alert.since)
    told = [(0, Cell(f"{GLYPHS[tone]} {alert.severity.value} since {since} · {_what(alert)}", tone))]
    told += [(4, Cell(f"{alert.id} · {text}", Tone.MUTED)) for text in alert.evidence]
    told += [(4, Cell(f"→ {alert.advice}", Tone.ACCENT))] if alert.advice else []
    return [
        Row(key if n == 0 else f"{key} {n}", (cell,), spans=True, wraps=True, indent=indent)
        for n, (indent, cell) in enumerate(told)
    ]


def _nothing(view: View) -> str:
    """Silence is good news only while something is being read."""
    return "no alert" if view.picture.snapshot.round_at is not None else "unknown: nothing has been read yet"
