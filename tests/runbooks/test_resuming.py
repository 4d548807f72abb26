"""An operation that was cut off in its middle is found, and verified, continued, undone or abandoned."""

import asyncio
import datetime
import json
import os
import shutil
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from dslsconsole.journal import read
from dslsconsole.lab.practice import Lab
from dslsconsole.runbooks import left, lock
from dslsconsole.runbooks.beside import _enough, agreed
from dslsconsole.runbooks.execution import Ending, StepOutcome, StepResult
from dslsconsole.runbooks.operation import Operation, Wish, asked
from dslsconsole.runbooks.permission import who
from dslsconsole.runbooks.plan import PlannedStep
from dslsconsole.runbooks.process import alive, identity
from dslsconsole.runbooks.reach import Reach
from dslsconsole.runbooks.record import OperationLog, directory_of, journal_of
from dslsconsole.runbooks.report import Report
from dslsconsole.runbooks.resuming import resumed
from dslsconsole.runbooks.schema import builtin
from dslsconsole.runbooks.survey import Surveyor
from dslsconsole.runbooks.unfinished import Known, journalled, locked, together
from dslsconsole.runbooks.written import has_ended
from dslsconsole.settings import load
from dslsconsole.systems.acting import Call, actions
from dslsconsole.systems.ground import Ground
from tests.operation_clock import Later

CLUSTER, PRIMARY, BACKUP = "production-cluster", "dsls-primary-01", "dsls-backup-01"


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    async with Lab(tmp_path / "lab", speed=4.0) as lab:
        yield lab


async def cut_off(lab: Lab, at: str, runbook: str = "failover", **params: str) -> Known:
    """An operation whose process ends when a step of this name begins; what is known of it afterwards."""
    estate = load(lab.estate_path)
    ground, book, person = Ground(estate, CLUSTER), builtin()[runbook], who()
    wish = Wish(runbook=book, operation="cut", reason="test", params=asked(book, params), confirmation=CLUSTER)
    log = OperationLog(journal_of(estate, time.time), person, CLUSTER, book.name, wish.operation)
    reached = asyncio.Event()

    def progress(step: PlannedStep, result: StepResult) -> None:
        if step.name.startswith(at) and result.outcome is StepOutcome.RUNNING:
            reached.set()

    async with Reach(ground, time.time) as hands:
        task = asyncio.create_task(Operation(wish, ground, hands, log, person, time.time, progress=progress).run())
        async with asyncio.timeout(30):
            await reached.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        locks = await locked(hands, ground)
    (one,) = together(journalled(read(directory_of(estate))), locks)
    return one


async def decide(lab: Lab, one: Known, decision: str) -> Report:
    later = Later()
    return await resumed(load(lab.estate_path), one, decision, CLUSTER, "test", clock=later.clock, pause=later.pause)


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
    theirs = replace(one, operator="bea")
    for whose in (None, "anna"):
        report = await resumed(load(lab.estate_path), theirs, "abandon", CLUSTER, "test", whose)
        assert report.outcome is Ending.NOT_CONFIRMED
        assert "--whose bea" in report.sentence
    assert locks(lab)
    assert (await resumed(load(lab.estate_path), theirs, "abandon", CLUSTER, "test", "bea")).outcome is Ending.DONE
    assert not locks(lab)
    assert not journalled(read(directory_of(load(lab.estate_path))))


async def test_a_claim_whose_maker_died_bars_nobody(lab: Lab, impatient: None) -> None:
    one = await cut_off(lab, "stop")
    for path in locks(lab):
        path.with_suffix(".taken-1").write_bytes(b"somebody")
    report = await decide(lab, one, "undo")
    assert report.outcome is Ending.ROLLED_BACK, (report.sentence, report.card)
    assert not lying_about(lab)


async def test_what_another_console_has_ended_is_not_begun_again(lab: Lab) -> None:
    """Its journal has not seen the end; another console has, and gave the service back since."""
    await cut_off(lab, "end users' old connections")
    for path in lying_about(lab):
        path.unlink()
    before = lab.truth()["load_balancers"]
    (one,) = await known(lab)
    assert one.hosts == ()
    for decision in ("continue", "undo"):
        report = await decide(lab, one, decision)
        assert report.outcome is Ending.REFUSED, (report.sentence, report.card)
        assert "no node that is reached carries its lock" in report.sentence
    assert lab.truth()["primaries"] == [BACKUP]
    assert lab.truth()["load_balancers"].keys() == before.keys()
    assert (await decide(lab, one, "abandon")).outcome is Ending.DONE


