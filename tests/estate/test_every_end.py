"""How runbooks end on the practice estate, as programs: exit status, JSON, and what is then true."""

import time
from pathlib import Path

import pytest

from dslsconsole.lab.practice import Lab
from dslsconsole.lab.world.tokens import Checkout
from dslsconsole.runbooks.execution import Ending, StepOutcome, StepResult
from dslsconsole.runbooks.plan import PlannedStep
from dslsconsole.runbooks.reach import Reach
from dslsconsole.runbooks.record import directory_of
from dslsconsole.runbooks.report import Report
from dslsconsole.settings import load
from dslsconsole.systems.ground import Ground
from tests.estate import practising as p


async def test_failover_and_failback(lab: Lab) -> None:
    epoch = lab.truth()["nodes"][p.PRIMARY]["epoch"]
    configured = p.standing(lab)
    status, said = await p.command(lab, *p.confirmed("failover", "--operation", "over"))
    assert (status, said["outcome"]) == (0, "done"), said
    truth = lab.truth()
    assert truth["primaries"] == truth["serving"] == [p.BACKUP]
    assert truth["nodes"][p.PRIMARY]["unit"] == "inactive"
    assert truth["nodes"][p.BACKUP]["epoch"] == epoch + 1
    for name in p.MAIN_BALANCERS:
        servers = truth["load_balancers"][name]["servers"]
        assert servers["dsls-primary"]["admin"] == "maint"
        assert servers["dsls-backup"] | {"sessions": 0} == {"status": "UP", "admin": "ready", "sessions": 0}
    assert set(truth["nodes"][p.PRIMARY]["automation"].values()) == {"inactive"}
    assert not p.locks(lab)
    assert p.story(lab, "over")[-1] == "outcome"
    await p.until_ready(lab, "failback")
    status, said = await p.command(lab, *p.confirmed("failback"))
    assert (status, said["outcome"]) == (0, "done"), said
    assert p.standing(lab) == configured
    assert lab.truth()["nodes"][p.PRIMARY]["epoch"] == epoch + 2
    assert not p.locks(lab)


async def test_tokens_are_brought_over_although_replication_is_stuck(lab: Lab) -> None:
    before = p.standing(lab)
    for runbook in ("token-sync", "force-sync"):
        await lab.fault("replication-stuck", p.BACKUP)
        read_ = lab.truth()["nodes"][p.PRIMARY]["generation"]
        status, said = await p.command(lab, *p.confirmed(runbook))
        assert (status, said["outcome"]) == (0, "done"), said
        assert lab.truth()["nodes"][p.BACKUP]["generation"] >= read_
        assert p.standing(lab) == before


async def test_disaster_with_the_whole_main_site_without_power_and_the_way_back(lab: Lab) -> None:
    status, said = await p.command(lab, *p.confirmed("dr-sync"))
    assert (status, said["outcome"]) == (0, "done"), said
    p.impatient(lab)
    for host in (*p.MAIN, *p.MAIN_BALANCERS):
        await lab.fault("node-down", host)
    status, said = await p.command(lab, *p.confirmed("dr-activate", *p.ATTESTED))
    assert (status, said["outcome"]) == (0, "done"), said
    truth = lab.truth()
    assert truth["primaries"] == truth["serving"] == [p.DR_PRIMARY]
    assert truth["nodes"][p.DR_BACKUP]["role"] == "dr-backup"
    assert truth["dns"]["addresses"] == [p.DR_ADDRESS]
    assert len(truth["notifications"]) == 1
    assert said["steps"][-1]["name"] == "tell the users"
    await lab.heal()
    await p.until_ready(lab, "dr-return")
    status, said = await p.command(lab, *p.confirmed("dr-return"))
    assert (status, said["outcome"]) == (0, "done"), said
    truth = lab.truth()
    assert truth["primaries"] == [p.PRIMARY]
    assert truth["nodes"][p.DR_PRIMARY]["unit"] == "inactive"
    assert truth["dns"]["addresses"] == [p.MAIN_ADDRESS]
    assert len(truth["notifications"]) == 2
    assert not p.locks(lab)


