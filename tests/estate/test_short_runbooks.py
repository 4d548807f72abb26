"""Runbooks of few steps: to their end as programs, and each step refused once."""

import os
from collections.abc import Callable
from functools import partial

import pytest

from dslsconsole.lab.faults.commands import command_lost_after, command_lost_before
from dslsconsole.lab.practice import Lab
from dslsconsole.runbooks.execution import Ending, StepOutcome
from tests.estate import practising as p
from tests.operation_clock import OperationClock

EVERY = os.environ.get("DSLSCONSOLE_ALL_FAULTS") == "1"
SERVER = "dsls-backup"
PLACE = "/dr/dsls/generations"
Params = dict[str, str]
NODE: Params = {"node": p.BACKUP}


def words(params: Params) -> list[str]:
    return [word for key, value in params.items() for word in ("--param", f"{key}={value}")]


def admin(lab: Lab) -> dict[str, str]:
    """The administrative state of the backup's server on each load balancer of the main site."""
    balancers = lab.truth()["load_balancers"]
    return {name: balancers[name]["servers"][SERVER]["admin"] for name in p.MAIN_BALANCERS}


def unit(lab: Lab, name: str = p.BACKUP) -> str:
    state: str = lab.truth()["nodes"][name]["unit"]
    return state


async def runs(lab: Lab, runbook: str, params: Params) -> None:
    status, said = await p.command(lab, *p.confirmed(runbook, *words(params)))
    assert (status, said["outcome"]) == (0, "done"), said
    assert {step["outcome"] for step in said["steps"]} <= {"done", "skipped"}
    assert any(step["outcome"] == "done" for step in said["steps"]), said
    p.never_wrong(lab)


async def test_a_server_on_the_load_balancers(lab: Lab) -> None:
    for runbook, state in (("lb-drain", "drain"), ("lb-ready", "ready"), ("lb-maint", "maint"), ("lb-ready", "ready")):
        await runs(lab, runbook, NODE)
        assert set(admin(lab).values()) == {state}
    await runs(lab, "lb-maint", {**NODE, "balancer": "haproxy-02"})
    assert admin(lab) == {"haproxy-01": "ready", "haproxy-02": "maint"}


async def test_a_licence_service(lab: Lab) -> None:
    before = p.standing(lab)
    process = lab.world.nodes[p.BACKUP].unit.pid
    await runs(lab, "service-restart", NODE)
    assert lab.world.nodes[p.BACKUP].unit.pid != process
    await p.until_standing(lab, before)
    await runs(lab, "service-stop", NODE)
    assert unit(lab) == "inactive"
    assert lab.truth()["serving"] == [p.PRIMARY]
    await runs(lab, "service-start", NODE)
    await p.until_standing(lab, before)


async def test_licences_are_checked_out_and_in(lab: Lab) -> None:
    before, sessions = p.standing(lab), set(lab.world.nodes[p.PRIMARY].server.tokens.checkouts)
    assert sessions is not None
    await runs(lab, "checkout-test", {})
    assert p.standing(lab) == before


@pytest.mark.parametrize("runbook", ["service-stop", "service-restart", "lb-maint", "lb-drain"])
async def test_the_primary_is_left_alone(lab: Lab, runbook: str) -> None:
    before = p.standing(lab)
    report = await p.run(lab, runbook, params={"node": p.PRIMARY})
    assert report.outcome is Ending.REFUSED
    assert "not_serving" in p.refusing(report)
    assert p.standing(lab) == before


async def prepared(lab: Lab, runbook: str) -> Params:
    """Bring the estate to where the runbook has something to do; its parameters."""
    if runbook == "lb-ready":
        await p.eventually_done(lab, "lb-maint", NODE)
    if runbook == "service-start":
        await p.eventually_done(lab, "service-stop", NODE)
    return {} if runbook in ("checkout-test", "dr-sync") else NODE


SHORT = ["lb-drain", "lb-ready", "lb-maint", "service-start", "service-stop", "service-restart", "checkout-test"]


@pytest.mark.parametrize("runbook", [*(SHORT if EVERY else SHORT[::2]), "dr-sync"])
async def test_each_step_is_refused_once(lab: Lab, runbook: str) -> None:
    params = await prepared(lab, runbook)
    if runbook == "dr-sync":
        await lab.fault("dr-stale")  # the timer copies nothing meanwhile
        stale(lab)
    steps = await p.plan_of(lab, runbook, params=params)
    steps = tuple(step for step in steps if step.action != "prune-generations")  # there are no old ones yet
    failed = set()
    for step in steps:
        before, operation = p.standing(lab), f"test-{step.number}"
        report, broken = await p.broken_run(lab, runbook, operation, {step.number}, params=params)
        assert broken.met == {step.number}, p.explained(report)
        assert report.outcome is Ending.ROLLED_BACK, p.explained(report)
        assert report.steps[step.number - 1].outcome is StepOutcome.FAILED
        assert step.name in report.sentence
        failed.add(step.number)
        await p.until_standing(lab, before)
        p.never_wrong(lab)
        assert p.story(lab, operation)[-1] == "outcome"
        if runbook == "dr-sync":
            stale(lab)
    assert failed == {step.number for step in steps}


