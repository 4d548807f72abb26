"""Writing a recording as it happens."""

import os
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import zstandard

from dslsconsole.sessions.recording import SUFFIX, Head, Record, Whole, chunk, encoded

LEVEL = 6
STREAM_S = 300.0
"""After so long the next chunk begins a stream of its own, so that a moment is found without all that came before."""
LARGEST_STREAM = 32 * 1024 * 1024
"""Bytes of records after which it begins one earlier."""


class NotRecorded(Exception):  # noqa: N818 - it says what became of the recording
    """Nothing more is recorded; the text says why. The session itself goes on."""


class Writer:
    """The file of one session, readable by its owner alone (0600).

    Args:
        whole: tells all that is known now, for the beginning of a stream.
    """

    def __init__(self, directory: Path, head: Head, whole: Callable[[], Whole]) -> None:
        """Begin the file. Raises NotRecorded."""
        self._whole = whole
        self._waiting: list[bytes] = []
        self._stream: zstandard.ZstdCompressionObj | None = None
        self._began = self._last = head.started_at
        self._size = 0
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.path, self._file = _created(directory, head)
        except OSError as error:
            raise NotRecorded(f"this session is not recorded: {directory}: {error.strerror}") from error
        self._put(b"H", head.started_at, msgspec.json.encode(head))

    def add(self, record: Record) -> None:
        """Take a record. It is on its way to the disk with the next `write_out`."""
        self._waiting.append(encoded(record))
        self._last = max(self._last, record.at)

    def write_out(self) -> None:
        """Hand all that was added to the operating system: from here on it outlives this process.

        Raises:
            NotRecorded: the disk takes no more.
        """
        if not self._waiting:
            return
        if self._stream is None:
            self._begin(b"".join(self._waiting))
        else:
            self._go_on(self._stream, b"C", b"".join(self._waiting))
        self._waiting = []
        if self._last - self._began >= STREAM_S or self._size >= LARGEST_STREAM:
            self._begin(encoded(self._whole()))

    def _begin(self, data: bytes) -> None:
        """Begin a stream with these records."""
        self._stream = zstandard.ZstdCompressor(level=LEVEL).compressobj()
        self._began, self._size = self._last, 0
        self._go_on(self._stream, b"K", data)

    def _go_on(self, stream: "zstandard.ZstdCompressionObj", kind: bytes, data: bytes) -> None:
        self._size += len(data)
        self._put(kind, self._last, stream.compress(data) + stream.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK))

    def close(self) -> None:
        """Write out what is left and end the file."""
        try:
            self.write_out()
        finally:
            os.close(self._file)

    def _put(self, kind: bytes, at: float, data: bytes) -> None:
        left = memoryview(chunk(kind, at, data))
        try:
            while left:
                left = left[os.write(self._file, left) :]
        except OSError as error:
            raise NotRecorded(f"the recording ends here: {self.path}: {error.strerror}") from error


def _created(directory: Path, head: Head) -> tuple[Path, int]:
    """A new file named by its beginning and its operator, of which there may be several in one second."""
    began = datetime.fromtimestamp(head.started_at, UTC).strftime("%Y%m%dT%H%M%SZ")
    who = re.sub(r"[^A-Za-z0-9._-]", "_", head.operator)[:40] or "unknown"
    for count in range(1, 1000):
        path = directory / f"{began}-{who}{f'-{count}' if count > 1 else ''}{SUFFIX}"
        try:
            return path, os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            continue
    raise FileExistsError(17, "too many recordings of this second", str(directory))


def removed_old(directory: Path, keep_s: float, now: float | None = None) -> tuple[str, ...]:
    """Remove recordings that were last written to more than `keep_s` seconds ago; the names of those removed."""
    now = time.time() if now is None else now
    names = []
    for path in sorted(directory.glob(f"*{SUFFIX}")):
        try:
            if now - path.stat().st_mtime > keep_s:
                path.unlink()
                names.append(path.name)
        except OSError:
            continue  # somebody else removes it too, or it is not ours
    return tuple(names)
