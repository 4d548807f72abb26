"""The line that tells where in a recording one is."""

import re
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from dslsconsole.sessions.marks import Kind, Mark
from dslsconsole.tui.render import words
from dslsconsole.tui.render.cells import Cell, Line, Tone, filled

LEAST_LINE = 10
DAY = 86_400.0
MARKED = {
    Kind.OPERATION: ("●", Tone.ACCENT),
    Kind.TROUBLE: ("?", Tone.UNKNOWN),
    Kind.ALERT: ("▲", Tone.WARNING),
    Kind.NOTE: ("▶", Tone.TITLE),
}
"""What is shown on the line of time, the later of two in one place."""


class Told(Struct, frozen=True):
    """What the line tells. Times are seconds since the epoch."""

    at: float
    begins: float
    ends: float
    playing: bool
    speed: float
    skips_idle: bool
    operator: str
    follows: bool
    dialog: str | None = None
    damage: str | None = None
    marks: tuple[Mark, ...] = ()


def bar(told: Told, width: int) -> Line:
    """`▶ 2027-01-01 12:00:05Z +0:03:10 of 0:41:22 4x ──●──▲── as ada looked`."""
    state = "▶" if told.playing else "="
    idle = " no idle" if told.skips_idle else ""
    if told.damage is not None:
        whose = Cell(f"  ✖ {words.clean(told.damage)}", Tone.CRITICAL)
    elif not told.follows:
        whose = Cell("  looking around, 0 follows again", Tone.WARNING)
    else:
        doing = f", in a dialog ({words.clean(told.dialog)})" if told.dialog else ""
        whose = Cell(f"  as {words.clean(told.operator)} looked{doing}", Tone.MUTED)
    left = Cell(
        f" REPLAY {state} {words.moment(told.at)} +{_span(told.at - told.begins)} of {_span(told.ends - told.begins)}"
        f" {told.speed:g}x{idle} ",
        Tone.TITLE,
    )
    room = width - len(left.text) - len(whose.text) - 1
    line = _time_line(told, min(60, room)) if room >= LEAST_LINE else ()
    return filled((left, *line, whose), width)


def _span(seconds: float) -> str:
    return str(timedelta(seconds=int(max(0.0, seconds))))


def _time_line(told: Told, width: int) -> Line:
    """The whole recording, with what happened and where one is."""
    cells = [Cell("─", Tone.MUTED)] * width
    length = max(0.001, told.ends - told.begins)

    def place(at: float) -> int:
        return min(width - 1, max(0, int((at - told.begins) / length * width)))

    for kind, (sign, tone) in MARKED.items():
        for mark in told.marks:
            if mark.kind is kind:
                cells[place(mark.at)] = Cell(sign, tone)
    cells[place(told.at)] = Cell("█", Tone.TITLE)
    return tuple(cells)


def moment_in(text: str, begins: float) -> float | None:
    """The time that is written as `12:03`, `12:03:10` (the next after the beginning, UTC) or `+SECONDS`; else None."""
    text = text.strip().removesuffix("Z")
    if (match := re.fullmatch(r"\+(\d{1,7}(?:\.\d+)?)", text)) is not None:
        return begins + float(match[1])
    match = re.fullmatch(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", text)
    if match is None or int(match[1]) > 23 or int(match[2]) > 59 or int(match[3] or 0) > 59:
        return None
    day = datetime.fromtimestamp(begins, UTC)
    found = day.replace(hour=int(match[1]), minute=int(match[2]), second=int(match[3] or 0), microsecond=0).timestamp()
    return found if found >= begins - 1 else found + DAY
