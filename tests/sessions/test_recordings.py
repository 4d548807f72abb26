"""Recordings: written as they happen, read to their last word, and of hostile files a sentence and no crash."""

import errno
import os
import stat
import zlib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dslsconsole.sessions import reading, remarks, writing
from dslsconsole.sessions.reading import Recording
from dslsconsole.sessions.recording import HEADER, MAGIC, Head, NotARecording, Note, Record, Whole, chunk, encoded
from dslsconsole.sessions.writing import NotRecorded, Writer, removed_old

BEGAN = 1_798_804_805.0
HEAD = Head(1, "0.1.0", "ada", "jump-1", BEGAN, True, 120, 40)


def written(directory: Path, records: list[Record], *, every: int = 3, head: Head = HEAD) -> Path:
    """A recording of these, written out after so many."""
    writer = Writer(directory, head, lambda: Whole(BEGAN, trouble="what is known"))
    for number, record in enumerate(records, 1):
        writer.add(record)
        if number % every == 0:
            writer.write_out()
    writer.close()
    return writer.path


def notes(count: int, apart_s: float = 1.0) -> list[Record]:
    return [Note(BEGAN + number * apart_s, f"note {number}") for number in range(count)]


def read(path: Path) -> list[Record]:
    with Recording(path) as recording:
        return [record for record in recording.records() if not isinstance(record, Whole)]


def test_what_is_written_is_read_in_its_order_and_by_its_owner_alone(tmp_path: Path) -> None:
    path = written(tmp_path / "recordings", notes(20))
    assert read(path) == notes(20)
    assert path.name == "20270101T120005Z-ada.dslsrec"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    with Recording(path) as recording:
        assert recording.head == HEAD
        assert (recording.started_at, recording.ended_at) == (BEGAN, BEGAN + 19)


def test_two_sessions_of_one_second_and_hostile_names_have_files_of_their_own(tmp_path: Path) -> None:
    head = msgspec.structs.replace(HEAD, operator="../\x1b[2Jeve")
    names = {written(tmp_path, notes(1), head=head).name for _ in range(3)}
    assert names == {f"20270101T120005Z-.._-[2Jeve{n}.dslsrec".replace("-[2J", "__2J") for n in ("", "-2", "-3")}


def test_it_can_be_read_while_it_is_written_and_after_its_writer_was_killed(tmp_path: Path) -> None:
    writer = Writer(tmp_path, HEAD, lambda: Whole(BEGAN))
    for number, record in enumerate(notes(10)):
        writer.add(record)
        writer.write_out()
        assert read(writer.path) == notes(number + 1)
    os.close(writer._file)
    assert read(writer.path) == notes(10)


def test_a_moment_is_found_from_the_last_whole_picture_before_it(tmp_path: Path) -> None:
    path = written(tmp_path, notes(2000))
    with Recording(path) as recording:
        assert len(recording._streams) > 5
        found = recording.since_whole(BEGAN + 1500)
        first = next(found)
        assert isinstance(first, Whole)
        rest = [record for record in found if not isinstance(record, Whole)]
        assert BEGAN + 1500 - writing.STREAM_S - 10 < rest[0].at <= BEGAN + 1500
        assert all(after.at > before.at for before, after in pairwise(rest))
        assert rest[-1].at == BEGAN + 1999


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return written(tmp_path_factory.mktemp("whole"), notes(400)).read_bytes()


def survives(directory: Path, data: bytes) -> None:
    """What can be read of it is as it was written, and the rest is said to be damaged in a sentence."""
    path = directory / "it.dslsrec"
    path.write_bytes(data)
    found: list[Record] = []
    damage = None
    try:
        with Recording(path) as recording:
            found.extend(record for record in recording.records() if not isinstance(record, Whole))
    except NotARecording as told:
        damage = str(told)
    assert damage is None or (str(path) in damage and "\n" not in damage)
    assert found == notes(400)[: len(found)]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(0, 10_000))
def test_one_that_is_cut_short_plays_up_to_there(tmp_path: Path, whole: bytes, cut: int) -> None:
    survives(tmp_path, whole[: cut % len(whole)])


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 100_000), bits=st.integers(1, 255))
def test_one_that_is_damaged_plays_up_to_there(tmp_path: Path, whole: bytes, at: int, bits: int) -> None:
    data = bytearray(whole)
    data[at % len(data)] ^= bits
    survives(tmp_path, bytes(data))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=300))
def test_what_is_no_recording_is_said_to_be_none(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "it.dslsrec"
    path.write_bytes(data)
    with pytest.raises(NotARecording, match=r"it\.dslsrec"):
        Recording(path)


def packed(data: bytes) -> bytes:
    stream = zstandard.ZstdCompressor().compressobj()
    return stream.compress(data) + stream.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)


def made(directory: Path, *chunks: bytes) -> Path:
    path = directory / "made.dslsrec"
    path.write_bytes(chunk(b"H", BEGAN, msgspec.json.encode(HEAD)) + b"".join(chunks))
    return path


def test_a_block_that_unpacks_to_gigabytes_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LARGEST_STREAM", 8 * 1024 * 1024)
    path = made(tmp_path, chunk(b"K", BEGAN, packed(b"\n" * 64 * 1024 * 1024)))
    with pytest.raises(NotARecording, match="larger than"):
        read(path)


def test_one_that_is_packed_tighter_than_any_recording_is_not_unpacked(tmp_path: Path) -> None:
    with pytest.raises(NotARecording, match="packed tighter"):
        read(made(tmp_path, chunk(b"K", BEGAN, packed(b"\n" * 64 * 1024 * 1024))))


