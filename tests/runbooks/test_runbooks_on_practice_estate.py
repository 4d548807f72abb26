"""Every runbook to its end on the practice estate, and what it does when something there is broken."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from dslsconsole.journal import read
from dslsconsole.lab.practice import Lab
from dslsconsole.runbooks.execution import Ending, StepOutcome
from dslsconsole.runbooks.operation import Operation, Wish, asked
from dslsconsole.runbooks.permission import who
from dslsconsole.runbooks.reach import Reach
from dslsconsole.runbooks.record import OperationLog, directory_of, journal_of
from dslsconsole.runbooks.report import Report
from dslsconsole.runbooks.schema import builtin
from dslsconsole.settings import load
from dslsconsole.systems.ground import Ground
from tests.operation_clock import OperationClock

CLUSTER = "production-cluster"
PRIMARY, BACKUP, ARBITRATOR = "dsls-primary-01", "dsls-backup-01", "dsls-arbitrator-01"
MAIN = frozenset({PRIMARY, BACKUP, ARBITRATOR})


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    async with Lab(tmp_path / "lab", speed=16.0) as lab:
        yield lab


async def run(
    lab: Lab, runbook: str, params: dict[str, str] | None = None, failing: str | None = None, **wish: Any
) -> Report:
    """Run it as the command does. The deadlines of an action that is meant to be `failing` come sooner."""
    estate = load(lab.estate_path)
    book, person, ground = builtin()[runbook], who(), Ground(estate, CLUSTER)
    wanted = Wish(
        runbook=book,
        operation=wish.pop("operation", "test-1"),
        reason="test",
        params=asked(book, params or {}),
        confirmation=wish.pop("confirmation", CLUSTER),
        **wish,
    )
    log = OperationLog(journal_of(estate, time.time), person, CLUSTER, runbook, wanted.operation)
    clock = OperationClock(lambda step: step.action == failing)
    async with Reach(ground, time.time) as hands:
        operation = Operation(wanted, ground, hands, log, person, clock, clock.pause, progress=clock.seen)
        return await operation.run()


async def until_ready(lab: Lab, runbook: str) -> None:
    """Wait until the runbook's guards pass."""
    async with asyncio.timeout(90):
        ready = False
        while not ready:
            ready = (await run(lab, runbook, operation="look", dry_run=True)).outcome is Ending.DONE


def roles(lab: Lab) -> dict[str, str | None]:
    nodes = lab.truth()["nodes"]
    return {name: node["role"] for name, node in nodes.items()}


def primaries(lab: Lab) -> list[str]:
    found: list[str] = lab.truth()["primaries"]
    return found


def locks(lab: Lab) -> list[Path]:
    return list((lab.directory / "hosts").glob("*/var/lib/dslsconsole/*.lock"))


def refusing(report: Report) -> list[str]:
    return [guard.name for guard in report.guards if not guard.accepted]


def explained(report: Report) -> str:
    failed = [step for step in report.steps if step.outcome in (StepOutcome.FAILED, StepOutcome.UNKNOWN)]
    return f"{report.outcome}: {report.sentence} {report.card} {failed}"


async def test_planned_failover_and_failback(lab: Lab) -> None:
    report = await run(lab, "failover")
    assert report.outcome is Ending.DONE, explained(report)
    assert primaries(lab) == [BACKUP]
    assert roles(lab)[PRIMARY] is None
    assert not locks(lab)
    report = await run(lab, "failback", operation="test-2")
    assert report.outcome is Ending.DONE, explained(report)
    assert primaries(lab) == [PRIMARY]
    assert roles(lab)[BACKUP] == "backup"


async def test_the_journal_tells_the_whole_story_before_each_step(lab: Lab) -> None:
    report = await run(lab, "failover")
    entries = list(read(directory_of(load(lab.estate_path)), operation="test-1"))
    events = [entry.event for entry in entries]
    assert events[0] == "planned"
    assert events.index("confirmed") < events.index("step-started")
    assert events[-1] == "outcome"
    ran = {step.name for step in report.steps if step.outcome is StepOutcome.DONE}
    assert {entry.data["name"] for entry in entries if entry.event == "step-started"} == ran