async def test_its_guards_are_judged_again_as_long_as_the_service_is_where_it_was(lab: Lab) -> None:
    one = await cut_off(lab, "take")
    await lab.fault("isolate", "dsls-arbitrator-01")
    report = await decide(lab, one, "continue")
    assert report.outcome is Ending.REFUSED, (report.sentence, report.card)
    assert "quorum_survives: 1 of 3 vote without" in report.sentence
    assert lab.truth()["primaries"] == [PRIMARY]
    (one,) = await known(lab)
    assert (await decide(lab, one, "undo")).outcome is Ending.ROLLED_BACK
    assert set(lab.truth()["nodes"][PRIMARY]["automation"].values()) == {"active"}


async def test_given_up_it_tells_what_it_leaves_behind_and_how_that_is_taken_back(lab: Lab) -> None:
    report = await decide(lab, await cut_off(lab, "stop"), "abandon")
    assert report.outcome is Ending.DONE
    told = "\n".join(report.card)
    assert "Left as it is: pause token-sync (dsls-primary-01). By hand it is taken back so: " in told
    assert "Left as it is: take dsls-primary-01 out of the load balancer (haproxy-02)" in told
    assert "bring over the last tokens" not in told, "it needs no taking back"


async def test_a_lock_that_could_not_be_taken_over_everywhere_is_told(lab: Lab) -> None:
    one = await cut_off(lab, "stop")
    await lab.fault("isolate", "dsls-arbitrator-01")
    report = await decide(lab, one, "undo")
    assert report.outcome is Ending.ROLLED_BACK, (report.sentence, report.card)
    assert any("may be left behind on dsls-arbitrator-01" in line for line in report.card)
    await lab.heal()
    (again,) = await known(lab)
    report = await decide(lab, again, "verify")
    assert (report.outcome, "how it ended" in report.sentence) == (Ending.REFUSED, True), report.sentence


async def test_what_was_only_taken_up_here_is_known_to_have_ended(lab: Lab, impatient: None) -> None:
    await cut_off(lab, "stop")
    forget(lab)
    (one,) = await known(lab)
    assert (await decide(lab, one, "continue")).outcome is Ending.DONE
    entries = list(read(directory_of(load(lab.estate_path))))
    assert has_ended(entries, one.operation)
    planned = next(entry for entry in entries if entry.event == "planned")
    outcomes = planned.data["outcomes"]
    assert isinstance(outcomes, dict)
    assert outcomes["1"] == "done"


async def test_what_was_undone_by_hand_meanwhile_is_done_again(lab: Lab) -> None:
    one = await cut_off(lab, "stop")
    # Somebody started the loop again, and let users come to the primary.
    ground = Ground(load(lab.estate_path), CLUSTER)
    async with Reach(ground, time.time) as hands:
        loop = ground.cluster.automation[0]
        started = await hands.run(loop.node, ground.as_root("systemctl", "start", loop.unit, seconds=10), timeout=15)
        assert started.status == 0, started
        await hands.ask_socket(
            "haproxy-01", "/run/haproxy/admin.sock", "set server dsls_backend/dsls-primary state ready", timeout=5
        )
    report = await decide(lab, one, "continue")
    assert report.outcome is Ending.DONE, (report.sentence, report.card)
    done_again = {step.name for step in report.steps if step.outcome is StepOutcome.DONE and step.seconds is not None}
    assert f"pause {loop.name}" in done_again
    assert set(lab.truth()["nodes"][PRIMARY]["automation"].values()) == {"inactive"}
    assert lab.truth()["serving"] == [BACKUP]


async def test_where_it_can_t_be_read_whether_it_still_stands_nothing_is_done(lab: Lab) -> None:
    one = await cut_off(lab, "stop")
    await lab.fault("lb-dead", "haproxy-01")
    report = await decide(lab, one, "continue")
    assert report.outcome is Ending.REFUSED, (report.sentence, report.card)
    assert "it can't be read whether this still stands: “take" in report.sentence
    assert lab.truth()["primaries"] == [PRIMARY]
    assert locks(lab)