async def test_the_dr_site_takes_over_in_an_hour_in_which_every_licence_is_in_use(lab: Lab) -> None:
    await p.brought_to(lab, "dr-activate")
    host, server = lab.world.hosts[p.DR_PRIMARY], lab.world.nodes[p.DR_PRIMARY].server

    def crowd(step: PlannedStep, result: StepResult) -> None:
        if step.action == "test-checkout" and result.outcome is StepOutcome.RUNNING:
            free = server.tokens.feature("catia_v6")[1].available
            server.tokens.take(Checkout("render", "farm", "catia_v6", free, host.clock(), host.clock()))

    report = await p.run(lab, "dr-activate", overrides=p.overridden("dr-activate"), progress=crowd)
    assert report.outcome is Ending.DONE, p.explained(report)
    outcomes = {step.name: step.outcome for step in report.steps}
    assert outcomes["check out and in catia_v6"] is StepOutcome.SKIPPED
    assert outcomes["check out and in abaqus_standard"] is StepOutcome.DONE
    assert "Not tested, because none was free: catia_v6." in report.sentence
    assert "verified by test checkouts" not in report.sentence
    assert lab.truth()["dns"]["addresses"] == [p.DR_ADDRESS]


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (("node-down", p.PRIMARY), ()),
        (("service-killed", p.PRIMARY), ()),
        (("isolate", p.PRIMARY), ()),
        (("node-hung", p.PRIMARY), ("--attest", p.PRIMARY)),
    ],
    ids=lambda value: "-".join(value),
)
async def test_emergency_failover(lab: Lab, fault: tuple[str, ...], words: tuple[str, ...]) -> None:
    p.impatient(lab)
    epoch = lab.truth()["nodes"][p.BACKUP]["epoch"]
    await lab.fault(*fault)
    status, said = await p.command(lab, *p.confirmed("failover", *words))
    assert (status, said["outcome"]) == (0, "done"), said
    truth = lab.truth()
    # A host that hangs takes itself for what it was, and reaches nobody.
    assert [name for name in truth["serving"] if truth["nodes"][name]["power"] != "hung"] == [p.BACKUP]
    assert truth["nodes"][p.BACKUP]["epoch"] == epoch + 1
    assert not p.locks(lab)
    if fault[0] == "node-hung":
        await lab.heal()
        await p.eventually(lambda: lab.truth()["serving"] == [p.BACKUP])


async def test_a_primary_that_only_the_arbitrator_sees_is_not_taken_for_dead(lab: Lab) -> None:
    p.impatient(lab)
    await lab.fault("partition", p.PRIMARY, "console")
    await lab.fault("partition", p.PRIMARY, p.BACKUP)
    before = p.standing(lab)
    status, said = await p.command(lab, *p.confirmed("failover"))
    assert (status, said["outcome"]) == (10, "refused")
    assert "primary_dead" in [guard["name"] for guard in said["guards"] if guard["result"] != "pass"]
    status, said = await p.command(lab, *p.confirmed("failover", "--attest", p.PRIMARY))
    assert (status, said["outcome"]) == (10, "refused")
    assert p.standing(lab) == before


async def test_a_service_that_does_not_stop_is_killed_where_that_is_asked_for(lab: Lab) -> None:
    await lab.fault("service-will-not-stop", p.PRIMARY)
    report = await p.run(lab, "failover", params={"stop": "kill"})
    assert report.outcome.value == "done", p.explained(report)
    assert lab.truth()["serving"] == [p.BACKUP]


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (p.confirmed("failover", "--override", "exactly_one_primary"), 10),
        (p.confirmed("failover", "--plan", "0" * 64), 10),
        (p.confirmed("failover", "--attest", p.PRIMARY, "--override", "primary_dead"), 10),
        (("failover", p.CLUSTER, "--reason", "test", "--confirm", "yes"), 14),
        (("failover", p.CLUSTER, "--reason", "test"), 14),
        (("failover", p.CLUSTER, "--confirm", p.CLUSTER), 64),
        (p.confirmed("fallover"), 64),
        (("failover", "production", "--reason", "test"), 64),
    ],
    ids=[
        "overridden",
        "another plan",
        "attested",
        "wrong answer",
        "no answer",
        "no reason",
        "no runbook",
        "no cluster",
    ],
)
async def test_what_may_not_run_changes_nothing(lab: Lab, words: tuple[str, ...], status: int) -> None:
    before = p.standing(lab)
    ended, said = await p.command(lab, *words)
    assert ended == status, said
    assert p.standing(lab) == before
    assert not p.locks(lab)