async def test_a_dry_run_changes_nothing_and_takes_no_lock(lab: Lab) -> None:
    before = roles(lab)
    report = await run(lab, "failover", dry_run=True)
    assert report.outcome is Ending.DONE
    assert {step.outcome for step in report.steps} == {StepOutcome.PLANNED}
    assert roles(lab) == before
    assert not locks(lab)
    assert not list(read(directory_of(load(lab.estate_path))))


async def test_an_action_log_that_can_not_be_written_is_told_before_anything_is_confirmed(lab: Lab) -> None:
    directory = directory_of(load(lab.estate_path))
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "lock").mkdir()
    report = await run(lab, "failover", dry_run=True)
    assert refusing(report) == ["journal_writable"]
    guard = next(guard for guard in report.guards if guard.name == "journal_writable")
    assert "The action log in" in guard.reading
    assert not guard.overridable


@pytest.mark.parametrize(
    ("target", "told"),
    [
        (ARBITRATOR, f"{ARBITRATOR} is an arbitrator and can't take over; {BACKUP} can"),
        (PRIMARY, f"{PRIMARY} is the primary itself; {BACKUP} can"),
        ("dsls-elsewhere", f"dsls-elsewhere is no node of {CLUSTER}; {BACKUP} can"),
    ],
)
async def test_a_target_that_can_not_take_over_is_told_why_and_which_can(lab: Lab, target: str, told: str) -> None:
    report = await run(lab, "failover", params={"target": target}, dry_run=True)
    assert next(guard.reading for guard in report.guards if guard.name == "target_ready") == told


@pytest.mark.parametrize(
    ("runbook", "phrase"), [("failover", BACKUP), ("token-sync", BACKUP), ("dr-sync", CLUSTER), ("ha-drill", BACKUP)]
)
async def test_confirmed_by_the_targets_name_it_is_what_is_acted_on(lab: Lab, runbook: str, phrase: str) -> None:
    said = lab.estate_path.read_text()
    lab.estate_path.write_text(said.replace("\noperators:", "\noperators:\n  confirm_phrase: target-name", 1))
    report = await run(lab, runbook, dry_run=True)
    assert report.confirm == phrase, explained(report)


async def test_a_planned_step_tells_how_long_it_is_given(lab: Lab) -> None:
    report = await run(lab, "failover", dry_run=True)
    assert report.steps
    assert all(step.within for step in report.steps)


async def test_the_same_facts_give_the_same_plan_and_another_plan_is_not_run(lab: Lab) -> None:
    first, second = await run(lab, "failover", dry_run=True), await run(lab, "failover", dry_run=True)
    assert first.plan == second.plan
    report = await run(lab, "failover", plan_hash="0" * 64)
    assert report.outcome is Ending.REFUSED
    assert primaries(lab) == [PRIMARY]


async def test_without_the_typed_name_nothing_runs(lab: Lab) -> None:
    report = await run(lab, "failover", confirmation="yes")
    assert report.outcome is Ending.NOT_CONFIRMED
    assert primaries(lab) == [PRIMARY]


async def test_emergency_failover_of_a_host_without_power(lab: Lab) -> None:
    await lab.fault("node-down", PRIMARY)
    report = await run(lab, "failover")
    assert report.outcome is Ending.DONE, explained(report)
    assert primaries(lab) == [BACKUP]


async def test_a_host_that_answers_is_not_attested_away(lab: Lab) -> None:
    await lab.fault("partition", PRIMARY, "console")
    report = await run(lab, "failover", attested=frozenset({PRIMARY}))
    assert report.outcome is Ending.REFUSED
    assert "primary_dead" in refusing(report)
    assert primaries(lab) == [PRIMARY]


