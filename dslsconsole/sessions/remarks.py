"""Notes on a recording by whoever looks at it later, in a file of their own beside it: the recording stays as it was.

`FILE.dslsrec.notes` holds a JSON object a line: `{"at": …, "text": …, "by": …, "written_at": …}`, times in seconds
since the epoch; `at` is the moment of the recording that the note is on.
"""

import os
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from dslsconsole.sessions.marks import Kind, Mark
from dslsconsole.sessions.recording import LATEST

SUFFIX = ".notes"
LARGEST = 4 * 1024 * 1024
LONGEST = 2000


class Remark(Struct, frozen=True):
    """One note."""

    at: Annotated[float, Meta(ge=0, le=LATEST)]
    text: Annotated[str, Meta(max_length=LONGEST)]
    by: Annotated[str, Meta(max_length=500)] = ""
    written_at: float = 0.0

    @property
    def words(self) -> str:
        return f"{self.text} ({self.by})" if self.by else self.text


_decoder = msgspec.json.Decoder(Remark)


def beside(recording: Path) -> Path:
    """The file of a recording's notes."""
    return recording.with_name(recording.name + SUFFIX)


def read(recording: Path) -> tuple[Remark, ...]:
    """The notes on a recording in the order of its time; lines that are none are left out."""
    try:
        with beside(recording).open("rb") as file:
            data = file.read(LARGEST)
    except OSError:
        return ()
    found = []
    for line in data.splitlines():
        try:
            found.append(_decoder.decode(line))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
    return tuple(sorted(found, key=lambda one: one.at))


def add(recording: Path, remark: Remark) -> None:
    """Write a note, readable by its writer alone where it is the first. Raises OSError."""
    file = os.open(beside(recording), os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        os.write(file, msgspec.json.encode(remark) + b"\n")
    finally:
        os.close(file)


def marks(recording: Path) -> tuple[Mark, ...]:
    """The notes as marks of the recording."""
    return tuple(Mark(one.at, Kind.NOTE, one.words, event=SUFFIX) for one in read(recording))
