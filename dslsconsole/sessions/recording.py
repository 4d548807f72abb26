"""Recordings of operator sessions: what was known, what was done, and where the operator looked.

A recording is a file of chunks, in the order of their making. Each begins with a header of 24 bytes, big-endian: the
four letters `DSLR`, a letter of its kind, three zero bytes, the time of its last record (IEEE 754, seconds since the
epoch), the length of what follows and its CRC-32. Kinds:

- `H`, once, at the beginning: a `Head` as JSON.
- `K`: the beginning of a zstandard stream (RFC 8878). But for the first, what it holds begins with all that is known.
- `C`: more of the same stream, written out (flushed) as far as it had come.

The streams hold records, one JSON object a line; a reader skips kinds of records that it does not know. A writer
that is killed leaves a last chunk that is cut short at most: what was written out before it can be read. To find a
moment, headers alone are read up to the last `K` before it.
"""

import math
import struct
import zlib
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

VERSION = 1
MAGIC = b"DSLR"
HEADER = struct.Struct(">4sc3xdII")
LONGEST_CHUNK = 64 * 1024 * 1024
LARGEST_STREAM = 1024 * 1024 * 1024
"""Bytes that one stream may hold: a block that says more is not read."""
LATEST = 4_102_444_800.0
"""The year 2100: times after it are none."""
SUFFIX = ".dslsrec"

_Time = Annotated[float, Meta(ge=0, le=LATEST)]
_Word = Annotated[str, Meta(max_length=500)]


class NotARecording(Exception):  # noqa: N818 - it says what the file is
    """The file can't be played; the text says why, with what to do."""


class Head(Struct, frozen=True):
    """Who recorded what."""

    version: int
    program: _Word
    operator: _Word
    host: _Word
    started_at: _Time
    read_only: bool = True
    width: int = 0
    height: int = 0


class Seen(Struct, frozen=True, tag="seen", tag_field="record"):
    """Frames that arrived together, as the stream has them; or in words why none come."""

    at: _Time
    frames: tuple[msgspec.Raw, ...] = ()
    trouble: str | None = None


class Logged(Struct, frozen=True, tag="logged", tag_field="record"):
    """Entries that came into the action log, as the console keeps them."""

    at: _Time
    entries: tuple[msgspec.Raw, ...] = ()
    trouble: str | None = None


class Whole(Struct, frozen=True, tag="whole", tag_field="record"):
    """All that is known at a moment, first in each stream but the first. Who plays on from before skips it."""

    at: _Time
    frames: tuple[msgspec.Raw, ...] = ()
    """The two that a stream of frames begins with, or none where nothing is known."""
    entries: tuple[msgspec.Raw, ...] = ()
    events: tuple[msgspec.Raw, ...] = ()
    looked: "Looked | None" = None
    trouble: str | None = None
    found: tuple["Found", ...] = ()


class Pressed(Struct, frozen=True, tag="pressed", tag_field="record"):
    """A key, by Textual's name of it. What is typed into a line of text is `typed`, whatever it was."""

    at: _Time
    key: _Word
    action: str = ""


class Table(Struct, frozen=True):
    """Where somebody is in one table."""

    cursor: str | None = None
    top: int = 0
    filter: str = ""
    sorted_by: str | None = None
    inverted: bool = False


class Looked(Struct, frozen=True, tag="looked", tag_field="record"):
    """Where the operator looks from now on."""

    at: _Time
    width: int
    height: int
    theme: str
    cluster: str | None
    alone: str | None = None
    subject: tuple[str, str] | None = None
    dialog: str | None = None
    zone: _Word | None = None
    """The zone of the times that are shown, as `Europe/Berlin`; None for UTC."""
    seen: float | None = None
    """Up to when what happened was seen; None where changes were not marked."""
    tables: dict[str, Table] = {}


class Drawn(Struct, frozen=True, tag="drawn", tag_field="record"):
    """What stood on the screen: the lines of each table, by its name, and the time that they were drawn for."""

    at: _Time
    tables: dict[str, tuple[str, ...]]


class Found(Struct, frozen=True, tag="found", tag_field="record"):
    """What was read on demand: the `audit` of a cluster, an `inspection` of a node, or what a `dialog` shows; and the
    `arming` of a console: whether it is armed from then on. Why is typed, and the journal's to tell."""

    at: _Time
    what: _Word
    cluster: _Word
    report: msgspec.Raw


class Note(Struct, frozen=True, tag="note", tag_field="record"):
    """A remark of whoever recorded."""

    at: _Time
    text: str


Record = Seen | Logged | Whole | Pressed | Looked | Drawn | Found | Note

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Record] = msgspec.json.Decoder(Record)
_tag = msgspec.json.Decoder(dict[str, msgspec.Raw])
_KNOWN = frozenset({"seen", "logged", "whole", "pressed", "looked", "drawn", "found", "note"})


def encoded(record: Record) -> bytes:
    """One line."""
    return _encoder.encode(record) + b"\n"


def decoded(line: bytes) -> Record | None:
    """The record on a line; None for a kind that this version does not know.

    Raises:
        NotARecording: it is none.
    """
    try:
        return _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        try:
            kind = msgspec.json.decode(_tag.decode(line).get("record", msgspec.Raw(b'"?"')))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            kind = None
        if isinstance(kind, str) and kind not in (*_KNOWN, "?"):
            return None
        raise NotARecording(f"a record in it can't be read ({str(error)[:120]}); what comes before it can") from error


def chunk(kind: bytes, at: float, data: bytes) -> bytes:
    """A chunk with its header."""
    return HEADER.pack(MAGIC, kind, at, len(data), zlib.crc32(data)) + data


def parsed_header(data: bytes) -> tuple[bytes, float, int, int]:
    """Kind, time, length and CRC-32.

    Raises:
        NotARecording: it is no header, or one of absurd times or lengths.
    """
    magic, kind, at, length, crc = HEADER.unpack(data)
    if magic != MAGIC or kind not in (b"H", b"K", b"C"):
        raise NotARecording("its chunks are damaged")
    if not math.isfinite(at) or not 0 <= at <= LATEST or length > LONGEST_CHUNK:
        raise NotARecording("a chunk in it has an absurd time or length")
    return kind, at, length, crc