async def test_a_refused_promotion_puts_the_old_primary_back(lab: Lab) -> None:
    await lab.fault("promote-refused", BACKUP)
    report = await run(lab, "failover", failing="promote")
    assert report.outcome is Ending.ROLLED_BACK, explained(report)
    assert primaries(lab) == [PRIMARY]
    assert "MAINT" not in str(lab.truth()["load_balancers"])


async def test_a_service_that_does_not_stop_is_left_serving(lab: Lab) -> None:
    await lab.fault("service-will-not-stop", PRIMARY)
    report = await run(lab, "failover", failing="service-stop")
    assert report.outcome in (Ending.ROLLED_BACK, Ending.NEEDS_PERSON), explained(report)
    assert primaries(lab) == [PRIMARY]
    assert any("systemd may yet kill it" in line for line in report.card)


async def test_a_dead_load_balancer_is_accepted_by_name_only(lab: Lab) -> None:
    await lab.fault("lb-dead", "haproxy-02")
    report = await run(lab, "failover")
    assert report.outcome is Ending.REFUSED
    assert refusing(report) == ["load_balancers_changeable"]
    report = await run(lab, "failover", operation="test-2", overrides=frozenset({"load_balancers_changeable"}))
    assert report.outcome is Ending.DONE, explained(report)


async def test_a_second_operation_is_kept_out(lab: Lab) -> None:
    await until_ready(lab, "failover")
    first = asyncio.create_task(run(lab, "failover", operation="first"))
    async with asyncio.timeout(30):
        while not locks(lab):  # noqa: ASYNC110 - files on the estate tell nobody
            await asyncio.sleep(0.01)
    second = await run(lab, "token-sync", operation="second")
    assert second.outcome is Ending.LOCKED
    assert "first" in second.sentence
    assert (await first).outcome is Ending.DONE


async def test_token_sync_and_force_sync(lab: Lab) -> None:
    await lab.fault("replication-stuck", BACKUP)
    for number, runbook in enumerate(("token-sync", "force-sync")):
        report = await run(lab, runbook, operation=f"test-{number}")
        assert report.outcome is Ending.DONE, explained(report)


async def test_dr_sync_refuses_an_unmounted_source(lab: Lab) -> None:
    await lab.fault("storage-unmounted", PRIMARY)
    report = await run(lab, "dr-sync")
    assert report.outcome is Ending.REFUSED
    assert {"source_mounted", "deletions_allowed"} <= set(refusing(report))


async def test_dr_sync_refuses_an_emptied_source(lab: Lab) -> None:
    await lab.fault("storage-empty")
    report = await run(lab, "dr-sync")
    assert report.outcome is Ending.REFUSED
    assert refusing(report) == ["deletions_allowed"]


async def test_disaster_and_return(lab: Lab) -> None:
    report = await run(lab, "dr-sync", operation="sync")
    assert report.outcome is Ending.DONE, explained(report)
    for node in (PRIMARY, BACKUP, ARBITRATOR):
        await lab.fault("node-down", node)
    report = await run(lab, "dr-activate", operation="activate", attested=MAIN)
    assert report.outcome is Ending.DONE, explained(report)
    assert "verified by test checkouts" in report.sentence
    assert "Not paused, because its host did not answer: token-sync" in report.sentence
    assert "out of haproxy-01 and haproxy-02" in report.sentence
    assert primaries(lab) == ["dr-dsls-01"]
    assert lab.truth()["dns"]["addresses"] == ["10.30.0.100"]
    report = await run(lab, "dr-sync", operation="sync-2")
    assert report.outcome is Ending.REFUSED
    await lab.heal()
    await until_ready(lab, "dr-return")
    epochs = [epoch(lab, "dr-dsls-01")]
    report = await run(lab, "dr-return", operation="return")
    assert report.outcome is Ending.DONE, explained(report)
    assert primaries(lab) == [PRIMARY]
    epochs.append(epoch(lab, PRIMARY))
    # The DR site was not brought up to date since, and is promoted anew all the same.
    leaving = frozenset({"main_not_serving", "dr_data_good"})
    report = await run(lab, "dr-activate", operation="again", overrides=leaving)
    assert report.outcome is Ending.DONE, explained(report)
    assert next(step for step in report.steps if step.name == "promote dr-dsls-01").outcome is StepOutcome.DONE
    epochs.append(epoch(lab, "dr-dsls-01"))
    assert epochs == sorted(set(epochs)), "each of the three promotions has an epoch of its own"


