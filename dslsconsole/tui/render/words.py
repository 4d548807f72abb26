"""Words, times and widths as the screen writes them. Every text drawn passes `clean`."""

import math
import unicodedata
from datetime import UTC, datetime, tzinfo

from rich.cells import cell_len, chop_cells, set_cell_size

UNKNOWN = "unknown"
NOTHING = "–"  # noqa: RUF001
ELLIPSIS = "…"
SPARKS = "▁▂▃▄▅▆▇█"
MINUTES = 60
_PICTURES_OF_CONTROLS = 0x2400
_DELETE = 0x7F


def clean(text: str) -> str:
    """The text with everything a terminal would obey made visible: hostile names are shown, not followed."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_visible(character) for character in text)


def _visible(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(_PICTURES_OF_CONTROLS + code)
    if code == _DELETE:
        return "␡"
    if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
        return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
    return character


def cut_middle(text: str, width: int) -> str:
    """The text in at most `width` cells; of a longer one both ends stay, because names differ at their ends."""
    if cell_len(text) <= width:
        return text
    if width <= 2:
        return set_cell_size(text, max(0, width))
    tail = (width - 1) // 2
    end = ""
    for character in reversed(text):
        if cell_len(character + end) > tail:
            break
        end = character + end
    head = width - 1 - cell_len(end)
    return set_cell_size(text, head) + ELLIPSIS + end


def cut_end(text: str, width: int) -> str:
    """The text in at most `width` cells, cut at its end."""
    if cell_len(text) <= width:
        return text
    return "" if width <= 0 else set_cell_size(text, width - 1) + ELLIPSIS


def condensed(plot: str, width: int) -> str:
    """A row of plot characters in at most `width` cells: of each stretch the highest, so that no peak is lost."""
    count = len(plot)
    if count <= width:
        return plot
    return "".join(max(plot[i * count // width : (i + 1) * count // width]) for i in range(width))


def wrapped(text: str, width: int) -> list[str]:
    """The text in lines of at most `width` cells, broken at blanks where there are any. Nothing is left out."""
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if cell_len(longer) <= width:
            line = longer
            continue
        if line:
            lines.append(line)
        *full, line = chop_cells(word, max(1, width)) or [""]
        lines.extend(full)
    return [*lines, line]


def duration(seconds: float | None) -> str:
    """A span of time in two or three characters and its unit: `41s`, `3m`, `2h`, `5d`. Unknown: a dash."""
    if seconds is None or not math.isfinite(seconds):
        return NOTHING
    whole = max(0, int(seconds))
    if whole < 120:
        return f"{whole}s"
    if whole < 7200:
        return f"{whole // 60}m"
    if whole < 172_800:
        return f"{whole // 3600}h"
    return f"{whole // 86_400}d"


def coarse(seconds: float | None) -> str:
    """A span of time that is as it should be: in minutes at least, because what is on time must not tick."""
    if seconds is None or not math.isfinite(seconds) or seconds >= 120:
        return duration(seconds)
    return "<1m" if seconds < 60 else "1m"


def time_of_day(at: float | None, zone: tzinfo | None = None) -> str:
    """`12:00:05Z` of a time in seconds since the epoch, or `13:00:05` of a zone; a placeholder where there is none."""
    return _written(at, "%H:%M:%S", zone) or "--:--:--Z"


def moment(at: float | None, zone: tzinfo | None = None) -> str:
    """`2027-01-01 12:00:05Z`, or of a zone with its name; a dash where there is none."""
    return _written(at, "%Y-%m-%d %H:%M:%S", zone, named=True) or NOTHING


def clock(at: float | None, zone: tzinfo) -> str:
    """`13:00:05 CET`: the time of day of a zone, with its name."""
    return _written(at, "%H:%M:%S", zone, named=True) or "--:--:--"


def _written(at: float | None, form: str, zone: tzinfo | None, *, named: bool = False) -> str | None:
    if at is None or not math.isfinite(at):
        return None
    try:
        return datetime.fromtimestamp(at, zone or UTC).strftime(f"{form}Z" if zone is None else form + " %Z" * named)
    except (OverflowError, OSError, ValueError):
        return None


def number(value: int | None) -> str:
    """A count; `?` where it is not known, which is never 0."""
    return "?" if value is None else str(value)


def share(used: int | None, total: int | None) -> float | None:
    """Part in use, 0 to 1; None where it can't be told."""
    if used is None or total is None or total <= 0:
        return None
    return min(1.0, max(0.0, used / total))


def bar(part: float | None, width: int) -> str:
    """A level of `width` cells in half-cell steps; question marks where it is not known."""
    if part is None:
        return "?" * width
    halves = min(2 * width, math.ceil(part * 2 * width)) if part > 0 else 0
    return ("█" * (halves // 2) + "▌" * (halves % 2)).ljust(width, "░")


def sparkline(values: tuple[int | None, ...], total: int | None) -> str:
    """An hour, one character a minute, scaled to `total` (or the largest); a dot where nothing is known."""
    values = values[-MINUTES:]
    known = [value for value in values if value is not None]
    top = total if total else max(known, default=0)
    before = " " * (MINUTES - len(values))
    if not known or top <= 0:
        return before + "·" * len(values)
    steps = len(SPARKS) - 1
    return before + "".join("·" if v is None else SPARKS[min(steps, max(0, round(v / top * steps)))] for v in values)


def plot(values: tuple[int | None, ...], total: int | None, height: int) -> list[str]:
    """An hour as columns of `height` lines, the highest first, one character a minute, scaled as `sparkline` is.

    A minute of which nothing is known is a dot at the bottom, never a column of no height.
    """
    values = values[-MINUTES:]
    known = [value for value in values if value is not None]
    top = total if total else max(known, default=0)
    steps = len(SPARKS)
    levels = [
        None if v is None else 0 if top <= 0 else min(height * steps, round(v / top * height * steps)) for v in values
    ]
    return [
        "".join(_part_of(level, (height - 1 - line) * steps, line == height - 1) for level in levels)
        for line in range(height)
    ]


def _part_of(level: int | None, below: int, is_lowest: bool) -> str:
    """What of a column stands on the line that has so many steps below it."""
    if level is None:
        return "·" if is_lowest else " "
    reached = level - below
    if reached <= 0:
        return SPARKS[0] if is_lowest else " "
    return SPARKS[min(len(SPARKS), reached) - 1]
