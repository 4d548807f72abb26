"""Reading a recording: its head, any moment of it, and all of it in order. What lies in the file may be hostile."""

import io
import zlib
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import msgspec
import zstandard
from msgspec import Struct

from dslsconsole.sessions.recording import (
    HEADER,
    LARGEST_STREAM,
    VERSION,
    Head,
    NotARecording,
    Record,
    decoded,
    parsed_header,
)

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_PIECE = 1024 * 1024
LONGEST_LINE = 64 * 1024 * 1024
MOST_CHUNKS = 2_000_000
TIGHTEST = 1000
"""How many times smaller than its content a part may be: recordings come to a hundred."""


class _Chunk(Struct, frozen=True):
    kind: bytes
    at: float
    offset: int
    length: int
    """Bytes of it that are there."""
    whole_length: int
    crc: int


class Recording:
    """A recording that is read. Its file may still be growing: what was there when it was opened is read."""

    def __init__(self, path: Path) -> None:
        """Read the head and where the chunks lie.

        Raises:
            NotARecording: it is none, or of a version that this program does not know.
            OSError: it can't be opened.
        """
        self.path = path
        self._file: BinaryIO = path.open("rb")
        self._damage: NotARecording | None = None
        """Why what comes after the last chunk is not known."""
        try:
            self.head, self._chunks = self._scanned()
        except BaseException:
            self._file.close()
            raise
        self._streams = [i for i, chunk in enumerate(self._chunks) if chunk.kind == b"K"]
        self._times = [self._chunks[i].at for i in self._streams]

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> "Recording":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def started_at(self) -> float:
        return self.head.started_at

    @property
    def ended_at(self) -> float:
        """The time of the last record that was written out."""
        return max((chunk.at for chunk in self._chunks), default=self.head.started_at)

    def records(self) -> Iterator[Record]:
        """All of it in order. At the beginning of each stream but the first stands all that was known by then.

        Raises:
            NotARecording: something in it is damaged; what came before was given.
        """
        yield from self._from(0)

    def since_whole(self, at: float) -> Iterator[Record]:
        """From the last whole picture at or before a time, in order, to the end. Raises NotARecording."""
        yield from self._from(max(0, bisect_right(self._times, at) - 1))

    def streams(self) -> Iterator[tuple[float, Iterator[bytes]]]:
        """Of each stream in order the time of its last record, and its records as they are written, a line each.

        Raises:
            NotARecording: something in it is damaged; what came before was given.
        """
        for number in range(len(self._streams)):
            chunks = self._of_stream(number)
            yield chunks[-1].at, _lines(self._unpacked(chunks))
        if self._damage is not None:
            raise self._damage

    def _from(self, first: int) -> Iterator[Record]:
        for number in range(first, len(self._streams)):
            yield from self._stream(number)
        if self._damage is not None:
            raise self._damage

    # -- the file

    def _scanned(self) -> tuple[Head, list[_Chunk]]:
        size = self._file.seek(0, io.SEEK_END)
        self._file.seek(0)
        kind, _, length, _ = self._header_at(0, size)
        if kind != b"H" or length > 65_536:
            raise NotARecording(f"{self.path} is no recording of dslsconsole")
        head = self._head(self._file.read(length))
        chunks: list[_Chunk] = []
        offset = HEADER.size + length
        while offset + HEADER.size <= size and len(chunks) < MOST_CHUNKS:
            self._file.seek(offset)
            try:
                kind, at, length, crc = parsed_header(self._file.read(HEADER.size))
            except NotARecording as damage:
                told = f"{self.path}, byte {offset}: {damage}; what comes before it can be played"
                self._damage = NotARecording(told)
                break
            begins = offset + HEADER.size
            chunks.append(_Chunk(kind, at, begins, min(length, size - begins), length, crc))
            offset = begins + length
        return head, chunks

    def _header_at(self, offset: int, size: int) -> tuple[bytes, float, int, int]:
        if size < HEADER.size:
            raise NotARecording(f"{self.path} is no recording of dslsconsole: it is too short")
        try:
            return parsed_header(self._file.read(HEADER.size))
        except NotARecording as error:
            raise NotARecording(f"{self.path} is no recording of dslsconsole") from error

    def _head(self, data: bytes) -> Head:
        try:
            version = msgspec.json.decode(data, type=dict[str, object]).get("version")
            if version != VERSION:
                raise NotARecording(
                    f"{self.path} is of version {version} of the format, and this program plays version {VERSION}: "
                    "play it with the dslsconsole that recorded it"
                )
            return msgspec.json.decode(data, type=Head)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise NotARecording(f"{self.path}: its head can't be read: {str(error)[:120]}") from error

    def _stream(self, number: int) -> Iterator[Record]:
        for line in _lines(self._unpacked(self._of_stream(number))):
            try:
                record = decoded(line)
            except NotARecording as damage:
                raise NotARecording(f"{self.path}: {damage}") from damage
            if record is not None:
                yield record

    def _of_stream(self, number: int) -> list[_Chunk]:
        first = self._streams[number]
        after = self._streams[number + 1] if number + 1 < len(self._streams) else len(self._chunks)
        return self._chunks[first:after]

    def _unpacked(self, chunks: list[_Chunk]) -> Iterator[bytes]:
        """What one stream holds, in pieces; as far as it goes where it is cut short."""
        parts = _Parts(self.path, self._file, chunks)
        source = io.BufferedReader(parts)
        unpacker = zstandard.ZstdDecompressor(max_window_size=2**27).stream_reader(source, read_across_frames=False)
        total, packed = 0, sum(chunk.length for chunk in chunks)
        try:
            while piece := unpacker.read(_PIECE):
                total += len(piece)
                if total > LARGEST_STREAM:
                    raise NotARecording(f"{self.path}: a part of it would be larger than {LARGEST_STREAM} bytes")
                if total > _PIECE * 16 and total > packed * TIGHTEST:
                    raise NotARecording(f"{self.path}: a part of it is packed tighter than any recording")
                yield piece
            if parts.damage is not None:
                raise parts.damage
        except zstandard.ZstdError as error:
            raise NotARecording(
                f"{self.path}: a part of it is damaged ({error}); what comes before it can be played"
            ) from error


class _Parts(io.RawIOBase):
    """Chunks of a file, one after another, as one. Each is read whole, and checked, but for one that is cut short."""

    def __init__(self, path: Path, file: BinaryIO, chunks: list[_Chunk]) -> None:
        self._path = path
        self._file = file
        self._left = list(reversed(chunks))
        self._data = memoryview(b"")
        self.damage: NotARecording | None = None
        """What ended it, so that nothing is read any more."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        while not self._data and self._left and self.damage is None:
            try:
                self._data = self._checked(self._left.pop())
            except NotARecording as damage:
                # What lies before it is to be given first.
                self.damage = damage
        target = memoryview(buffer)
        count = min(len(target), len(self._data))
        target[:count] = self._data[:count]
        self._data = self._data[count:]
        return count

    def _checked(self, one: _Chunk) -> memoryview:
        self._file.seek(one.offset)
        data = self._file.read(one.length)
        if len(data) == one.whole_length and zlib.crc32(data) != one.crc:
            raise NotARecording(
                f"{self._path}, byte {one.offset}: a part is damaged; what comes before it can be played"
            )
        return memoryview(data)


def _lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Whole lines; one without an end was being written, and is left out.

    Raises:
        NotARecording: a line is longer than any record.
    """
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        if len(rest) > LONGEST_LINE:
            raise NotARecording(f"a record in it is longer than {LONGEST_LINE} bytes")
        yield from (line for line in whole if line)
