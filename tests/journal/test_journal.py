"""The action log: what is appended is on the disk, chained, and found again; what is not, is not claimed."""

import errno
import hashlib
import itertools
import json
import os
import resource
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dslsconsole.journal import Entry, Journal, JournalError, Origin, Tail, last, read, verify
from dslsconsole.journal import writing as writing_module

JANUARY = 1_798_804_800.0  # 2027-01-01T12:00:00Z
ORIGIN = Origin("jump-01", "pts/3")


class Clock:
    """A clock that is set by the test."""

    def __init__(self) -> None:
        self.now = JANUARY

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "state" / "journal"


@pytest.fixture
def journal(directory: Path, clock: Clock) -> Journal:
    return Journal(directory, clock)


def note(journal: Journal, operation: str = "op-1", cluster: str = "east", **data: object) -> Entry:
    return journal.append(
        "note", operator="anna", origin=ORIGIN, cluster=cluster, runbook="failover", operation=operation, **data
    )


def raw_lines(directory: Path) -> list[bytes]:
    return [line for path in sorted(directory.glob("*.jsonl")) for line in path.read_bytes().splitlines()]


class TestAppending:
    def test_a_line_has_the_members_of_the_contract(self, journal: Journal, directory: Path) -> None:
        note(journal, step=3, command=["systemctl stop dsls"])
        assert json.loads(raw_lines(directory)[0]) == {
            "seq": 1,
            "at": "2027-01-01T12:00:00.000Z",
            "operator": "anna",
            "from": {"host": "jump-01", "tty": "pts/3"},
            "cluster": "east",
            "runbook": "failover",
            "operation": "op-1",
            "event": "note",
            "step": 3,
            "command": ["systemctl stop dsls"],
            "prev": "0" * 64,
        }

    def test_each_line_holds_the_hash_of_the_one_before_over_all_months(
        self, journal: Journal, directory: Path, clock: Clock
    ) -> None:
        for _ in range(4):
            note(journal)
            clock.now += 20 * 86400
        assert [path.name for path in sorted(directory.glob("*.jsonl"))] == [
            "2027-01.jsonl",
            "2027-02.jsonl",
            "2027-03.jsonl",
        ]
        lines = raw_lines(directory)
        for before, line in itertools.pairwise(lines):
            assert json.loads(line)["prev"] == hashlib.sha256(before).hexdigest()
        assert verify(directory) == ()

    def test_only_its_owner_may_look(self, journal: Journal, directory: Path) -> None:
        note(journal)
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        assert {stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()} == {0o600}

    def test_what_hosts_say_can_not_steer_a_terminal(self, journal: Journal, directory: Path) -> None:
        hostile = "\x1b[2Jred\x7f\u202e\udc80\n{}"
        note(journal, output=hostile)
        (line,) = raw_lines(directory)
        assert all(32 <= byte < 127 for byte in line)
        (entry,) = read(directory)
        assert entry.data["output"] == hostile.replace("\udc80", "\\udc80")

    def test_long_texts_are_cut_with_a_mark(self, journal: Journal, directory: Path) -> None:
        note(journal, output="x" * 200_000)
        (entry,) = read(directory)
        assert str(entry.data["output"]).endswith("… (200000 characters)")
        assert len(str(entry.data["output"])) < 70_000

    def test_data_can_not_take_the_place_of_the_fixed_members(self, journal: Journal, directory: Path) -> None:
        with pytest.raises(ValueError, match="seq"):
            note(journal, seq=1)
        assert raw_lines(directory) == []
        assert verify(directory) == ()

    def test_a_clock_that_is_set_back_changes_no_order(self, journal: Journal, directory: Path, clock: Clock) -> None:
        note(journal)
        clock.now -= 40 * 86400
        note(journal)
        assert [path.name for path in directory.glob("*.jsonl")] == ["2027-01.jsonl"]
        assert [entry.seq for entry in read(directory)] == [1, 2]
        assert verify(directory) == ()

    def test_several_processes_write_one_chain(self, directory: Path) -> None:
        script = (
            "import sys; from pathlib import Path; from dslsconsole.journal import Journal, Origin\n"
            "journal = Journal(Path(sys.argv[1]))\n"
            "for _ in range(25): journal.append('note', operator=sys.argv[2], origin=Origin('h'))"
        )
        writers = [subprocess.Popen([sys.executable, "-c", script, directory, name]) for name in "abcd"]
        assert [writer.wait(60) for writer in writers] == [0] * 4
        assert [entry.seq for entry in read(directory)] == list(range(1, 101))
        assert verify(directory) == ()

    def test_a_writer_that_holds_the_lock_for_ever_is_named(
        self, journal: Journal, directory: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import fcntl

        note(journal)
        monkeypatch.setattr(writing_module, "LOCK_SECONDS", 0.05)
        with (directory / "lock").open("rb") as other:
            fcntl.flock(other, fcntl.LOCK_EX)
            with pytest.raises(JournalError, match="another program has held its lock"):
                note(journal)
        assert note(journal).seq == 2


class TestWhatCanNotBeWritten:
    @pytest.fixture
    def full_disk(self) -> Iterator[Callable[[int], None]]:
        """Let files grow to so many bytes and no further."""
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)

    def test_no_room_leaves_the_log_as_it_was(
        self, journal: Journal, directory: Path, full_disk: Callable[[int], None]
    ) -> None:
        note(journal)
        before = (directory / "2027-01.jsonl").read_bytes()
        full_disk(len(before) + 100)
        with pytest.raises(JournalError, match=r"can't be written: the file would be bigger than is allowed here"):
            note(journal)
        full_disk(1_000_000)
        assert (directory / "2027-01.jsonl").read_bytes() == before
        assert verify(directory) == ()
        assert note(journal).seq == 2
        assert verify(directory) == ()

    @pytest.mark.parametrize(
        ("number", "sentence"),
        [
            (errno.ENOSPC, "no space is left on its disk; free some space there"),
            (errno.EIO, "its disk has an error"),
            (errno.EDQUOT, "the disk quota is used up"),
        ],
    )
    def test_a_line_that_does_not_reach_the_disk_is_taken_back(
        self, journal: Journal, directory: Path, monkeypatch: pytest.MonkeyPatch, number: int, sentence: str
    ) -> None:
        note(journal)
        before = raw_lines(directory)

        def fail(_descriptor: int) -> None:
            raise OSError(number, os.strerror(number))

        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", fail)
            with pytest.raises(JournalError, match=sentence):
                note(journal)
        assert raw_lines(directory) == before
        assert verify(directory) == ()

    def test_a_disk_that_takes_half_a_line_is_full(
        self, journal: Journal, directory: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        note(journal)
        write, calls = os.write, []

        def half(descriptor: int, data: bytes) -> int:
            calls.append(data)
            if len(calls) > 1:
                raise OSError(errno.ENOSPC, "No space left on device")
            return write(descriptor, data[:20])

        with monkeypatch.context() as patched:
            patched.setattr(os, "write", half)
            with pytest.raises(JournalError, match="no space is left"):
                note(journal)
        assert len(raw_lines(directory)) == 1
        assert verify(directory) == ()

    def test_a_directory_that_is_a_file(self, tmp_path: Path, clock: Clock) -> None:
        (tmp_path / "journal").touch()
        with pytest.raises(JournalError, match=r"it is no directory; name another journal\.directory"):
            note(Journal(tmp_path / "journal", clock))

    def test_a_read_only_file_system(self, journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object, **__: object) -> None:
            raise OSError(errno.EROFS, "Read-only file system")

        monkeypatch.setattr(Path, "mkdir", refuse)
        with pytest.raises(JournalError, match="its file system is read-only"):
            note(journal)
        with pytest.raises(JournalError, match="its file system is read-only"):
            journal.check()

    def test_a_symbolic_link_is_not_followed(self, journal: Journal, directory: Path, tmp_path: Path) -> None:
        directory.mkdir(parents=True)
        (directory / "2027-01.jsonl").symlink_to(tmp_path / "elsewhere")
        with pytest.raises(JournalError, match="symbolic link"):
            note(journal)
        assert not (tmp_path / "elsewhere").exists()

    def test_checking_writes_no_line(self, journal: Journal, directory: Path) -> None:
        journal.check()
        assert raw_lines(directory) == []
        assert verify(directory) == ()

    def test_checking_finds_that_there_is_no_room(self, journal: Journal, directory: Path) -> None:
        journal.check()
        before = sorted(directory.iterdir())
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1024, hard))
        try:
            with pytest.raises(JournalError, match="the file would be bigger than is allowed here"):
                journal.check()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert sorted(directory.iterdir()) == before