async def test_a_dry_run_leaves_every_file_of_every_host_alone(lab: Lab) -> None:
    lab.pace.speed = 0.001
    before, standing = p.files(lab), p.standing(lab)
    for runbook, expected in (("failover", 0), ("token-sync", 0), ("dr-sync", 0), ("dr-activate", 10)):
        status, said = await p.command(lab, runbook, p.CLUSTER, "--dry-run")
        assert status == expected, said
        assert {step["outcome"] for step in said["steps"]} == {"planned"}
    assert p.files(lab) == before
    assert p.standing(lab) == standing
    assert not p.story(lab)


def occupy(directory: Path) -> None:
    directory.parent.mkdir(parents=True, exist_ok=True)
    directory.write_text("a file where the directory would be")


async def test_where_the_journal_can_not_be_written_nothing_runs(lab: Lab) -> None:
    directory = directory_of(load(lab.estate_path))
    assert directory.is_relative_to(lab.directory)
    occupy(directory)
    before = p.standing(lab)
    status, said = await p.command(lab, *p.confirmed("failover"))
    assert (status, said["outcome"]) == (10, "refused"), said
    assert p.standing(lab) == before


@pytest.mark.parametrize("fault", ["storage-unmounted", "storage-empty"])
async def test_a_source_that_is_gone_is_not_copied_to_the_dr_site(lab: Lab, fault: str) -> None:
    before = {path: data for path, data in p.files(lab).items() if path.startswith("dr-")}
    await lab.fault(fault)
    status, said = await p.command(lab, *p.confirmed("dr-sync"))
    assert (status, said["outcome"]) == (10, "refused"), said
    assert {path: data for path, data in p.files(lab).items() if path.startswith("dr-")} == before


@pytest.mark.parametrize("fault", ["dns-refusing", "dns-dead"])
async def test_a_name_server_that_does_not_change_leaves_the_users_untold(lab: Lab, fault: str) -> None:
    assert (await p.run(lab, "dr-sync", "sync")).outcome.value == "done"
    p.impatient(lab)
    for host in p.MAIN:
        await lab.fault("node-down", host)
    await lab.fault(fault)
    status, said = await p.command(lab, *p.confirmed("dr-activate", *p.ATTESTED))
    truth = lab.truth()
    assert status == (13 if fault == "dns-refusing" else 10), said
    assert truth["serving"] == ([p.DR_PRIMARY] if status == 13 else [])
    assert truth["dns"]["addresses"] == [p.MAIN_ADDRESS]
    assert not truth["notifications"]
    assert not p.locks(lab)


async def test_a_plan_that_changes_while_it_is_looked_at_is_not_run_and_says_in_what(lab: Lab) -> None:
    loop, ground = "dsls-token-sync.service", Ground(load(lab.estate_path), p.CLUSTER)
    units = lab.world.units[p.PRIMARY]

    async def stop_the_loop(report: Report) -> str:
        await units.stop(units.units[loop])
        return p.CLUSTER

    async with Reach(ground, time.time) as hands:
        operation = p.operation_of("failover", "test", hands, ground, confirmation=None)
        operation.ask = stop_the_loop
        report = await operation.run()
    assert report.outcome.value == "refused"
    assert f"no longer “pause token-sync” on {p.PRIMARY}" in report.sentence
    assert lab.truth()["serving"] == [p.PRIMARY]
    assert not p.locks(lab)
