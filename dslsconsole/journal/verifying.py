"""Verifying the action log: any change, gap, reordering or cut tail."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from dslsconsole.journal.entry import NO_LINE, decode, digest
from dslsconsole.journal.errors import failed
from dslsconsole.journal.files import HEAD, LOCK, Head, end_of, months, read_head
from dslsconsole.journal.reading import lines

_STEPS = ("step-started", "step-ended")


class Damage(Struct, frozen=True):
    """One thing that is wrong with an action log."""

    file: str
    """Name of the file in the log's directory."""
    line: int
    """Number of the line in it, from 1; 0 if it is about the file."""
    text: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.text}"


def verify(directory: Path) -> tuple[Damage, ...]:
    """Everything that is wrong with the log; nothing for a sound one, or none at all.

    The chain is not keyed: who may write to the directory can write a whole new log. It shows accidents, and changes
    by those who don't rewrite everything after them; for more, keep `journal export` or the head elsewhere.

    Raises:
        JournalError: it can't be read.
    """
    try:
        with _quiet(directory):
            return tuple(_Chain(directory).damages())
    except OSError as error:
        raise failed("read", directory, error) from error


@contextlib.contextmanager
def _quiet(directory: Path) -> Iterator[None]:
    """No line is written meanwhile, where there is a lock that can be held."""
    try:
        descriptor = os.open(directory / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, PermissionError):
        yield
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


class _Chain:
    """Goes along the lines of all files, and knows what the next one must be."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._seq = 0
        self._digest: str | None = NO_LINE
        """Hash of the line before; None if that line was spoilt."""
        self._before: tuple[str, int] | None = None
        """File and number of the line before."""
        self._planned: set[str] = set()
        """The operations whose plan was written."""

    def damages(self) -> Iterator[Damage]:
        files = months(self._directory)
        for path in files:
            for number, line in lines(path):
                yield from self._line(path.name, number, line)
                self._before = (path.name, number)
            yield from self._unfinished(path, newest=path == files[-1])
        yield from self._head(files)

    def _line(self, file: str, number: int, line: bytes) -> Iterator[Damage]:
        try:
            entry = decode(line)
        except ValueError as error:
            yield Damage(file, number, f"this line was changed: it is {error}")
            # What the next line was chained to is not known any more, so that is not held against it.
            self._seq, self._digest = self._seq + 1, None
            return
        expected = self._seq + 1
        if entry.seq > expected:
            yield Damage(file, number, f"{_numbers(expected, entry.seq - 1)} missing before this line")
        elif entry.seq < expected:
            yield Damage(file, number, f"number {entry.seq} stands after {self._seq}: a line was repeated or moved")
        elif self._digest is not None and entry.prev != self._digest:
            before_file, before_line = self._before or (file, number)
            what = "this line was" if self._before else "the first line's own chain value was"
            yield Damage(before_file, before_line, f"{what} changed: the line after it was chained to another one")
        self._seq, self._digest = entry.seq, digest(line)
        if entry.event == "planned":
            self._planned.add(entry.operation)
        elif entry.event in _STEPS and entry.operation not in self._planned:
            self._planned.add(entry.operation)  # said once for each operation
            yield Damage(
                file, number, f"a step of operation {entry.operation or 'without a name'}, whose plan is not in the log"
            )

    def _unfinished(self, path: Path, newest: bool) -> Iterator[Damage]:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            torn = end_of(descriptor).torn
        finally:
            os.close(descriptor)
        if torn:
            text = f"its last {len(torn)} bytes are a line that was not finished"
            yield Damage(path.name, 0, text + ("; the next entry will note and remove it" if newest else ""))

    def _head(self, files: list[Path]) -> Iterator[Damage]:
        head = read_head(self._directory)
        newest = files[-1].name if files else HEAD
        if head is None:
            if (self._directory / HEAD).exists():
                yield Damage(HEAD, 0, "it was changed: it holds no number and hash")
            elif files:
                yield Damage(HEAD, 0, "it is missing, so it can't be told whether lines were cut off at the end")
        elif head.seq > self._seq:
            yield Damage(newest, 0, f"{_numbers(self._seq + 1, head.seq)} missing at the end: the log was cut")
        elif head.seq == self._seq and self._digest is not None and head.digest != self._digest:
            yield Damage(*(self._before or (newest, 0)), "this line was changed: the head knows another one")
        elif head.seq < self._seq - 1 or (head.seq == self._seq - 1 and not self._follows(head)):
            yield Damage(
                newest, 0, f"{_numbers(head.seq + 1, self._seq)} not known to the head: added by something else"
            )

    def _follows(self, head: Head) -> bool:
        """Whether the last line is chained to the head: its writer died just before it wrote the head anew."""
        if self._before is None:
            return False
        file, number = self._before
        line = next(line for at, line in lines(self._directory / file) if at == number)
        with contextlib.suppress(ValueError):
            return decode(line).prev == head.digest
        return False


def _numbers(first: int, last: int) -> str:
    return f"number {first} is" if first == last else f"numbers {first} to {last} are"
