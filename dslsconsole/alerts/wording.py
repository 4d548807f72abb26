"""How alerts put things into words: lists, times and lengths of time."""

import datetime
from collections.abc import Iterable


def listed(names: Iterable[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    words = list(names)
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def do(names: Iterable[str], verb: str) -> str:
    """The names with the verb in the right number: `a sends`, `a and b send`."""
    words = list(names)
    return f"{listed(words)} {verb}{'s' if len(words) == 1 else ''}"


def clock_time(at: float) -> str:
    """A moment as `2027-01-01 12:00:00Z`. An age would be another text every second."""
    try:
        moment = datetime.datetime.fromtimestamp(at, datetime.UTC)
    except (OverflowError, OSError, ValueError):
        return "an impossible time"
    return f"{moment:%Y-%m-%d %H:%M:%S}Z"


def lasting(seconds: float) -> str:
    """A length of time in its largest fitting unit: `41 s`, `15 min`, `3 h`, `2 d`."""
    for unit, size in (("d", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