async def test_what_may_still_go_on_at_its_host_is_waited_for(lab: Lab) -> None:
    one, told = await cut_off(lab, "stop"), list[str]()
    began = next(
        entry.at for entry in read(directory_of(load(lab.estate_path))) if entry.data.get("name") == f"stop {PRIMARY}"
    )
    now, pauses = datetime.datetime.fromisoformat(began).timestamp() + 1.0, 0

    async def pause(seconds: float) -> None:
        nonlocal now, pauses
        now, pauses = now + 10.0, pauses + 1

    report = await resumed(
        load(lab.estate_path), one, "undo", CLUSTER, "test", clock=lambda: now, pause=pause, waits=told.append
    )
    assert report.outcome is Ending.ROLLED_BACK, (report.sentence, report.card)
    assert pauses >= 3
    assert f"“stop {PRIMARY}” ({PRIMARY})" in told[0]


async def test_what_is_another_s_is_verified_and_not_ended(lab: Lab) -> None:
    one = await cut_off(lab, "put", "lb-maint", node=BACKUP, balancer="haproxy-01")
    ground = Ground(load(lab.estate_path), CLUSTER)
    async with Reach(ground, time.time) as hands:
        memory = (await Surveyor(hands, ground, time.time).survey()).memory
        for balancer in ground.main_balancers:
            call = Call(hands, ground, balancer, {"node": BACKUP, "state": "MAINT"}, time.time, memory)
            await actions()["server-maint"].do(call)
    report = await decide(lab, replace(one, operator="bea"), "verify")
    assert report.outcome is Ending.NEEDS_PERSON
    assert report.sentence.startswith("Every step is as it should be. It is bea's")
    assert locks(lab)
    assert (await decide(lab, one, "verify")).outcome is Ending.DONE
    assert not locks(lab)


def records(lab: Lab) -> list[Path]:
    return list((lab.directory / "hosts").glob("*/var/lib/dslsconsole/*.json"))


def lying_about(lab: Lab) -> list[Path]:
    """All that lies in the hosts' lock directories."""
    return [path for path in (lab.directory / "hosts").glob("*/var/lib/dslsconsole/*") if path.is_file()]


async def known(lab: Lab) -> tuple[Known, ...]:
    estate = load(lab.estate_path)
    ground = Ground(estate, CLUSTER)
    async with Reach(ground, time.time) as hands:
        return together(journalled(read(directory_of(estate))), await locked(hands, ground))


async def found(lab: Lab) -> tuple[Known, ...]:
    """What is known, once the host that tells it has been reached."""
    async with asyncio.timeout(60):
        while not (ones := await known(lab)):
            pass
    return ones


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Watch a lock for a moment only."""
    monkeypatch.setattr(left, "WATCHED_SECONDS", 0.1)
    monkeypatch.setattr(lock, "CLAIM_SECONDS", 0.1)


def forget(lab: Lab) -> None:
    """This console is another one from now on: it has none of the first one's journal."""
    shutil.rmtree(directory_of(load(lab.estate_path)))


async def test_another_console_continues_it_by_the_record_beside_the_lock(lab: Lab, impatient: None) -> None:
    one = await cut_off(lab, "stop")
    assert len(records(lab)) == 3
    forget(lab)
    (one,) = await known(lab)
    assert not one.in_journal
    report = await decide(lab, one, "continue")
    assert report.outcome is Ending.DONE, (report.sentence, report.card)
    assert lab.truth()["primaries"] == [BACKUP]
    assert not lying_about(lab)
    events = [entry.event for entry in read(directory_of(load(lab.estate_path)))]
    assert events.index("planned") < events.index("step-started")
    assert events[-1] == "outcome"


async def test_another_console_undoes_it(lab: Lab, impatient: None) -> None:
    await cut_off(lab, "stop")
    forget(lab)
    (one,) = await known(lab)
    report = await decide(lab, one, "undo")
    assert report.outcome is Ending.ROLLED_BACK, (report.sentence, report.card)
    assert lab.truth()["primaries"] == [PRIMARY]
    assert set(lab.truth()["nodes"][PRIMARY]["automation"].values()) == {"active"}


async def test_a_record_that_most_hosts_do_not_hold_is_no_plan(lab: Lab, impatient: None) -> None:
    await cut_off(lab, "stop")
    forget(lab)
    for path in records(lab)[:2]:
        path.write_text(path.read_text().replace('"service-stop"', '"service-start"', 1))
    (one,) = await known(lab)
    report = await decide(lab, one, "continue")
    assert report.outcome is Ending.REFUSED
    assert "record beside the lock" in report.sentence
    assert lab.truth()["primaries"] in ([PRIMARY], [])


