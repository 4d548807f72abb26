"""One line of the action log: as it is held, and as it is written."""

import datetime
import hashlib
import json
import math
from collections.abc import Mapping

import msgspec
from msgspec import Struct

LONGEST_TEXT = 64 * 1024
"""Characters of one text in a line; what is longer is cut, with a mark."""
LONGEST_LINE = 1024 * 1024
"""Bytes of a line."""
NO_LINE = "0" * 64
"""`prev` of the first line."""

_FIXED = ("seq", "at", "operator", "from", "cluster", "runbook", "operation", "event", "prev")


class Origin(Struct, frozen=True):
    """Where an operator sits."""

    host: str
    tty: str | None = None


class Entry(Struct, frozen=True, kw_only=True):
    """One line of the action log."""

    seq: int
    """Number of the line, from 1, over all files."""
    at: str
    """When it was written: ISO 8601, UTC, with milliseconds and Z."""
    operator: str
    origin: Origin
    """`from` in the file."""
    cluster: str
    runbook: str
    operation: str
    event: str
    prev: str
    data: dict[str, object] = {}
    """What this event tells beside the fixed members; in the file they stand side by side."""

    @property
    def time(self) -> float:
        """`at` in seconds since the epoch."""
        return datetime.datetime.fromisoformat(self.at).timestamp()

    def as_object(self) -> dict[str, object]:
        """The entry as it stands in the file."""
        return {
            "seq": self.seq,
            "at": self.at,
            "operator": self.operator,
            "from": {"host": self.origin.host, "tty": self.origin.tty},
            "cluster": self.cluster,
            "runbook": self.runbook,
            "operation": self.operation,
            "event": self.event,
            **self.data,
            "prev": self.prev,
        }


class _Fixed(Struct, frozen=True):
    seq: int
    at: datetime.datetime
    operator: str
    origin: Origin = msgspec.field(name="from")
    cluster: str
    runbook: str
    operation: str
    event: str
    prev: str


_decoder = msgspec.json.Decoder(dict[str, object])


def instant(seconds: float) -> str:
    """Seconds since the epoch as the log writes them: `2027-01-01T12:00:00.000Z`."""
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def encode(entry: Entry) -> bytes:
    """The line of an entry, without its line end: ASCII, so nothing in it can steer a terminal.

    Raises:
        ValueError: its data uses a name of the fixed members, or the line would be too long.
    """
    if taken := sorted(set(entry.data) & set(_FIXED)):
        raise ValueError(f"the data of an entry can't be called {', '.join(taken)}")
    line = json.dumps(_plain(entry.as_object()), ensure_ascii=True, separators=(",", ":")).encode("ascii")
    line = line.replace(b"\x7f", b"\\u007f")
    if len(line) > LONGEST_LINE:
        raise ValueError(f"an entry of {len(line)} bytes is longer than a line may be ({LONGEST_LINE})")
    return line


def decode(line: bytes) -> Entry:
    """The entry that a line holds.

    Raises:
        ValueError: it is no line of an action log.
    """
    try:
        data = _decoder.decode(line)
        fixed = msgspec.convert(data, _Fixed)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"no line of an action log: {error}") from None
    if fixed.at.utcoffset() is None:
        raise ValueError("no line of an action log: its time has no zone")
    return Entry(
        seq=fixed.seq,
        at=str(data["at"]),
        operator=fixed.operator,
        origin=fixed.origin,
        cluster=fixed.cluster,
        runbook=fixed.runbook,
        operation=fixed.operation,
        event=fixed.event,
        prev=fixed.prev,
        data={name: value for name, value in data.items() if name not in _FIXED},
    )


def digest(line: bytes) -> str:
    """SHA-256 of a line without its line end, in hexadecimal."""
    return hashlib.sha256(line).hexdigest()


def _plain(value: object) -> object:
    """The value in what JSON can say, with long texts cut and broken characters written as escapes."""
    if isinstance(value, str):
        cut = value if len(value) <= LONGEST_TEXT else f"{value[:LONGEST_TEXT]}… ({len(value)} characters)"
        return str(cut).encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, Mapping):
        return {str(_plain(str(name))): _plain(member) for name, member in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(member) for member in value]
    if isinstance(value, Struct):
        return _plain(msgspec.to_builtins(value))
    return _plain(str(value))