class TestAWriterThatDied:
    def test_its_half_line_is_told_then_taken_out_with_a_note(self, journal: Journal, directory: Path) -> None:
        note(journal)
        with (directory / "2027-01.jsonl").open("ab") as file:
            file.write(b'{"seq":2,"at":"2027-')
        assert ["20 bytes are a line that was not finished" in str(damage) for damage in verify(directory)] == [True]
        note(journal)
        assert [entry.event for entry in read(directory)] == ["note", "repaired", "note"]
        repaired = list(read(directory))[1]
        assert repaired.data == {"removed_bytes": 20, "removed": '{"seq":2,"at":"2027-'}
        assert verify(directory) == ()

    def test_between_line_and_head_it_leaves_a_sound_log(self, journal: Journal, directory: Path) -> None:
        note(journal)
        head = (directory / "head").read_bytes()
        note(journal)
        (directory / "head").write_bytes(head)
        assert verify(directory) == ()
        assert note(Journal(directory)).seq == 3
        assert verify(directory) == ()


class TestAWriterWhoseOwnLineIsGone:
    """It stops: what it would do stood in a log that does not tell how it began."""

    def test_with_the_whole_directory(self, journal: Journal, directory: Path) -> None:
        note(journal)
        directory.rename(directory.with_name("taken"))
        with pytest.raises(JournalError, match="was removed or put back"):
            note(journal)
        assert not directory.exists()

    def test_with_a_log_put_back_to_an_earlier_state(self, journal: Journal, directory: Path) -> None:
        note(journal)
        kept = {path: path.read_bytes() for path in directory.iterdir()}
        note(journal)
        for path, content in kept.items():
            path.write_bytes(content)
        with pytest.raises(JournalError, match="line 2"):
            note(journal)

    def test_with_the_head_alone(self, journal: Journal, directory: Path) -> None:
        note(journal)
        (directory / "head").unlink()
        with pytest.raises(JournalError, match="was removed or put back"):
            note(journal)

    def test_lines_of_other_writers_and_months_are_no_matter(
        self, journal: Journal, directory: Path, clock: Clock
    ) -> None:
        note(journal)
        clock.now += 40 * 86_400
        note(Journal(directory, clock))
        assert note(journal).seq == 3
        assert verify(directory) == ()


