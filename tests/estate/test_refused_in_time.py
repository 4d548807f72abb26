"""What changes while a runbook is prepared or runs, and what must not be done in the estate's state."""

import asyncio

import dns.name

from dslsconsole.lab.practice import Lab
from dslsconsole.lab.world.site import RECORD
from dslsconsole.runbooks.execution import Ending, StepOutcome, StepResult
from dslsconsole.runbooks.plan import PlannedStep
from tests.estate import practising as p
from tests.operation_clock import OperationClock


async def test_a_second_run_while_one_runs_is_turned_away(lab: Lab) -> None:
    stopping = asyncio.Event()
    await lab.fault("command-slow", p.PRIMARY, "systemctl stop")

    def watch(step: PlannedStep, result: StepResult) -> None:
        if "systemctl stop" in step.command and result.outcome is StepOutcome.RUNNING:
            stopping.set()

    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(p.run(lab, "failover", "first", progress=watch))
        await asyncio.wait_for(stopping.wait(), 20)
        status, said = await p.command(lab, *p.confirmed("token-sync"))
        held = [path.read_bytes() for path in p.locks(lab)]
        await lab.heal()
    assert (status, said["outcome"]) == (11, "locked"), said
    assert held
    assert all(b"first" in record for record in held)
    assert first.result().outcome is Ending.DONE, p.explained(first.result())
    assert lab.truth()["serving"] == [p.BACKUP]
    p.never_wrong(lab)


async def test_a_record_that_somebody_else_changes_meanwhile_is_left_to_them(lab: Lab) -> None:
    await p.brought_to(lab, "dr-activate")
    theirs = "10.99.0.1"

    clock = OperationClock(lambda step: step.action == "dns-update")

    def meddle(step: PlannedStep, result: StepResult) -> None:
        clock.seen(step, result)
        if step.action == "dns-update" and result.outcome is StepOutcome.RUNNING:
            lab.world.names.records[dns.name.from_text(RECORD)] = (60, {theirs})

    report = await p.run(lab, "dr-activate", overrides=p.overridden("dr-activate"), clock=clock, progress=meddle)
    assert report.outcome is Ending.NEEDS_PERSON, p.explained(report)
    assert "somebody else changed it" in report.sentence
    truth = lab.truth()
    assert truth["dns"]["addresses"] == [theirs]
    assert not truth["notifications"]
    assert truth["serving"] == [p.DR_PRIMARY]
    p.never_wrong(lab)


async def test_nothing_is_copied_to_a_dr_site_that_serves(lab: Lab) -> None:
    await p.brought_to(lab, "dr-return")
    before, generation = p.standing(lab), lab.truth()["nodes"][p.DR_PRIMARY]["generation"]
    for runbook in ("dr-sync", "failover", "token-sync"):
        status, said = await p.command(lab, *p.confirmed(runbook))
        assert (status, said["outcome"]) == (10, "refused"), said
    assert p.standing(lab) == before
    assert lab.truth()["nodes"][p.DR_PRIMARY]["generation"] >= generation


async def test_the_main_site_is_not_started_beside_a_dr_site_that_serves(lab: Lab) -> None:
    await p.brought_to(lab, "dr-return")
    for host in p.MAIN:
        for other in (p.DR_PRIMARY, p.DR_BACKUP):
            await lab.fault("partition", host, other)
    for node in (p.ARBITRATOR, p.BACKUP, p.PRIMARY):
        report = await p.run(lab, "service-start", params={"node": node})
        assert report.outcome is Ending.REFUSED
        assert p.refusing(report) == ["other_site_idle"]
        assert lab.truth()["nodes"][node]["unit"] == "inactive"
    assert lab.truth()["serving"] == [p.DR_PRIMARY]


async def test_whether_the_other_site_serves_must_be_known_where_its_own_does_not(lab: Lab) -> None:
    for node in (p.PRIMARY, p.BACKUP):
        await lab.fault("service-killed", node)
    for host in (p.DR_PRIMARY, p.DR_BACKUP, "dr-haproxy-01"):
        await lab.fault("node-down", host)
    report = await p.run(lab, "service-start", params={"node": p.PRIMARY}, dry_run=True)
    assert p.refusing(report) == ["other_site_idle"]
    assert set(report.attest) == {p.DR_PRIMARY, p.DR_BACKUP}
    vouched = frozenset(report.attest)
    report = await p.run(lab, "service-start", params={"node": p.PRIMARY}, attested=vouched, dry_run=True)
    assert report.outcome is Ending.DONE, p.explained(report)


async def test_a_dr_site_is_not_started_when_the_main_site_came_back_meanwhile(lab: Lab) -> None:
    """One that served before takes its role as it starts, so that starting it is promoting it."""
    await p.brought_to(lab, "dr-activate")

    def meddle(step: PlannedStep, result: StepResult) -> None:
        if step.host == p.ARBITRATOR and step.action == "service-stop" and result.outcome is StepOutcome.DONE:
            lab.world.units[p.PRIMARY].start(lab.world.nodes[p.PRIMARY].unit)

    report = await p.run(lab, "dr-activate", overrides=p.overridden("dr-activate"), progress=meddle)
    start = next(step for step in report.steps if step.name == f"start {p.DR_PRIMARY}")
    assert start.outcome is StepOutcome.FAILED
    assert start.output.startswith("Not run"), start.output
    assert p.DR_PRIMARY not in lab.truth()["serving"]
    assert lab.truth()["nodes"][p.DR_PRIMARY]["unit"] == "inactive"
    p.never_wrong(lab)


async def test_nothing_is_returned_from_a_dr_site_that_does_not_serve(lab: Lab) -> None:
    before = p.standing(lab)
    report = await p.run(lab, "dr-return")
    assert report.outcome is Ending.REFUSED
    assert "dr_active" in p.refusing(report)
    assert p.standing(lab) == before


async def test_too_many_deletions_are_not_copied(lab: Lab) -> None:
    await lab.fault("dr-stale")
    for number in range(9):
        lab.world.hosts[p.DR_PRIMARY].write(f"/opt/dsls/config/old-{number}.conf", "old\n", owner="dslsop")
    before = {path: data for path, data in p.files(lab).items() if path.startswith("dr-")}
    status, said = await p.command(lab, *p.confirmed("dr-sync"))
    assert (status, said["outcome"]) == (10, "refused"), said
    assert "deletions_allowed" in [guard["name"] for guard in said["guards"] if guard["result"] != "pass"]
    assert {path: data for path, data in p.files(lab).items() if path.startswith("dr-")} == before


async def test_users_who_can_not_be_told_are_left_to_a_person(lab: Lab) -> None:
    await p.brought_to(lab, "dr-activate")
    await lab.fault("notify-dead")
    status, said = await p.command(lab, *p.confirmed("dr-activate", "--override", "main_not_serving"))
    assert (status, said["outcome"]) == (13, "needs_person"), said
    truth = lab.truth()
    assert truth["serving"] == [p.DR_PRIMARY]
    assert truth["dns"]["addresses"] == [p.DR_ADDRESS]
    assert not truth["notifications"]
    assert "tell the users" in said["sentence"]
    p.never_wrong(lab)
