"""A copy of a recording for others: known names are nowhere in it, and it plays."""

import stat
from pathlib import Path

import msgspec
import pytest

from dslsconsole.model.frames import Hello
from dslsconsole.model.inspection import Holder, Inspection
from dslsconsole.model.reading import Reading
from dslsconsole.sessions.marks import frames_of, marks
from dslsconsole.sessions.reading import Recording
from dslsconsole.sessions.recording import Drawn, Found, Looked, Note, Record, Seen, Table, Whole
from dslsconsole.sessions.scrubbing import LEFT_OUT, NotScrubbed, scrubbed
from dslsconsole.tui import scenes
from tests.sessions.test_recordings import BEGAN, HEAD, written

COMMITTED = Path(__file__).parent / "recordings" / "primary-lost.dslsrec"
HOSTS = ("dsls-primary-01", "dsls-backup-01", "dsls-arbitrator-01", "haproxy-01", "dr-dsls-01", "dr-haproxy-01")


def text_of(path: Path) -> str:
    with Recording(path) as recording:
        lines = [line for _, stream in recording.streams() for line in stream]
        return msgspec.json.encode(recording.head).decode() + b"\n".join(lines).decode()


def copied(source: Path, target: Path) -> str:
    with Recording(source) as recording:
        assert scrubbed(recording, target) > 0
    return text_of(target)


def test_no_known_name_is_left_and_it_plays(tmp_path: Path) -> None:
    before = text_of(COMMITTED)
    assert all(name in before for name in HOSTS)
    with Recording(COMMITTED) as recording:
        operator, host, told = recording.head.operator, recording.head.host, len(list(marks(recording.records())))
    path = tmp_path / "copy.dslsrec"
    after = copied(COMMITTED, path)
    for name in (*HOSTS, host, f'"{operator}"'):
        assert name not in after, name
    assert "10.20.0." in before
    assert "10.20.0." not in after, "nor an address that a load balancer holds"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with Recording(path) as copy:
        assert len(list(marks(copy.records()))) == told, "what happened is the same"
        assert not any(isinstance(record, Drawn) for record in copy.records())
        assert (copy.started_at, copy.ended_at) != (0, 0)


def test_each_name_is_another_one_everywhere_the_same(tmp_path: Path) -> None:
    copied(COMMITTED, tmp_path / "copy.dslsrec")
    with Recording(tmp_path / "copy.dslsrec") as copy:
        frames = [frame for one in copy.records() if isinstance(one, Seen | Whole) for frame in frames_of(one)]
    hello = next(frame for frame in frames if isinstance(frame, Hello))
    names = [node.name for node in hello.estate.clusters[0].all_nodes]
    assert len(set(names)) == len(names)
    assert all(name.startswith("host-") for name in names)


def looked(words: str) -> Looked:
    return Looked(BEGAN + 1, 120, 40, "dark", None, tables={"nodes": Table(filter=words)})


def session(*records: Record) -> list[Record]:
    frames = tuple(msgspec.Raw(msgspec.json.encode(frame)) for frame in scenes.healthy(BEGAN))
    return [Seen(BEGAN, frames), *records]


def test_who_holds_licences_is_not_told_and_parts_of_names_are_not_left_in_filters(tmp_path: Path) -> None:
    one: tuple[Holder, ...] = (Holder("mallory", "ws-042", "catia_v6", 20),)
    holders = Reading(one, BEGAN, "probe")
    seen = Inspection(scenes.CLUSTER, HOSTS[0], BEGAN, holders=holders)
    found = Found(BEGAN + 2, "inspection", scenes.CLUSTER, msgspec.Raw(msgspec.json.encode(seen)))
    path = written(tmp_path / "one", session(looked("dsls-prim"), looked(HOSTS[0]), found))
    after = copied(path, tmp_path / "copy.dslsrec")
    for part in ("mallory", "ws-042", "dsls-prim"):
        assert part not in after
    assert '"user-' in after


def test_a_hosts_own_text_is_left_out(tmp_path: Path) -> None:
    text: tuple[str, ...] = ("carol@ws-043 checked out catia_v6", "peer 10.9.8.7")
    lines = Reading(text, BEGAN, "probe")
    seen = Inspection(scenes.CLUSTER, HOSTS[0], BEGAN, log=lines, config=lines)
    found = Found(BEGAN + 2, "inspection", scenes.CLUSTER, msgspec.Raw(msgspec.json.encode(seen)))
    path = written(tmp_path / "one", session(found))
    after = copied(path, tmp_path / "copy.dslsrec")
    assert "carol" not in after
    assert "ws-043" not in after
    assert after.count(LEFT_OUT) == 2


def test_addresses_that_no_list_names_are_others_too_and_always_the_same(tmp_path: Path) -> None:
    words = "moved 203.0.113.77 and fd00:1::2 at 12:00:05, not 6.425.4, back to 203.0.113.77"
    path = written(tmp_path / "one", session(Note(BEGAN + 2, words)))
    copied(path, tmp_path / "copy.dslsrec")
    with Recording(tmp_path / "copy.dslsrec") as copy:
        (told,) = (one.text for one in copy.records() if isinstance(one, Note))
    first, second, last = told.split()[1], told.split()[3], told.split()[-1]
    assert first == last
    assert first.startswith("192.0.")
    assert second.startswith("2001:db8::")
    assert "at 12:00:05, not 6.425.4," in told


def test_a_user_with_a_name_that_is_a_word_of_the_format_is_told_of(tmp_path: Path) -> None:
    path = written(tmp_path / "one", session(), head=msgspec.structs.replace(HEAD, operator="record"))
    with Recording(path) as recording, pytest.raises(NotScrubbed, match="word of the format"):
        scrubbed(recording, tmp_path / "copy.dslsrec")
    assert not (tmp_path / "copy.dslsrec").exists()


def test_a_file_that_is_there_is_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "copy.dslsrec"
    target.write_text("mine")
    with Recording(COMMITTED) as recording, pytest.raises(FileExistsError):
        scrubbed(recording, target)
    assert target.read_text() == "mine"