@pytest.mark.parametrize("runbook", ["lb-maint", "service-stop", "service-start"])
async def test_a_command_whose_answer_is_lost_is_looked_up(lab: Lab, runbook: str) -> None:
    params = await prepared(lab, runbook)
    before = p.standing(lab)
    numbers = {step.number for step in await p.plan_of(lab, runbook, params=params)}
    report, broken = await p.broken_run(lab, runbook, "before", numbers, command_lost_before, params=params)
    assert broken.met == numbers
    assert report.outcome in (Ending.ROLLED_BACK, Ending.NEEDS_PERSON), p.explained(report)
    assert not {result.outcome for result in report.steps} & {StepOutcome.DONE, StepOutcome.SKIPPED}
    await p.until_standing(lab, before)
    report, broken = await p.broken_run(lab, runbook, "after", numbers, command_lost_after, params=params)
    assert broken.met == numbers
    assert report.outcome is Ending.DONE, p.explained(report)
    assert p.standing(lab) != before
    p.never_wrong(lab)


def stale(lab: Lab) -> None:
    """Licence and configuration files of the main site are newer than those of the DR site."""
    number = len(list((lab.directory / "storage" / "licenses").iterdir()))
    (lab.directory / "storage" / "licenses" / f"added-{number}.txt").write_text("a note\n")
    host = lab.world.hosts[p.PRIMARY]
    host.write("/opt/dsls/config/note.conf", f"# note {number}\n", owner="dslsop")


async def test_the_dr_site_gets_the_files_and_the_state(lab: Lab) -> None:
    await lab.fault("dr-stale")
    stale(lab)
    before = lab.truth()["nodes"]
    await runs(lab, "dr-sync", {})
    after = lab.truth()["nodes"]
    for name in (p.DR_PRIMARY, p.DR_BACKUP):
        assert after[name]["last_dr_sync"] != before[name]["last_dr_sync"]
        assert lab.world.hosts[name].read("/opt/dsls/config/note.conf").startswith(b"# note")
    assert p.standing(lab)["primaries"] == [p.PRIMARY]


def later_than(clock: Callable[[], float], second: int) -> bool:
    """Whether the second is over, by which generations are named."""
    return clock() >= second


async def test_what_a_sync_replaces_is_kept_a_few_times(lab: Lab) -> None:
    await lab.fault("dr-stale")
    path, here, there = "/opt/dsls/config/note.conf", lab.world.hosts[p.PRIMARY], lab.world.hosts[p.DR_PRIMARY]
    for number in range(4):
        if number < 3:
            here.write(path, f"# note {number}\n", owner="dslsop")
        else:
            # The same size and time: only its checksum tells.
            modified = there.files.status(path).modified
            there.files.write(path, b"# NOTE 2\n")
            there.files.set_modified(path, modified)
        report = await p.run(lab, "dr-sync", f"sync-{number}")
        assert report.outcome is Ending.DONE, p.explained(report)
        await p.eventually(partial(later_than, there.clock, int(there.clock()) + 1))
    assert there.read(path) == b"# note 2\n"
    generations = {part: sorted(there.files.names(f"{PLACE}/{part}")) for part in ("1-config", "state")}
    assert {part: len(names) for part, names in generations.items()} == {"1-config": 2, "state": 2}, generations
    kept = [there.read(f"{PLACE}/1-config/{name}/note.conf") for name in generations["1-config"]]
    assert kept == [b"# note 1\n", b"# NOTE 2\n"]
    assert there.read(f"{PLACE}/state/{generations['state'][-1]}").startswith(b"DSLS-STATE 1 generation=")


@pytest.mark.parametrize("runbook", ["quarantine", *(("service-stop", "service-restart") if EVERY else ())])
async def test_a_server_that_does_not_heed_its_stop_is_started_again_and_that_is_said(lab: Lab, runbook: str) -> None:
    before = p.standing(lab)
    clock = OperationClock(lambda step: step.action in ("service-stop", "service-restart"))
    await lab.fault("service-will-not-stop", p.BACKUP)
    report = await p.run(lab, runbook, params=NODE, clock=clock, progress=clock.seen)
    assert report.outcome is Ending.ROLLED_BACK, p.explained(report)
    assert unit(lab) == "deactivating"
    assert "systemd may yet kill it, so watch it" in " ".join(report.card)
    await lab.heal("service-will-not-stop")
    await p.until_standing(lab, before)