def test_what_lies_before_a_damaged_part_is_given_first(tmp_path: Path) -> None:
    stream = zstandard.ZstdCompressor().compressobj()
    parts = list[bytes]()
    for text in ("first", "second"):
        lines = stream.compress(encoded(Note(BEGAN, text)))
        parts.append(chunk(b"K" if not parts else b"C", BEGAN, lines + stream.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)))
    damaged = bytearray(parts[1])
    damaged[-1] ^= 1
    found: list[Record] = []
    with (
        Recording(made(tmp_path, parts[0], bytes(damaged))) as recording,
        pytest.raises(NotARecording, match="damaged"),
    ):
        found.extend(_each(recording, found))
    assert found == [Note(BEGAN, "first")]


def _each(recording: Recording, found: list[Record]) -> Iterator[Record]:
    for record in recording.records():
        found.append(record)
    yield from ()


def test_a_record_without_an_end_is_not_kept_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LONGEST_LINE", 1024 * 1024)
    with pytest.raises(NotARecording, match="longer than"):
        read(made(tmp_path, chunk(b"K", BEGAN, packed(b"x" * 4 * 1024 * 1024))))


@pytest.mark.parametrize(
    "header",
    [
        HEADER.pack(MAGIC, b"K", float("nan"), 0, 0),
        HEADER.pack(MAGIC, b"K", 1e300, 0, 0),
        HEADER.pack(MAGIC, b"K", BEGAN, 2**32 - 1, 0),
        HEADER.pack(MAGIC, b"Z", BEGAN, 0, 0),
        HEADER.pack(b"RLSD", b"K", BEGAN, 0, 0),
    ],
    ids=["no time", "an absurd time", "an absurd length", "an unknown kind", "no chunk"],
)
def test_absurd_chunks_are_told_of(tmp_path: Path, header: bytes) -> None:
    with pytest.raises(NotARecording, match=r"made\.dslsrec"):
        read(made(tmp_path, header))


def test_of_one_with_a_damaged_header_what_lies_before_it_is_played(tmp_path: Path) -> None:
    first = chunk(b"K", BEGAN, packed(encoded(Note(BEGAN, "first"))))
    second = bytearray(chunk(b"K", BEGAN + 9, packed(encoded(Note(BEGAN + 9, "second")))))
    second[0] ^= 0x20
    found: list[Record] = []
    with Recording(made(tmp_path, first + bytes(second))) as recording:
        assert recording.ended_at == BEGAN
        with pytest.raises(NotARecording, match=r"byte \d+: its chunks are damaged; what comes before it can be"):
            found.extend(_each(recording, found))
    assert found == [Note(BEGAN, "first")]


def test_records_of_times_that_are_none_are_not_taken(tmp_path: Path) -> None:
    with pytest.raises(NotARecording, match="can't be read"):
        read(made(tmp_path, chunk(b"K", BEGAN, packed(b'{"record": "note", "at": 1e300, "text": ""}\n'))))


def test_kinds_of_records_that_a_later_version_adds_are_left_out(tmp_path: Path) -> None:
    lines = b'{"record": "smelled", "at": 1.0, "what": 2}\n' + encoded(Note(BEGAN, "known"))
    assert read(made(tmp_path, chunk(b"K", BEGAN, packed(lines)))) == [Note(BEGAN, "known")]


def test_one_of_another_version_of_the_format_says_so(tmp_path: Path) -> None:
    head = msgspec.structs.replace(HEAD, version=7)
    with pytest.raises(NotARecording, match="is of version 7 of the format, and this program plays version 1"):
        Recording(written(tmp_path, notes(1), head=head))


def test_the_checksum_is_that_of_what_follows() -> None:
    assert HEADER.unpack(chunk(b"C", 1.0, b"data")[: HEADER.size])[4] == zlib.crc32(b"data")


def test_a_full_disk_ends_the_recording_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = Writer(tmp_path, HEAD, lambda: Whole(BEGAN))
    writer.add(notes(1)[0])

    def full(file: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("dslsconsole.sessions.writing.os.write", full)
    with pytest.raises(NotRecorded, match=r"the recording ends here: .*No space left"):
        writer.write_out()


def test_a_directory_that_can_not_be_made_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotRecorded, match="this session is not recorded: "):
        Writer(tmp_path / "file" / "recordings", HEAD, lambda: Whole(BEGAN))


def test_old_ones_go_and_nothing_else(tmp_path: Path) -> None:
    old, new = written(tmp_path, notes(1)), written(tmp_path, notes(1))
    other = tmp_path / "notes.txt"
    other.write_text("")
    for path in (old, other):
        os.utime(path, (BEGAN, BEGAN))
    os.utime(new, (BEGAN + 90, BEGAN + 90))
    assert removed_old(tmp_path, 60.0, now=BEGAN + 100) == (old.name,)
    assert new.exists()
    assert other.exists()


def test_notes_are_kept_beside_a_recording_that_stays_as_it_was(tmp_path: Path) -> None:
    path = written(tmp_path, notes(3))
    before = path.read_bytes()
    remarks.add(path, remarks.Remark(BEGAN + 2, "here it broke", "bea", BEGAN + 900))
    remarks.add(path, remarks.Remark(BEGAN + 1, "before that", "bea", BEGAN + 901))
    with remarks.beside(path).open("ab") as file:
        file.write(b'\x00garbage\n{"at": 1e99, "text": "never"}\n{"text": "no time"}\n')
    assert [one.text for one in remarks.read(path)] == ["before that", "here it broke"]
    assert path.read_bytes() == before
    assert stat.S_IMODE(remarks.beside(path).stat().st_mode) == 0o600
    assert remarks.read(tmp_path / "another") == ()
