"""Following the action log: what is there, then each addition, in the words of the panel."""

import asyncio
import shutil
from contextlib import aclosing
from pathlib import Path

import pytest
from msgspec.structs import replace

from dslsconsole.journal.entry import Entry, Origin, encode
from dslsconsole.tui.journal_feed import LogEntry, News, unfinished
from dslsconsole.tui.journal_files import JournalFiles, shown, unwritable
from dslsconsole.tui.operation import PlannedStep


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
    async with asyncio.timeout(30), aclosing(JournalFiles(tmp_path, every_s=0.01).news()) as news:
        assert [one.seq for one in (await anext(news)).entries] == [1]
        path.write_bytes(path.read_bytes() + encode(entry(2)) + b"\n" + encode(entry(3))[:30])
        assert [one.seq for one in (await anext(news)).entries] == [2]


async def test_a_journal_that_is_not_there_yet_is_empty(tmp_path: Path) -> None:
    async with asyncio.timeout(30), aclosing(JournalFiles(tmp_path / "none", every_s=0.01).news()) as news:
        assert await anext(news) == News()


async def test_a_journal_that_can_not_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "2027-01.jsonl").mkdir()
    async with asyncio.timeout(30), aclosing(JournalFiles(tmp_path, every_s=0.01).news()) as news:
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
    assert shown(entry(event="step-ended", step=2, name="promote", undo=True, outcome="failed")).step is None
    assert shown(entry(event="step-ended", step=2, name="promote", undo=True, outcome="undone")).step == 2


def test_the_time_is_utc() -> None:
    assert shown(entry()).at == 1_798_804_805.0


def test_an_operation_without_outcome_is_unfinished() -> None:
    def step(operation: str, event: str) -> LogEntry:
        return replace(shown(entry(event=event)), operation=operation)

    told = [step("a", "step-started"), step("a", "outcome"), step("b", "planned"), step("c", "step-started")]
    one = unfinished(told, "c")
    assert one is not None
    assert (one.operation, one.runbook, one.ended) == ("c", "failover", False)
    assert unfinished(told, "another cluster") is None
    assert unfinished([*told, step("c", "outcome")], "c") is None
    assert unfinished([*told, step("c", "abandoned")], "c") is None
    assert unfinished([*told, step("c", "outcome"), step("c", "resumed")], "c") is not None
    assert unfinished(told[:3], "c") is None, "what only was planned changed nothing"


def test_a_plan_is_read_from_the_journal() -> None:
    planned = [
        {"name": "stop", "host": "a", "command": ["x", "y"], "undo": "start", "within": 35.0},
        {"name": "promote", "host": 3, "command": None},
        "hologram",
    ]
    steps = shown(entry(event="planned", steps=planned)).steps
    assert steps[0] == PlannedStep("stop", "a", "x\ny", "planned", "start", 35.0)
    assert [step.name for step in steps] == ["stop", "promote", ""]


def test_how_it_ended_is_read_from_the_journal() -> None:
    told = shown(entry(event="outcome", outcome="needs_person", sentence="It is open.", card=["look", 3]))
    assert (told.outcome, told.sentence, told.card) == ("needs_person", "It is open.", ("look", ""))


def test_a_log_that_can_not_be_written_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert unwritable(tmp_path) is None
    assert unwritable(tmp_path / "not yet") is None
    monkeypatch.setattr("os.access", lambda *_: False)
    assert "can't be written by this user" in (unwritable(tmp_path) or "")
    full = shutil.disk_usage(tmp_path)._replace(free=4096)
    monkeypatch.setattr("shutil.disk_usage", lambda _: full)
    assert "no space is left for the action log" in (unwritable(tmp_path) or "")


async def test_only_a_console_that_may_act_tells_of_a_log_that_it_can_not_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)
    for writes in (False, True):
        async with asyncio.timeout(30), aclosing(JournalFiles(tmp_path, every_s=0.01, writes=writes).news()) as news:
            assert ((await anext(news)).trouble is not None) is writes