def epoch(lab: Lab, node: str) -> int:
    told: int = lab.truth()["nodes"][node]["epoch"]
    return told


async def test_the_dr_site_is_not_activated_while_the_main_site_serves(lab: Lab) -> None:
    report = await run(lab, "dr-activate")
    assert report.outcome is Ending.REFUSED
    assert "main_not_serving" in refusing(report)
    assert primaries(lab) == [PRIMARY]


async def test_a_main_site_that_is_only_cut_off_is_not_taken_for_dead(lab: Lab) -> None:
    await run(lab, "dr-sync", operation="sync")
    for host in (*MAIN, "haproxy-01", "haproxy-02"):
        for outside in ("console", "dr-dsls-01", "dr-dsls-02", "dr-haproxy-01"):
            await lab.fault("partition", host, outside)
    report = await run(lab, "dr-activate", operation="activate")
    assert report.outcome is Ending.REFUSED
    results = {guard.name: (guard.result.value, guard.reading) for guard in report.guards}
    assert results["main_not_serving"][0] == "unknown"
    assert "nobody at its own site could look: it may only be cut off" in results["main_dead_or_stoppable"][1]
    assert set(report.attest) == MAIN
    assert lab.truth()["serving"] == [PRIMARY]


async def test_a_server_that_serves_users_through_the_load_balancer_is_not_attested_away(lab: Lab) -> None:
    for other in ("console", BACKUP, ARBITRATOR, "dr-dsls-01", "dr-dsls-02"):
        await lab.fault("partition", PRIMARY, other)
    process = lab.world.balancers["haproxy-01"].process
    over = asyncio.Event()

    async def users() -> None:
        while not over.is_set():
            process.servers["dsls-primary"].total_sessions += 1
            await asyncio.sleep(0.05)

    coming = asyncio.create_task(users())
    report = await run(lab, "failover", attested=frozenset({PRIMARY}))
    over.set()
    await coming
    assert report.outcome is Ending.REFUSED
    reading = next(guard.reading for guard in report.guards if guard.name == "primary_dead")
    assert "answers, against the attestation: haproxy-01 sends it users" in reading
    assert any("haproxy-01" in warning and "find dsls-primary-01 UP" in warning for warning in report.warnings)


async def test_a_silent_dr_node_is_unknown_and_only_the_operator_s_word_helps(lab: Lab) -> None:
    for name in ("dr-dsls-01", "dr-dsls-02", "dr-haproxy-01"):
        await lab.fault("node-down", name)
    report = await run(lab, "failover", dry_run=True, overrides=frozenset({"dr_not_active"}))
    assert refusing(report) == ["dr_not_active"]
    assert report.attest == ("dr-dsls-01", "dr-dsls-02")
    report = await run(lab, "failover", dry_run=True, attested=frozenset(report.attest))
    assert report.outcome is Ending.DONE, explained(report)


async def test_users_who_could_not_be_told_need_a_person(lab: Lab) -> None:
    await run(lab, "dr-sync", operation="sync")
    for node in (PRIMARY, BACKUP, ARBITRATOR):
        await lab.fault("node-down", node)
    await lab.fault("notify-dead")
    report = await run(lab, "dr-activate", operation="activate", attested=MAIN)
    assert report.outcome is Ending.NEEDS_PERSON
    assert primaries(lab) == ["dr-dsls-01"]