class TestVerifying:
    def test_steps_of_which_no_plan_was_written(self, journal: Journal, directory: Path) -> None:
        for operation, events in (("op-1", ("planned", "step-started", "step-ended")), ("op-2", ("step-ended",) * 2)):
            for event in events:
                journal.append(event, operator="anna", origin=ORIGIN, operation=operation)
        (damage,) = verify(directory)
        assert "operation op-2, whose plan is not in the log" in damage.text

    @pytest.fixture
    def months(self, journal: Journal, directory: Path, clock: Clock) -> Path:
        """A sound log of twelve lines in three months."""
        for number in range(12):
            note(journal, number=number)
            clock.now += 7 * 86400
        assert verify(directory) == ()
        return directory

    def change(self, path: Path, edit: Callable[[list[bytes]], list[bytes]]) -> None:
        path.write_bytes(b"".join(edit(path.read_bytes().splitlines(keepends=True))))

    def damages(self, directory: Path) -> list[str]:
        return [str(damage) for damage in verify(directory)]

    def test_no_log_is_a_sound_log(self, directory: Path) -> None:
        assert verify(directory) == ()

    def test_a_changed_line(self, months: Path) -> None:
        path = months / "2027-01.jsonl"
        self.change(path, lambda lines: [lines[0], lines[1].replace(b"anna", b"bert"), *lines[2:]])
        assert self.damages(months) == [
            "2027-01.jsonl:2: this line was changed: the line after it was chained to another one"
        ]

    def test_a_changed_last_line_even_after_the_next_one(self, months: Path) -> None:
        path = sorted(months.glob("*.jsonl"))[-1]
        self.change(path, lambda lines: [*lines[:-1], lines[-1].replace(b"anna", b"bert")])
        (damage,) = self.damages(months)
        assert "this line was changed: the head knows another one" in damage
        note(Journal(months))
        (damage,) = self.damages(months)
        assert "this line was changed" in damage

    def test_a_spoilt_line(self, months: Path) -> None:
        self.change(months / "2027-01.jsonl", lambda lines: [lines[0], b"{}\n", *lines[2:]])
        (damage,) = self.damages(months)
        assert damage.startswith("2027-01.jsonl:2: this line was changed: it is no line of an action log")

    def test_a_missing_line(self, months: Path) -> None:
        self.change(months / "2027-01.jsonl", lambda lines: [lines[0], *lines[2:]])
        assert self.damages(months) == ["2027-01.jsonl:2: number 2 is missing before this line"]

    def test_a_missing_month(self, months: Path) -> None:
        (months / "2027-02.jsonl").unlink()
        (damage,) = self.damages(months)
        assert damage.startswith("2027-03.jsonl:1: numbers 6 to 9 are missing")

    def test_missing_first_lines(self, months: Path) -> None:
        (months / "2027-01.jsonl").unlink()
        assert self.damages(months) == ["2027-02.jsonl:1: numbers 1 to 5 are missing before this line"]

    def test_a_cut_tail_even_after_the_next_entry(self, months: Path) -> None:
        self.change(sorted(months.glob("*.jsonl"))[-1], lambda lines: lines[:-2])
        assert self.damages(months) == ["2027-03.jsonl: numbers 11 to 12 are missing at the end: the log was cut"]
        assert note(Journal(months)).seq == 13
        (damage,) = self.damages(months)
        assert "numbers 11 to 12 are missing before this line" in damage

    def test_everything_gone(self, months: Path) -> None:
        for path in months.glob("*.jsonl"):
            path.unlink()
        assert self.damages(months) == ["head: numbers 1 to 12 are missing at the end: the log was cut"]

    def test_lines_in_another_order(self, months: Path) -> None:
        self.change(months / "2027-01.jsonl", lambda lines: [lines[0], lines[2], lines[1], *lines[3:]])
        assert "2027-01.jsonl:3: number 2 stands after 3: a line was repeated or moved" in self.damages(months)

    def test_a_line_twice(self, months: Path) -> None:
        self.change(months / "2027-01.jsonl", lambda lines: [lines[0], lines[0], *lines[1:]])
        assert self.damages(months) == ["2027-01.jsonl:2: number 1 stands after 1: a line was repeated or moved"]

    @pytest.mark.parametrize(("content", "text"), [(None, "it is missing"), (b"12 abc", "it was changed")])
    def test_a_head_that_is_gone_or_spoilt(self, months: Path, content: bytes | None, text: str) -> None:
        if content is None:
            (months / "head").unlink()
        else:
            (months / "head").write_bytes(content)
        (damage,) = self.damages(months)
        assert damage.startswith(f"head: {text}")

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(place=st.integers(0, 10_000), flip=st.integers(1, 255))
    def test_no_changed_byte_goes_unseen(self, tmp_path: Path, place: int, flip: int) -> None:
        directory = tmp_path / "chain"
        path = directory / "2027-01.jsonl"
        if not path.exists():
            for number in range(6):
                note(Journal(directory, lambda: JANUARY), number=number)
        sound = path.read_bytes()
        at = place % len(sound)
        path.write_bytes(sound[:at] + bytes([sound[at] ^ flip]) + sound[at + 1 :])
        found = verify(directory)
        path.write_bytes(sound)
        assert found != ()


