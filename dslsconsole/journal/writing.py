"""Writing the action log."""

import contextlib
import errno
import fcntl
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from msgspec import structs

from dslsconsole.journal.entry import NO_LINE, Entry, Origin, decode, digest, encode, instant
from dslsconsole.journal.errors import JournalError, failed
from dslsconsole.journal.files import HEAD, LOCK, Head, end_of, head_bytes, months, read_head

LOCK_SECONDS = 5.0
"""How long to wait for another writer. One line takes milliseconds."""
ROOM_BYTES = 256 * 1024
"""What a check wants to be free: the lines of one operation with room to spare."""
REPAIRED = "repaired"
"""The event that tells of a line whose writer died before it was whole."""
KEPT_OF_TORN = 2000


class _Own(NamedTuple):
    """The last line that this writer wrote, and where it must still stand."""

    file: Path
    end: int
    length: int
    digest: str
    seq: int


class Journal:
    """The action log in a directory, for writing. Several processes may write at once.

    A line that could not be written whole is taken back, so a full disk leaves the log sound. A half line that a
    dead writer left was never acknowledged: the next writer takes it out, and says so in a `repaired` line that holds
    what it was. Lines that the head knows and the files have lost are never closed over: numbering and chain go on
    from the head, so `verify` shows the gap for ever. A writer whose own last line is gone writes no more: what it did
    would stand in a log that does not tell how it began.
    """

    def __init__(self, directory: Path, clock: Callable[[], float] = time.time) -> None:
        self.directory = directory
        self._clock = clock
        self._own: _Own | None = None

    def append(
        self,
        event: str,
        *,
        operator: str,
        origin: Origin,
        cluster: str = "",
        runbook: str = "",
        operation: str = "",
        **data: object,
    ) -> Entry:
        """Write one line; when this returns, it is on the disk.

        Secrets must be left out by the caller. Texts from hosts are kept as they are, with escapes.

        Raises:
            JournalError: it could not be written, and is not in the log; nothing that it announces may be done.
            ValueError: the data uses a name of the fixed members, or is too long for a line.
        """
        written = Entry(
            seq=0,
            at=instant(self._clock()),
            operator=operator,
            origin=origin,
            cluster=cluster,
            runbook=runbook,
            operation=operation,
            event=event,
            prev=NO_LINE,
            data=data,
        )
        try:
            with self._locked():
                return self._append(written)
        except OSError as error:
            raise failed("written", self.directory, error) from error

    def check(self) -> None:
        """See that the log can be written, and that there is room for an operation, without writing a line.

        Raises:
            JournalError: it can't.
        """
        try:
            with self._locked():
                self._try_room()
                for path in months(self.directory)[-1:]:
                    os.close(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC))
        except OSError as error:
            raise failed("written", self.directory, error) from error

    def _try_room(self) -> None:
        """Write as much as an operation needs into a file without a name: quota and limits count as well as space."""
        with tempfile.TemporaryFile(dir=self.directory, buffering=0) as room:
            left = ROOM_BYTES
            while left > 0:
                left -= room.write(bytes(left))
            os.fsync(room.fileno())

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        self._see_own()
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.directory / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, mode=0o600)
        try:
            self._wait_for(descriptor)
            yield
        finally:
            os.close(descriptor)

    def _see_own(self) -> None:
        """See that the line which this writer wrote last still stands, and that the head has not gone back behind it.

        Raises:
            JournalError: the log was removed, cut or put back to an earlier state meanwhile.
        """
        if self._own is None:
            return
        own = self._own
        try:
            with _reading(own.file) as file:
                line = os.pread(file, own.length, own.end - own.length)
        except FileNotFoundError:
            line = b""
        head = read_head(self.directory)
        if digest(line) != own.digest or head is None or head.seq < own.seq:
            raise JournalError(
                f"The action log in {self.directory} was removed or put back to an earlier state: line {own.seq}, "
                "which was written just before, is gone. Find out who did that, and put the log back."
            )

    def _wait_for(self, descriptor: int) -> None:
        deadline = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise JournalError(
                        f"The action log in {self.directory} can't be written: another program has held its lock for "
                        f"{LOCK_SECONDS:g} s; look for a stopped dslsconsole (`fuser {self.directory / LOCK}`)."
                    ) from None
                time.sleep(0.005)
            else:
                return

    def _append(self, entry: Entry) -> Entry:
        """Write the entry behind the last one; its number and chain value are given here."""
        existing = months(self.directory)
        path = max([*existing[-1:], self.directory / f"{entry.at[:7]}.jsonl"])
        with _opened(path, self.directory) as file:
            torn = self._take_out_torn(file)
            end = self._last(existing, file)
            if torn:
                text = torn[:KEPT_OF_TORN].decode("utf-8", "backslashreplace")
                note = Entry(
                    seq=0,
                    at=entry.at,
                    operator=entry.operator,
                    origin=entry.origin,
                    cluster="",
                    runbook="",
                    operation="",
                    event=REPAIRED,
                    prev=NO_LINE,
                    data={"removed_bytes": len(torn), "removed": text},
                )
                end, _ = self._write(file, note, end)
            head, written = self._write(file, entry, end)
            last = end_of(file).line or b""
            self._own = _Own(path, os.fstat(file).st_size - 1, len(last), head.digest, head.seq)
        return written

    def _take_out_torn(self, file: int) -> bytes:
        torn = end_of(file).torn
        if torn:
            os.ftruncate(file, os.fstat(file).st_size - len(torn))
        return torn

    def _last(self, existing: list[Path], file: int) -> Head:
        """The number and the hash that the next line follows."""
        line = end_of(file).line
        if line is None:
            for path in reversed(existing):
                with _reading(path) as older:
                    line = end_of(older).line
                if line is not None:
                    break
        head = read_head(self.directory)
        tail = Head(0, NO_LINE)
        if line is not None:
            try:
                tail = Head(decode(line).seq, digest(line))
            except ValueError:
                tail = Head(0, digest(line))
        # Where the files disagree with the head, the head holds: going on from a changed line would hide the change.
        return head if head is not None and head.seq >= tail.seq else tail

    def _write(self, file: int, entry: Entry, after: Head) -> tuple[Head, Entry]:
        entry = structs.replace(entry, seq=after.seq + 1, prev=after.digest)
        line = encode(entry)
        before = os.fstat(file).st_size
        try:
            written = os.write(file, line + b"\n")
            if written != len(line) + 1:
                # A short write is how a file system says that it is just now full; the next write says why.
                os.write(file, (line + b"\n")[written:])
                if os.fstat(file).st_size != before + len(line) + 1:
                    raise OSError(errno.ENOSPC, "No space left on device")
            os.fsync(file)
        except OSError:
            os.ftruncate(file, before)
            raise
        head = Head(entry.seq, digest(line))
        self._write_head(head)
        return head, entry

    def _write_head(self, head: Head) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(self.directory / HEAD, flags, mode=0o600)
        try:
            raw = head_bytes(head)
            new = os.fstat(descriptor).st_size == 0
            if os.pwrite(descriptor, raw, 0) != len(raw):
                raise OSError(errno.ENOSPC, "No space left on device")
            os.ftruncate(descriptor, len(raw))
            os.fdatasync(descriptor)
            if new:
                _sync_directory(self.directory)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def _opened(path: Path, directory: Path) -> Iterator[int]:
    """A month's file for appending, made if needed; a file that stays empty is removed again."""
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    new = not path.exists()
    descriptor = os.open(path, flags, mode=0o600)
    try:
        if new:
            _sync_directory(directory)
        yield descriptor
    finally:
        if new and os.fstat(descriptor).st_size == 0:
            path.unlink(missing_ok=True)
        os.close(descriptor)


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
