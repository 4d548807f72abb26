"""Every fault of the practice estate strikes during every runbook, at a boundary of its steps.

Where in a runbook and on which host a fault strikes is drawn from the names of both, always the same. A spread of the
pairs runs always, with every third fault in it; all of them where DSLSCONSOLE_ALL_FAULTS=1, which takes half
an hour on two cores that have nothing else to do:
`DSLSCONSOLE_ALL_FAULTS=1 pytest -n auto tests/estate/test_faults_during_runbooks.py`.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable

import pytest

from dslsconsole.journal import read
from dslsconsole.lab.faults import all_faults
from dslsconsole.lab.practice import Lab
from dslsconsole.runbooks import left
from dslsconsole.runbooks.execution import Ending
from dslsconsole.runbooks.plan import PlannedStep
from dslsconsole.runbooks.record import directory_of
from dslsconsole.runbooks.report import Report
from dslsconsole.runbooks.schema import builtin
from dslsconsole.settings import load
from tests.estate import practising as p
from tests.estate.honest import DONE, Beginning, apart, claims, named
from tests.estate.killing import taken_up
from tests.estate.striking import Lot, Strike, Watched, strike_of, struck_run

NewLab = Callable[[], Awaitable[Lab]]
OPERATION = "struck"
SPREAD = 3
HANGS_SECONDS = 600.0
"""No operation takes so long, however slow the machine: it hangs."""
DRILLS = ("failover", "failure", "partition", "dr")


def pairs() -> list[tuple[str, str]]:
    """In an order without an order, so that those that take long are spread among the workers."""
    every = sorted(((fault, runbook) for fault in all_faults() for runbook in builtin()), key=mixed)
    if os.environ.get("DSLSCONSOLE_ALL_FAULTS") == "1":
        return every
    runbooks = sorted(builtin(), key=mixed)
    return [(fault, runbooks[number % len(runbooks)]) for number, fault in enumerate(all_faults())][::SPREAD]


def mixed(item: object) -> int:
    return Lot(str(item)).one_of(range(2**32))


def test_each_fault_and_each_runbook_can_be_among_them() -> None:
    assert {fault for fault, _ in pairs()} <= set(all_faults())
    assert {runbook for _, runbook in pairs()} <= set(builtin()) == set(DONE)


def answers(fault: str, runbook: str) -> dict[str, str]:
    if runbook != "ha-drill":
        return p.ANSWERS.get(runbook, {})
    chosen = Lot(f"{fault} during a drill").one_of(DRILLS)
    return {drill: "run" if drill == chosen else "skip" for drill in DRILLS}


@pytest.mark.parametrize(("fault", "runbook"), [pytest.param(*pair, id="-during-".join(pair)) for pair in pairs()])
async def test_it_ends_honestly(new_lab: NewLab, fault: str, runbook: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(left, "WATCHED_SECONDS", 0.1)
    lab, params, overrides = await new_lab(), answers(fault, runbook), p.overridden(runbook)
    steps = await p.brought_to(lab, runbook, params)
    strike, before = strike_of(fault, runbook, steps, lab), Beginning(lab)
    async with Watched(lab) as watched:
        async with asyncio.timeout(HANGS_SECONDS):
            report = await struck_run(lab, runbook, OPERATION, strike, params=params, overrides=overrides)
        told = f"{strike}: {p.explained(report)}"
        await ended_honestly(lab, runbook, strike, before, report, steps, told)
        written_down(lab, report)
        locked = [path.parts[-5] for path in p.locks(lab)]
        for host in locked:
            assert any(f" is left behind on {host}: " in line for line in report.card), (host, told)
        await lab.heal()
        if report.outcome is Ending.ROLLED_BACK:
            apart_from = strike.hosts if comes_back_otherwise(strike, before) else frozenset()
            await until_as_before(lab, before, apart_from, f"mended, {told}")
        if locked:
            released = await taken_up(lab, "abandon")
            assert released.outcome is Ending.DONE, (told, released)
            assert not p.locks(lab)
    assert not watched.seen, (watched.seen, told)
    assert not watched.raised, (watched.raised, told)


async def ended_honestly(
    lab: Lab, runbook: str, strike: Strike, before: Beginning, report: Report, steps: tuple[PlannedStep, ...], told: str
) -> None:
    truth = lab.truth()
    if report.outcome is Ending.DONE:
        assert not list(DONE[runbook](lab, truth, before)), (list(DONE[runbook](lab, truth, before)), told)
    elif report.outcome is Ending.ROLLED_BACK:
        await until_as_before(lab, before, strike.hosts, told)
    else:
        assert report.outcome is Ending.NEEDS_PERSON, told
        assert not list(named(report)), (list(named(report)), told)
        assert not list(claims(report, steps, truth)), (list(claims(report, steps, truth)), told)


async def until_as_before(lab: Lab, before: Beginning, hosts: frozenset[str], told: str) -> None:
    """Wait until all but some hosts stands as before: a server that was started again looks for its role first."""
    was = apart(before.standing, hosts)
    try:
        await p.eventually(lambda: apart(p.standing(lab), hosts) == was, within=30)
    except TimeoutError:
        assert apart(p.standing(lab), hosts) == was, told


def comes_back_otherwise(strike: Strike, before: Beginning) -> bool:
    """Whether the struck host, mended, is not as before by the fault's own nature."""
    if strike.fault in ("lb-reload", "lb-dead", "service-will-not-stop"):
        return True
    nodes = before.truth["nodes"]
    was_stopped = any(nodes[host]["unit"] != "active" for host in strike.hosts if host in nodes)
    is_balancer = any(host not in nodes for host in strike.hosts)
    return strike.fault in ("node-down", "service-killed") and (was_stopped or is_balancer)


def written_down(lab: Lab, report: Report) -> None:
    """The journal is whole, and tells of every step that began how it ended, and the outcome last."""
    events = p.story(lab, OPERATION)
    entries = list(read(directory_of(load(lab.estate_path)), operation=OPERATION))
    assert events[-1] == "outcome"
    assert entries[-1].data["outcome"] == report.outcome.value
    assert events.count("outcome") == 1
    for number, _ in enumerate(report.steps, 1):
        of_step = [entry.event for entry in entries if entry.data.get("step") == number]
        assert of_step.count("step-started") <= of_step.count("step-ended"), (number, of_step)