async def test_one_hosts_word_is_no_plan(lab: Lab, impatient: None) -> None:
    await cut_off(lab, "stop")
    forget(lab)
    for path in lying_about(lab):
        if BACKUP not in path.parts:
            path.unlink()
    (one,) = await known(lab)
    assert one.hosts == (BACKUP,)
    for decision in ("continue", "undo"):
        report = await decide(lab, one, decision)
        assert report.outcome is Ending.REFUSED, report.sentence
        assert "record beside the lock on more than half" in report.sentence


async def test_what_loosens_a_guard_counts_only_where_all_hosts_say_so(lab: Lab, impatient: None) -> None:
    one = await cut_off(lab, "stop")
    (path, *_) = records(lab)
    record = json.loads(path.read_text())
    path.write_text(json.dumps(record | {"overrides": ["storage_mounted"], "attested": [PRIMARY], "done": "\x1b[2J"}))
    ground = Ground(load(lab.estate_path), CLUSTER)
    async with Reach(ground, time.time) as hands:
        found = await agreed(hands, ground, one.hosts, one.operation, "failover")
    assert found is not None
    assert (found.overrides, found.attested) == ((), ())
    assert "\x1b" not in found.done
    assert set(found.carriers) == set(one.hosts)


@pytest.mark.parametrize(
    ("runbook", "holders", "counts"),
    [
        ("dr-activate", {"dr-dsls-01": "x", "dr-dsls-02": "x"}, True),
        ("dr-activate", {"dr-dsls-01": "x"}, False),
        ("dr-activate", {"dr-dsls-01": "x", "dr-dsls-02": "y"}, False),
        ("dr-activate", {"dr-dsls-01": "x", "dr-dsls-02": "x", PRIMARY: "y"}, False),
        ("failover", {"dr-dsls-01": "x", "dr-dsls-02": "x"}, False),
        ("failover", {PRIMARY: "x", BACKUP: "x", "dsls-arbitrator-01": "x"}, True),
    ],
)
async def test_the_dr_sites_word_counts_of_what_began_while_the_main_site_was_gone(
    lab: Lab, runbook: str, holders: dict[str, str], counts: bool
) -> None:
    ground = Ground(load(lab.estate_path), CLUSTER)
    assert _enough(ground, holders, tuple(ground.nodes), runbook) is counts


async def test_what_one_host_says_of_a_step_is_looked_up(lab: Lab, impatient: None) -> None:
    await cut_off(lab, "take")
    forget(lab)
    (path, *_) = records(lab)
    record = json.loads(path.read_text())
    record["outcomes"] = {str(step["number"]): "done" for step in record["plan"]["steps"]}
    path.write_text(json.dumps(record))
    (one,) = await known(lab)
    report = await decide(lab, one, "continue")
    assert report.outcome is Ending.DONE, (report.sentence, report.card)
    assert lab.truth()["serving"] == [BACKUP]


async def test_what_has_ended_is_not_begun_again_when_its_lock_comes_back(lab: Lab, impatient: None) -> None:
    one = await cut_off(lab, "take")
    kept = {path: path.read_bytes() for path in lying_about(lab)}
    assert (await decide(lab, one, "undo")).outcome is Ending.ROLLED_BACK
    for path, data in kept.items():
        path.write_bytes(data)
    (again,) = await known(lab)
    report = await decide(lab, again, "continue")
    assert report.outcome is Ending.REFUSED
    assert "It can only be abandoned" in report.sentence
    assert lab.truth()["serving"] == [PRIMARY]
    (again,) = await known(lab)
    assert (await decide(lab, again, "abandon")).outcome is Ending.DONE
    assert not lying_about(lab)


async def test_a_lock_that_another_process_took_up_is_watched_not_taken_for_this_journals_own(lab: Lab) -> None:
    one = await cut_off(lab, "stop")
    dead = replace(one, pid=2**22 + 1, process="long gone")
    (mine,) = together({one.operation: dead}, {one.operation: replace(one, in_journal=False, beat_at=time.time())})
    assert mine.process == ""
    assert mine.running


