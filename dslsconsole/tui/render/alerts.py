"""The alerts panel: what is wrong, worst first, and with room also why and what to do."""

from collections.abc import Callable, Sequence
from enum import IntEnum

from dslsconsole.model.verdict import Alert
from dslsconsole.tui.render import words
from dslsconsole.tui.render.cells import GLYPHS, Cell, Column, Cut, Row, Sheet, Tone, glyph
from dslsconsole.tui.render.view import SEVERITIES, View

COLUMNS = (
    Column("glyph"),
    Column("severity", "severity", least=8, most=8, importance=4),
    Column("summary", "alert", least=24, most=400, cut=Cut.END, grows=True),
    Column("since", "since", least=9, most=10, importance=4),
)


class Telling(IntEnum):
    """How much is told of an alert."""

    ONE_LINE = 0
    """A row of the table, its summary cut where there is no room."""
    SUMMARY = 1
    ADVICE = 2
    EVIDENCE = 3


def alerts(view: View) -> Sheet:
    """The alerts of the cluster in their order, worst first: a line each, or of a panel that is alone all there is."""
    return _sheet(view, [Telling.EVIDENCE if view.detail else Telling.ONE_LINE] * len(view.alerts))


def alerts_within(view: View, fits: Callable[[Sheet], bool]) -> Sheet:
    """As much of the alerts as there is room for.

    Every summary is told whole before anything else, then of the worst alerts also what to do and why.
    """
    telling = [Telling.ONE_LINE] * len(view.alerts)
    if not fits(_sheet(view, telling)):
        return _sheet(view, telling)
    whole = [Telling.SUMMARY] * len(telling)
    if not fits(_sheet(view, whole)):
        for index in range(len(telling)):
            tried = [*telling[:index], Telling.SUMMARY, *telling[index + 1 :]]
            telling = tried if fits(_sheet(view, tried)) else telling
        return _sheet(view, telling)
    telling = whole
    for index in range(len(telling)):
        for level in (Telling.EVIDENCE, Telling.ADVICE):
            tried = [*telling[:index], level, *telling[index + 1 :]]
            if fits(_sheet(view, tried)):
                telling = tried
                break
        else:
            break
    return _sheet(view, telling)


def _sheet(view: View, telling: Sequence[Telling]) -> Sheet:
    old = view.silence
    rows: list[Row] = []
    for alert, level in zip(view.alerts, telling, strict=True):
        rows += _told(view, alert, level) if level else [_row(view, alert)]
    count = f" · {len(view.alerts)}" if view.alerts else ""
    tone = SEVERITIES[view.alerts[0].severity] if view.alerts else Tone.TITLE
    if old is not None:
        return Sheet(f"Alerts{count} · {words.duration(old)} ago", COLUMNS, tuple(rows), Tone.UNKNOWN, _nothing(view))
    return Sheet(f"Alerts{count}", COLUMNS, tuple(rows), tone=tone, empty=_nothing(view))


def _what(alert: Alert) -> str:
    """The summary, with the subject where it does not name it itself."""
    subject = "" if alert.subject in alert.summary or alert.subject == alert.cluster else f"{alert.subject}: "
    taken = f" (acknowledged by {alert.acknowledged_by})" if alert.acknowledged_by else ""
    return f"{subject}{alert.summary}{taken}"


def _key(alert: Alert) -> str:
    return f"{alert.id} {alert.subject}"


def _since(view: View, alert: Alert) -> str:
    """When it began; of one that was found when reading began, that it was then or before."""
    return f"{'≤' if alert.found else ''}{view.time(alert.since)}"


def _row(view: View, alert: Alert) -> Row:
    tone = SEVERITIES[alert.severity]
    since, is_old = Cell(_since(view, alert), Tone.MUTED), view.silence is not None
    said = Tone.STALE if is_old else tone
    cells = (glyph(tone), Cell(alert.severity.value, said), Cell(_what(alert), Tone.STALE if is_old else Tone.TEXT))
    return Row(_key(alert), (*cells, since))


def _told(view: View, alert: Alert, level: Telling) -> list[Row]:
    """The whole summary, and below it what to do and why."""
    tone = SEVERITIES[alert.severity]
    since = f" since {_since(view, alert)}" if level > Telling.SUMMARY else ""
    said = f"{GLYPHS[tone]} {_what(alert)} · {alert.severity.value}{since}"
    told = [(0, Cell(said, tone if view.silence is None else Tone.STALE))]
    if level >= Telling.ADVICE and alert.advice:
        told.append((2, Cell(f"→ {alert.advice}", Tone.ACCENT)))
    if level >= Telling.EVIDENCE:
        told += [(2, Cell(f"{alert.id} · {text}", Tone.MUTED)) for text in alert.evidence]
    return [
        Row(_key(alert) if n == 0 else f"{_key(alert)} {n}", (cell,), spans=True, wraps=True, indent=indent)
        for n, (indent, cell) in enumerate(told)
    ]


def _nothing(view: View) -> str:
    """Silence is good news only while something is being read."""
    if view.picture.snapshot.round_at is None:
        return "unknown: nothing has been read yet"
    if view.silence is not None:
        return f"unknown: no alert {words.duration(view.silence)} ago, and nothing was read since"
    return "no alert"
