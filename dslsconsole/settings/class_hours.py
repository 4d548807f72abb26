"""Class hours of the academic calendar: `Mon-Fri 08:00-18:00`, several separated by commas."""

import re
from dataclasses import dataclass

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

_PERIOD = re.compile(r"([A-Za-z]{3})(?:\s*-\s*([A-Za-z]{3}))?\s+(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")


@dataclass(frozen=True)
class ClassPeriod:
    """Hours on some days of the week."""

    days: frozenset[int]
    """Monday is 0, as in `datetime.date.weekday`."""
    start: int
    """Minutes after midnight."""
    end: int
    """Minutes after midnight, after `start`, at most 1440."""


def class_periods(text: str) -> tuple[ClassPeriod, ...]:
    """The periods that the text names.

    Raises:
        ValueError: it does not have that form.
    """
    return tuple(_period(part.strip()) for part in text.split(","))


def _period(text: str) -> ClassPeriod:
    match = _PERIOD.fullmatch(text)
    if match is None:
        raise ValueError('does not name days and hours; write it as "Mon-Fri 08:00-18:00"')
    first = _day(match[1])
    last = _day(match[2]) if match[2] else first
    start, end = _minutes(match[3], match[4]), _minutes(match[5], match[6])
    if start >= end:
        raise ValueError("ends before it starts; write the earlier time first")
    # Sat-Mon goes over the end of the week.
    length = (last - first) % 7 + 1
    return ClassPeriod(frozenset((first + offset) % 7 for offset in range(length)), start, end)


def _day(name: str) -> int:
    if name.capitalize() not in DAYS:
        raise ValueError(f"names the day {name}; days are {', '.join(DAYS)}")
    return DAYS.index(name.capitalize())


def _minutes(hours: str, minutes: str) -> int:
    total = int(hours) * 60 + int(minutes)
    if int(minutes) > 59 or total > 24 * 60:
        raise ValueError(f"names the time {hours}:{minutes}; times go from 00:00 to 24:00")
    return total
