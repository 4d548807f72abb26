"""Following the journal's files: whole lines, each once, in their order."""

import asyncio
import json
from contextlib import aclosing
from pathlib import Path

import pytest

from dslsconsole.tui.journal_files import JournalFiles, entry


def line(seq: int, **more: object) -> str:
    common = {
        "seq": seq,
        "at": "2027-01-01T12:00:05Z",
        "operator": "me",
        "cluster": "c",
        "runbook": "failover",
        "operation": "o",
    }
    return json.dumps(common | {"event": "note", "text": f"text {seq}"} | more)


def test_only_whole_lines_and_each_once(tmp_path: Path) -> None:
    path = tmp_path / "2027-01.jsonl"
    files = JournalFiles(tmp_path)
    path.write_text(line(1) + "\n" + line(2)[:20])
    assert [one.seq for one in files.look()[0]] == [1]
    path.write_text(line(1) + "\n" + line(2) + "\n")
    assert [one.seq for one in files.look()[0]] == [2]
    assert files.look() == ([], None)


def test_a_new_month_goes_on(tmp_path: Path) -> None:
    files = JournalFiles(tmp_path)
    (tmp_path / "2026-12.jsonl").write_text(line(1) + "\n")
    (tmp_path / "2027-01.jsonl").write_text(line(2) + "\n")
    assert [one.seq for one in files.look()[0]] == [1, 2]


def test_no_directory_is_no_entry(tmp_path: Path) -> None:
    assert JournalFiles(tmp_path / "none").look() == ([], None)


@pytest.mark.parametrize("bad", ["{", "[]", "\x00", '"text"'])
def test_a_damaged_line_is_said_and_the_rest_shown(tmp_path: Path, bad: str) -> None:
    (tmp_path / "2027-01.jsonl").write_text(f"{bad}\n{line(2)}\n")
    entries, trouble = JournalFiles(tmp_path).look()
    assert [one.seq for one in entries] == [2]
    assert trouble is not None
    assert "journal verify" in trouble


async def test_news_come_as_they_are_written(tmp_path: Path) -> None:
    files = JournalFiles(tmp_path, every_s=0.01)
    async with asyncio.timeout(10), aclosing(files.news()) as news:
        assert (await anext(news)).entries == ()
        with (tmp_path / "2027-01.jsonl").open("w") as file:
            file.write(line(1) + "\n")
        assert [one.seq for one in (await anext(news)).entries] == [1]


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"event": "step-started", "step": 2, "name": "promote", "host": "b"}, "▶ 2. promote on b"),
        (
            {"event": "step-ended", "step": 2, "name": "promote", "host": "b", "outcome": "done"},
            "2. promote on b: done",
        ),
        ({"event": "step-ended", "step": 2, "name": "promote"}, "2. promote: unknown"),
        ({"event": "guard", "name": "quorum", "result": "pass"}, "guard quorum: pass"),
        ({"event": "outcome", "outcome": "needs_person"}, "outcome: needs_person"),
        ({"event": "note", "text": "seen"}, "note: seen"),
        ({"event": "hologram", "text": None}, "hologram"),
    ],
)
def test_what_the_panel_says_of_each_event(more: dict[str, object], text: str) -> None:
    assert entry(json.loads(line(1, **more))).text == text


@pytest.mark.parametrize("at", [None, "yesterday", [], True])
def test_a_time_nobody_can_read_is_unknown(at: object) -> None:
    assert entry({"at": at}).at in (None, 1.0)


def test_the_time_is_read_as_utc() -> None:
    assert entry({"at": "2027-01-01T12:00:05Z"}).at == 1_798_804_805.0
    assert entry({"at": 1_798_804_805}).at == 1_798_804_805.0
