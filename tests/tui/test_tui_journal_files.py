"""Following the action log: what is there, then each addition, in the words of the panel."""

import asyncio
from contextlib import aclosing
from pathlib import Path

import pytest
from msgspec.structs import replace

from dslsconsole.journal.entry import Entry, Origin, encode
from dslsconsole.tui.journal_feed import LogEntry, News, unfinished
from dslsconsole.tui.journal_files import JournalFiles, shown


def entry(seq: int = 1, event: str = "note", **data: object) -> Entry:
    return Entry(
        seq=seq,
        at="2027-01-01T12:00:05.000Z",
        operator="anna",
        origin=Origin("jump-01"),
        cluster="c",
        runbook="failover",
        operation="op-1",
        event=event,
        prev="0" * 64,
        data=data,
    )


async def test_what_is_there_and_then_what_is_added(tmp_path: Path) -> None:
    path = tmp_path / "2027-01.jsonl"
    path.write_bytes(encode(entry(1)) + b"\n")
    async with asyncio.timeout(10), aclosing(JournalFiles(tmp_path, every_s=0.01).news()) as news:
        assert [one.seq for one in (await anext(news)).entries] == [1]
        path.write_bytes(path.read_bytes() + encode(entry(2)) + b"\n" + encode(entry(3))[:30])
        assert [one.seq for one in (await anext(news)).entries] == [2]


async def test_a_journal_that_is_not_there_yet_is_empty(tmp_path: Path) -> None:
    async with asyncio.timeout(10), aclosing(JournalFiles(tmp_path / "none", every_s=0.01).news()) as news:
        assert await anext(news) == News()


async def test_a_journal_that_can_not_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "2027-01.jsonl").mkdir()
    async with asyncio.timeout(10), aclosing(JournalFiles(tmp_path, every_s=0.01).news()) as news:
        told = await anext(news)
        assert told.entries == ()
        assert told.trouble is None or "can't be read" in told.trouble


@pytest.mark.parametrize(
    ("one", "text"),
    [
        (
            entry(event="step-ended", step=2, name="promote", host="b", outcome="done"),
            "2. promote on b · done",
        ),
        (entry(event="guard", name="quorum", result="pass", reading="3 of 3"), "guard quorum: pass · 3 of 3"),
        (entry(event="outcome", outcome="needs_person"), "outcome needs_person"),
        (entry(event="hologram"), "hologram"),
    ],
)
def test_what_the_panel_says_of_each_event(one: Entry, text: str) -> None:
    assert shown(one).text == text


def test_taking_a_step_back_is_not_the_step_itself() -> None:
    assert shown(entry(event="step-started", step=2, name="promote")).step == 2
    assert shown(entry(event="step-started", step=2, name="promote", undo=True)).step is None


def test_the_time_is_utc() -> None:
    assert shown(entry()).at == 1_798_804_805.0


def test_an_operation_without_outcome_is_unfinished() -> None:
    def step(operation: str, event: str) -> LogEntry:
        return replace(shown(entry(event=event)), operation=operation)

    begun = [step("a", "step-started"), step("a", "outcome"), step("b", "planned"), step("c", "step-started")]
    assert unfinished(begun, "c") == "failover"
    assert unfinished(begun, "another cluster") is None
    assert unfinished([*begun, step("c", "outcome")], "c") is None
    assert unfinished(begun[:3], "c") is None, "what only was planned changed nothing"
