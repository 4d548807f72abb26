"""The kinds of single values in an estate file: what each accepts, and the sentence that says what would be right."""

import datetime
import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

LONGEST_DURATION = 366 * 86400.0

_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*(ms|s|m|h|d)")
_DURATION_PATTERN = r"^[0-9]{1,9}(\.[0-9]{1,9})?\s*(ms|s|m|h|d)$"
_UNIT_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def seconds(text: object) -> float:
    """The seconds that a duration such as `5s`, `2m`, `1h` or `30d` names: more than none, at most a year.

    Raises:
        ValueError: it is no such duration.
    """
    if isinstance(text, (int, float)) and not isinstance(text, bool):
        raise ValueError(f"has no unit; write {text}s for seconds, or use m, h or d")
    match = _DURATION.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise ValueError("is not a duration; write a number and a unit, e.g. 5s, 2m, 1h or 30d")
    duration = float(match[1]) * _UNIT_SECONDS[match[2]]
    if not 0 < duration <= LONGEST_DURATION:
        raise ValueError("is out of range; a duration is longer than 0s and at most 366d")
    return duration


def duration_text(duration: float) -> str:
    """The shortest writing of a duration in seconds: 300.0 is `5m`."""
    for unit in ("d", "h", "m", "s"):
        if duration >= _UNIT_SECONDS[unit] and duration % _UNIT_SECONDS[unit] == 0:
            return f"{duration / _UNIT_SECONDS[unit]:g}{unit}"
    return f"{duration * 1000:g}ms"


LONGEST_NUMBER = 18
"""Digits of a whole number that is read as one."""


def _whole(value: object) -> object:
    """Refuse what pydantic would take for a whole number: `true`, and text in quotes."""
    if isinstance(value, str) and len(value) > LONGEST_NUMBER and value.lstrip("+-").isdigit():
        raise ValueError("is far too big a number, or digits in quotes; write a smaller one, without quotes")
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("is not a whole number; write digits without quotes")
    return value


def _date(value: object) -> object:
    """Refuse what pydantic would take for a date: seconds since 1970, and times."""
    if isinstance(value, datetime.date):
        return value
    try:
        return datetime.date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise ValueError("is not a date; write year-month-day, e.g. 2027-01-18") from None


Date = Annotated[datetime.date, BeforeValidator(_date)]
Duration = Annotated[
    float,
    BeforeValidator(seconds),
    WithJsonSchema({"type": "string", "pattern": _DURATION_PATTERN, "examples": ["5s", "2m", "1h"]}),
]
Version = Annotated[Literal[1], BeforeValidator(_whole), WithJsonSchema({"const": 1})]
Whole = Annotated[int, BeforeValidator(_whole)]
Port = Annotated[int, Field(ge=1, le=65535), BeforeValidator(_whole)]

_HOST_NAME = r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$"
_ADDRESS = r"^[A-Za-z0-9:][A-Za-z0-9.:_%-]*$"
_DNS_NAME = r"^[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9])?\.?$"
_UNIT = r"^[A-Za-z0-9@._:\\-]+$"
_REMOTE_PATH = r"^/[^\x00-\x1f\x7f]*$"
_TEXT = r"^[^\x00-\x1f\x7f]*$"
_USER = r"^[A-Za-z0-9_][A-Za-z0-9._-]*\$?$"
_WORD = r"^[A-Za-z0-9_.:@+][A-Za-z0-9_.:@+-]*$"
_URL = r"^https?://[^\x00-\x20\x7f/]+[^\x00-\x20\x7f]*$"
_VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]*$"

WHAT_WOULD_BE_RIGHT = {
    _HOST_NAME: "a name is letters, digits, dots, underscores and hyphens, and starts and ends with a letter or digit",
    _ADDRESS: "write a host name, an IPv4 or an IPv6 address, without brackets and port",
    _DNS_NAME: "write a DNS name, e.g. dsls.example.com",
    _UNIT: "write a systemd unit's name, e.g. dsls-primary or dsls-token-sync.service",
    _REMOTE_PATH: "write an absolute path on the host, starting with /, without control characters",
    _TEXT: "write it without control characters and line breaks",
    _USER: "write a user's name as on the hosts: letters, digits, dots, underscores and hyphens",
    _WORD: "write one word of letters, digits and . _ : @ + -, as the server itself names it",
    _URL: "write a URL that starts with http:// or https:// and names a host",
    _VARIABLE: "write the name of an environment variable, without $",
}
"""For each pattern of this module, the sentence for a value that does not match it."""

HostName = Annotated[str, Field(pattern=_HOST_NAME, max_length=253)]
Address = Annotated[str, Field(pattern=_ADDRESS, max_length=253)]
"""A host name, an IPv4 or an IPv6 address."""
DnsName = Annotated[str, Field(pattern=_DNS_NAME, max_length=254)]
UnitName = Annotated[str, Field(pattern=_UNIT, max_length=255)]
RemotePath = Annotated[str, Field(pattern=_REMOTE_PATH, max_length=4096)]
"""An absolute path on a host."""
Text = Annotated[str, Field(pattern=_TEXT, max_length=4096)]
LocalPath = Annotated[str, Field(pattern=_TEXT, min_length=1, max_length=4096)]
"""A path on the console's own host, in which ~ and $VAR are replaced."""
UserName = Annotated[str, Field(pattern=_USER, max_length=64)]
Word = Annotated[str, Field(pattern=_WORD, max_length=255)]
Url = Annotated[str, Field(pattern=_URL, max_length=2048)]
Variable = Annotated[str, Field(pattern=_VARIABLE, max_length=255)]
