"""An operation that was cut off in its middle is found, and verified, continued, undone or abandoned."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dslsconsole.journal import read
from dslsconsole.lab.practice import Lab
from dslsconsole.runbooks.execution import Ending, StepOutcome, StepResult
from dslsconsole.runbooks.operation import Operation, Wish, asked
from dslsconsole.runbooks.permission import who
from dslsconsole.runbooks.plan import PlannedStep
from dslsconsole.runbooks.reach import Reach
from dslsconsole.runbooks.record import OperationLog, directory_of, journal_of
from dslsconsole.runbooks.report import Report
from dslsconsole.runbooks.resuming import resumed
from dslsconsole.runbooks.schema import builtin
from dslsconsole.runbooks.unfinished import Known, journalled, locked, together
from dslsconsole.settings import load
from dslsconsole.systems.ground import Ground

CLUSTER, PRIMARY, BACKUP = "production-cluster", "dsls-primary-01", "dsls-backup-01"


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    async with Lab(tmp_path / "lab", speed=4.0) as lab:
        yield lab


async def cut_off(lab: Lab, at: str) -> Known:
    """A failover whose process ends when a step of this name begins; what is known of it afterwards."""
    estate = load(lab.estate_path)
    ground, book, person = Ground(estate, CLUSTER), builtin()["failover"], who()
    wish = Wish(runbook=book, operation="cut", reason="test", params=asked(book, {}), confirmation=CLUSTER)
    log = OperationLog(journal_of(estate, time.time), person, CLUSTER, book.name, wish.operation)
    reached = asyncio.Event()

    def progress(step: PlannedStep, result: StepResult) -> None:
        if step.name.startswith(at) and result.outcome is StepOutcome.RUNNING:
            reached.set()

    async with Reach(ground, time.time) as hands:
        task = asyncio.create_task(Operation(wish, ground, hands, log, person, time.time, progress=progress).run())
        async with asyncio.timeout(20):
            await reached.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        locks = await locked(hands, ground)
    (one,) = together(journalled(read(directory_of(estate))), locks)
    return one


async def decide(lab: Lab, one: Known, decision: str) -> Report:
    return await resumed(load(lab.estate_path), one, decision, CLUSTER, "test")


def locks(lab: Lab) -> list[Path]:
    return list((lab.directory / "hosts").glob("*/var/lib/dslsconsole/*.lock"))


async def test_it_is_known_by_its_lock_and_its_journal(lab: Lab) -> None:
    one = await cut_off(lab, "stop")
    assert one.operation == "cut"
    assert one.in_journal
    assert len(one.hosts) == 3
    assert one.document()["steps"] == 14


async def test_continued_it_comes_to_its_verified_end(lab: Lab) -> None:
    report = await decide(lab, await cut_off(lab, "stop"), "continue")
    assert report.outcome is Ending.DONE, (report.sentence, report.card)
    assert lab.truth()["primaries"] == [BACKUP]
    assert not locks(lab)


async def test_undone_everything_is_as_before(lab: Lab) -> None:
    report = await decide(lab, await cut_off(lab, "stop"), "undo")
    assert report.outcome is Ending.ROLLED_BACK, (report.sentence, report.card)
    truth = lab.truth()
    assert truth["primaries"] == [PRIMARY]
    assert "MAINT" not in str(truth["load_balancers"])
    assert set(truth["nodes"][PRIMARY]["automation"].values()) == {"active"}
    assert not locks(lab)


async def test_past_the_promotion_it_is_not_undone(lab: Lab) -> None:
    report = await decide(lab, await cut_off(lab, "end users' old connections"), "undo")
    assert report.outcome is Ending.NEEDS_PERSON
    assert lab.truth()["primaries"] == [BACKUP]


async def test_verified_it_tells_what_is_open_and_changes_nothing(lab: Lab) -> None:
    one = await cut_off(lab, "take")
    report = await decide(lab, one, "verify")
    assert report.outcome is Ending.NEEDS_PERSON
    assert any("promote" in line for line in report.card)
    assert lab.truth()["primaries"] == [PRIMARY]
    assert locks(lab)


async def test_abandoned_it_leaves_everything_but_its_lock(lab: Lab) -> None:
    one = await cut_off(lab, "stop")
    assert (await resumed(load(lab.estate_path), one, "abandon", "no", "test")).outcome is Ending.NOT_CONFIRMED
    assert locks(lab)
    assert (await decide(lab, one, "abandon")).outcome is Ending.DONE
    assert not locks(lab)
    assert not journalled(read(directory_of(load(lab.estate_path))))
