"""The files of an action log: their names, their order, their ends, and the head."""

import os
import re
from pathlib import Path
from typing import NamedTuple

from dslsconsole.journal.entry import LONGEST_LINE

HEAD = "head"
LOCK = "lock"

_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])\.jsonl")
_HEAD = re.compile(r"([0-9]{20}) ([0-9a-f]{64})\n")
HEAD_LENGTH = 20 + 1 + 64 + 1


class Head(NamedTuple):
    """The last line's number and hash, as written beside the log."""

    seq: int
    digest: str


class End(NamedTuple):
    """How a file ends."""

    line: bytes | None
    """Its last whole line, without the line end; None if it has none."""
    torn: bytes
    """What stands after its last line end: a line that was not finished."""


def months(directory: Path) -> list[Path]:
    """The log's files, oldest first; none if there is no directory.

    Raises:
        OSError: the directory can't be read.
    """
    try:
        return sorted(path for path in directory.iterdir() if _MONTH.fullmatch(path.name))
    except FileNotFoundError:
        return []


def end_of(descriptor: int) -> End:
    """How an open file ends. A line longer than any that is written counts as torn.

    Raises:
        OSError: it can't be read.
    """
    size = os.fstat(descriptor).st_size
    length = min(size, 4096)
    while True:
        tail = os.pread(descriptor, length, size - length)
        last = tail.rfind(b"\n")
        before = tail.rfind(b"\n", 0, last) if last > 0 else -1
        if (last >= 0 and before >= 0) or length == size:
            whole = tail[before + 1 : last] if last >= 0 else None
            return End(whole, tail[last + 1 :])
        if length > 2 * LONGEST_LINE + 2:
            return End(None, tail[last + 1 :])
        length = min(size, length * 2)


def read_head(directory: Path) -> Head | None:
    """What the head says; None if there is none, or none that can be read.

    Raises:
        OSError: it can't be opened for another reason than its absence.
    """
    try:
        raw = (directory / HEAD).read_bytes()[: HEAD_LENGTH + 1]
    except FileNotFoundError:
        return None
    match = _HEAD.fullmatch(raw.decode("ascii", "replace"))
    return Head(int(match[1]), match[2]) if match else None


def head_bytes(head: Head) -> bytes:
    """A head as it is written: always as long, so that replacing it needs no space."""
    return f"{head.seq:020d} {head.digest}\n".encode("ascii")