class TestReading:
    def test_by_time_cluster_and_operation(self, journal: Journal, directory: Path, clock: Clock) -> None:
        note(journal, "op-1", "east")
        clock.now += 40 * 86400
        note(journal, "op-2", "west")
        note(journal, "op-3", "east")
        assert [entry.operation for entry in read(directory, cluster="east")] == ["op-1", "op-3"]
        assert [entry.operation for entry in read(directory, operation="op-2")] == ["op-2"]
        assert [entry.operation for entry in read(directory, since=clock.now)] == ["op-2", "op-3"]
        assert [entry.operation for entry in last(directory, 2)] == ["op-2", "op-3"]
        assert [entry.seq for entry in last(directory, 9)] == [1, 2, 3]
        assert last(directory, 0) == ()

    def test_a_line_that_can_not_be_read_costs_only_itself_and_is_told(self, journal: Journal, directory: Path) -> None:
        note(journal)
        path = directory / "2027-01.jsonl"
        path.write_bytes(b"\xff garbage\n" + path.read_bytes())
        told: list[tuple[str, int]] = []
        entries = list(read(directory, damaged=lambda file, line: told.append((file.name, line))))
        assert (len(entries), told) == (1, [("2027-01.jsonl", 1)])

    def test_what_can_not_be_read_is_a_sentence(self, tmp_path: Path) -> None:
        (tmp_path / "journal").touch()
        with pytest.raises(JournalError, match="can't be read"):
            list(read(tmp_path / "journal"))


