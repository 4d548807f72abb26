"""Reading what programs print, generously: in any order, case and line ends. What is missing is unknown, no guess.

Everything that comes out of here is bounded in size and free of control characters.
"""

import datetime
import json
import math
import re
from collections.abc import Iterator

from dslsconsole.ssh.cleaning import clean

LONGEST_WORD = 200
_LONGEST_NUMBER = 15
_NUMBER = re.compile(r"[+-]?\d[\d,]*(?![\d.])")
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|[smhd])?", re.IGNORECASE)
_UNIT_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "": 1.0}
_YES = frozenset({"yes", "true", "1", "held", "detected", "on"})
_NO = frozenset({"no", "false", "0", "lost", "none", "off"})


class Unreadable(ValueError):  # noqa: N818 - it says what the answer is
    """What was printed is not what was asked for. The text says what was missing, and is fit to be shown."""


def lines(text: str) -> Iterator[str]:
    """The lines that say something, without a BOM and surrounding blanks."""
    for line in text.lstrip("\ufeff").replace("\r", "\n").split("\n"):
        if stripped := line.strip("\x00 \t\ufeff"):
            yield stripped


def pair(line: str) -> tuple[str, str] | None:
    """Key and value of `Key: value`, the key in lower case with single blanks for `-`, `_` and blanks."""
    key, colon, value = line.partition(":")
    if not colon or not key or len(key) > 60:
        return None
    return " ".join(key.lower().replace("-", " ").replace("_", " ").split()), value.strip()


def pairs(text: str) -> dict[str, str]:
    """Every `Key: value`; the first one of a key counts."""
    found: dict[str, str] = {}
    for line in lines(text):
        if (one := pair(line)) is not None:
            found.setdefault(*one)
    return found


def json_in(text: str) -> object:
    """The JSON object or array in `text`, whatever warnings stand before and after it; None if there is none.

    Raises:
        Unreadable: it begins as an object and is damaged.
    """
    starts = [start for start in (text.find("{"), text.find("[{"), text.find("[]")) if start >= 0]
    if not starts:
        return None
    try:
        found: object = json.JSONDecoder().raw_decode(text, min(starts))[0]
    except (ValueError, RecursionError):
        raise Unreadable(f"its JSON is damaged: {clean(text[min(starts) :], 80)}") from None
    return found


def word(value: object, longest: int = LONGEST_WORD) -> str | None:
    """A text, cleaned; None for anything else and for an empty one."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return clean(str(value), longest) or None


def whole(value: object) -> int | None:
    """A count: of `712 (71%)`, `1,000` or 712. None for what is no number or below zero."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if 0 <= value < 10**_LONGEST_NUMBER else None
    if isinstance(value, float):
        return int(value) if math.isfinite(value) and value == int(value) and 0 <= value < 10**_LONGEST_NUMBER else None
    if isinstance(value, str) and (match := _NUMBER.match(value.strip()[: _LONGEST_NUMBER * 2])):
        digits = match[0].replace(",", "")
        return (
            int(digits) if len(digits) <= _LONGEST_NUMBER and digits.isascii() and not digits.startswith("-") else None
        )
    return None


def span(value: object) -> float | None:
    """Seconds, of `2s`, `5m`, `1h`, `86400` or a number."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value) if 0 <= value < 10**_LONGEST_NUMBER else None
    if isinstance(value, str) and (match := _SPAN.match(value.strip()[:40])):
        return float(match[1]) * _UNIT_SECONDS[(match[2] or "").lower()]
    return None


def truth(value: object) -> bool | None:
    """Of yes/no, true/false, detected and their like, as the first word of a text."""
    if isinstance(value, bool):
        return value
    first = value.split()[0].lower().strip(".,;") if isinstance(value, str) and value.split() else ""
    return True if first in _YES else False if first in _NO else None


def moment(value: object) -> float | None:
    """Epoch seconds, of an ISO 8601 time with its zone (none means UTC) or of epoch seconds."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value) if 0 <= value < 10**11 else None
    if not isinstance(value, str):
        return None
    try:
        at = datetime.datetime.fromisoformat(value.strip()[:40])
        return (at if at.tzinfo else at.replace(tzinfo=datetime.UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
