"""The alerts panel: what is wrong, worst first, and with room also why and what to do."""

from dslsconsole.tui.render import words
from dslsconsole.tui.render.cells import Cell, Column, Cut, Row, Sheet, Tone, glyph
from dslsconsole.tui.render.view import SEVERITIES, View

COLUMNS = (
    Column("glyph"),
    Column("severity", "severity", least=8, most=8, importance=4),
    Column("subject", "subject", least=8, most=28),
    Column("summary", "", least=12, most=400, cut=Cut.END, grows=True, importance=8),
    Column("since", "since", least=9, most=9, importance=5),
)


def alerts(view: View) -> Sheet:
    """The alerts of the cluster in the order they came: worst first."""
    rows: list[Row] = []
    for alert in view.alerts:
        tone = SEVERITIES[alert.severity]
        taken = f" (acknowledged by {alert.acknowledged_by})" if alert.acknowledged_by else ""
        cells = (
            glyph(tone),
            Cell(alert.severity.value, tone),
            Cell(alert.subject),
            Cell(alert.summary + taken),
            Cell(words.time_of_day(alert.since), Tone.MUTED),
        )
        key = f"{alert.id} {alert.subject}"
        rows.append(Row(key, cells))
        if view.detail:
            told = [Cell(f"{alert.id} · {text}", Tone.MUTED) for text in alert.evidence]
            told += [Cell(f"→ {alert.advice}", Tone.ACCENT)] if alert.advice else []
            rows += [Row(f"{key} {n}", (cell,), spans=True, wraps=True, indent=4) for n, cell in enumerate(told)]
    count = f" · {len(view.alerts)}" if view.alerts else ""
    tone = SEVERITIES[view.alerts[0].severity] if view.alerts else Tone.TITLE
    return Sheet(f"Alerts{count}", COLUMNS, tuple(rows), tone=tone, empty=_nothing(view))


def _nothing(view: View) -> str:
    """Silence is good news only while something is being read."""
    return "no alert" if view.picture.snapshot.round_at is not None else "unknown: nothing has been read yet"
