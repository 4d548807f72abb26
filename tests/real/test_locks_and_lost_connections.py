"""One operation at a time by locks over SFTP, and what becomes of a step whose connection dies."""

import asyncio
import json

import pytest

from dslsconsole.runbooks.execution import Ending, StepOutcome
from tests.real.acting import operated
from tests.real.real_estate import BACKUP, CLUSTER, LOOP, PRIMARY, RealEstate, finished

pytestmark = pytest.mark.real
STOP = "systemctl-stop"


async def test_a_second_operation_is_kept_out_and_a_cut_connection_is_looked_up(estate: RealEstate) -> None:
    estate.hold(PRIMARY, STOP)
    first = await estate.start(*estate.running("failover", "--operation", "first"))
    await estate.until_held(PRIMARY, STOP)
    lock = json.loads((estate.locks / f"{CLUSTER}.lock").read_text())
    assert (lock["operation"], lock["runbook"], lock["reason"]) == ("first", "failover", "INC-1")
    estate.document["journal"]["directory"] = str(estate.directory / "another-console")
    estate.write()
    second = await estate.run("token-sync", "--operation", "second")
    assert second.status == 11, str(second)
    assert "operation first" in second.stdout
    assert estate.cut_connections(PRIMARY)
    estate.release(PRIMARY, STOP)
    ran = await finished(first)
    assert ran.status == 0, str(ran)
    assert "first" in ran.stdout
    paused = ran.report["steps"][0]
    assert (paused["outcome"], paused["host"]) == ("done", PRIMARY)
    assert f"{LOOP} is inactive" in paused["output"]
    assert estate.primaries() == [BACKUP]
    assert not list(estate.locks.iterdir())


async def test_a_cut_step_that_did_not_happen_is_taken_back(estate: RealEstate) -> None:
    estate.hold(PRIMARY, STOP)
    running = asyncio.create_task(operated(estate, "failover", failing="service-stop"))
    await estate.until_held(PRIMARY, STOP)
    estate.cut_connections(PRIMARY)
    report = await running
    assert report.outcome is Ending.ROLLED_BACK, report
    assert report.steps[0].outcome is StepOutcome.FAILED
    assert estate.primaries() == [PRIMARY]


async def test_a_cut_step_that_nobody_can_look_up_needs_a_person(estate: RealEstate) -> None:
    estate.hold(PRIMARY, STOP)
    running = asyncio.create_task(operated(estate, "failover", failing="service-stop"))
    await estate.until_held(PRIMARY, STOP)
    estate.close_door(PRIMARY)
    report = await running
    assert report.outcome is Ending.NEEDS_PERSON, report
    assert report.steps[0].outcome is StepOutcome.UNKNOWN
    assert any(line.startswith(f"Look at {PRIMARY}: did this happen?") for line in report.card)
    assert estate.primaries() == [PRIMARY]


@pytest.mark.parametrize("made", ["nothing", "a file"])
async def test_without_a_lock_nothing_runs(estate: RealEstate, made: str) -> None:
    place = estate.directory / "elsewhere"
    if made == "a file":
        place.touch()
    estate.document["lock_directory"] = str(place)
    estate.write()
    ran = await estate.run("token-sync")
    assert ran.status == 10, str(ran)
    assert "lock" in ran.stdout
    assert estate.truth()[BACKUP]["generation"] == 4809