async def test_a_wish_to_stop_is_for_the_process_that_ended(lab: Lab, impatient: None) -> None:
    one = await cut_off(lab, "take")
    for path in locks(lab):
        path.with_suffix(".stop").write_text(one.operation)
    report = await decide(lab, one, "continue")
    assert report.outcome is Ending.DONE, (report.sentence, report.card)


async def test_of_two_who_take_it_up_at_once_one_is_locked_out(lab: Lab) -> None:
    one = await cut_off(lab, "stop")
    outcomes = sorted(
        report.outcome.value for report in await asyncio.gather(*(decide(lab, one, "continue") for _ in range(2)))
    )
    assert outcomes == ["done", "locked"]
    assert lab.truth()["primaries"] == [BACKUP]


async def test_it_is_not_continued_after_somebody_else_was_promoted(lab: Lab) -> None:
    one = await cut_off(lab, "take")
    async with Reach(ground := Ground(load(lab.estate_path), CLUSTER), time.time) as hands:
        stop = ground.as_root("systemctl", "stop", ground.nodes[PRIMARY].unit, seconds=10)
        assert (await hands.run(PRIMARY, stop, timeout=12)).status == 0
        promote = ground.licence_server("-promote-to-primary", "-node", BACKUP, "-force", seconds=10)
        assert (await hands.run(BACKUP, promote, timeout=12)).status == 0
    for decision in ("continue", "undo"):
        report = await decide(lab, one, decision)
        assert report.outcome is Ending.REFUSED, (decision, report.sentence)
        assert BACKUP in report.sentence
        (one,) = await known(lab)
    assert lab.truth()["primaries"] == [BACKUP]
    assert locks(lab)


async def test_it_is_not_continued_while_another_holds_the_lock(lab: Lab) -> None:
    one = await cut_off(lab, "stop")
    for path in locks(lab):
        record = json.loads(path.read_text())
        path.write_text(json.dumps({**record, "operation": "another", "holder": "other"}))
    report = await decide(lab, one, "continue")
    assert report.outcome is Ending.LOCKED
    assert lab.truth()["primaries"] in ([PRIMARY], [])


async def test_a_lock_with_signs_of_life_is_not_taken_over(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    await cut_off(lab, "stop")
    forget(lab)
    (one,) = await known(lab)

    async def meanwhile(seconds: float) -> None:
        for path in locks(lab):
            record = json.loads(path.read_text())
            path.write_text(json.dumps({**record, "beat": record["beat"] + 1}))

    monkeypatch.setattr(left, "pause", meanwhile)
    for decision in ("verify", "continue", "undo", "abandon"):
        assert (await decide(lab, one, decision)).outcome is Ending.LOCKED
    assert len(locks(lab)) == 3


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not json",
        b'{"operation": "x"}',
        json.dumps(
            {"operation": "x", "cluster": CLUSTER, "runbook": "failover", "operator": "a", "from_host": "h"}
            | {"pid": 10**30, "started_at": 1e308, "plan": "p", "step": 10**40, "steps": 1}
        ).encode(),
    ],
)
async def test_a_lock_file_that_is_no_lock_is_told_locks_and_can_be_abandoned(lab: Lab, content: bytes) -> None:
    path = lab.directory / "hosts" / BACKUP / "var/lib/dslsconsole" / f"{CLUSTER}.lock"
    path.write_bytes(content)
    (one,) = await found(lab)
    assert one.operation == f"{CLUSTER}@{BACKUP}"
    assert one.document()["state"] == "unfinished"
    assert (await decide(lab, one, "continue")).outcome is Ending.REFUSED
    assert (await decide(lab, one, "abandon")).outcome is Ending.DONE
    assert not path.exists()


async def test_a_hosts_word_names_no_process_of_this_machine(lab: Lab) -> None:
    path = lab.directory / "hosts" / BACKUP / "var/lib/dslsconsole" / f"{CLUSTER}.lock"
    words = {"operation": "x", "cluster": CLUSTER, "runbook": "failover", "operator": "a"}
    here = {"from_host": socket.gethostname(), "pid": os.getpid(), "started_at": 1.0, "plan": "p"}
    path.write_text(json.dumps(words | here))
    (one,) = await found(lab)
    assert not one.here
    assert not one.running


def test_a_process_is_known_by_more_than_its_number() -> None:
    assert alive(os.getpid(), identity())
    assert not alive(os.getpid(), identity().rpartition(":")[0] + ":1")
    assert not alive(10**12, identity())