class TestFollowing:
    def test_a_tail_tells_each_entry_once_over_months(self, journal: Journal, directory: Path, clock: Clock) -> None:
        tail = Tail(directory)
        assert tail.new() == ()
        note(journal)
        assert [entry.seq for entry in tail.new()] == [1]
        clock.now += 40 * 86400
        note(journal)
        note(journal)
        assert [entry.seq for entry in tail.new()] == [2, 3]
        assert tail.new() == ()

    def test_half_a_line_waits_for_its_end(self, journal: Journal, directory: Path) -> None:
        note(journal)
        note(journal)
        path = directory / "2027-01.jsonl"
        whole = path.read_bytes()
        path.write_bytes(whole[:-10])
        tail = Tail(directory)
        assert [entry.seq for entry in tail.new()] == [1]
        path.write_bytes(whole)
        assert [entry.seq for entry in tail.new()] == [2]

    def test_an_operation_is_followed_while_it_is_written(self, journal: Journal, directory: Path) -> None:
        note(journal, "op-1")
        tail = Tail(directory, "op-1")
        assert [entry.seq for entry in tail.new()] == [1]
        note(journal, "op-2")
        note(journal, "op-1")
        assert [entry.seq for entry in tail.new()] == [3]


texts = st.text(max_size=20)
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=plain, operator=texts)
def test_what_is_written_is_read(tmp_path: Path, data: object, operator: str) -> None:
    directory = tmp_path / "any"
    written = Journal(directory, lambda: JANUARY).append("note", operator=operator, origin=ORIGIN, data=data)
    (entry,) = last(directory, 1)
    assert (entry.operator, entry.data["data"], entry.seq) == (operator, data, written.seq)
    assert verify(directory) == ()
