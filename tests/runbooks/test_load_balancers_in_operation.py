"""What an operation set on load balancers lasts to its end, and goes back to what it was before."""

import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from dslsconsole.journal import read
from dslsconsole.lab.faults.balancers import lb_reload as lab_reload
from dslsconsole.lab.practice import Lab
from dslsconsole.runbooks.execution import Ending, StepOutcome, StepResult
from dslsconsole.runbooks.operation import Operation, Wish, asked
from dslsconsole.runbooks.permission import who
from dslsconsole.runbooks.plan import PlannedStep
from dslsconsole.runbooks.reach import Reach
from dslsconsole.runbooks.record import OperationLog, directory_of, journal_of
from dslsconsole.runbooks.report import Report
from dslsconsole.runbooks.schema import builtin
from dslsconsole.settings import load
from dslsconsole.systems.acting import Answer
from dslsconsole.systems.ground import Ground
from tests.operation_clock import OperationClock

CLUSTER, PRIMARY, BACKUP = "production-cluster", "dsls-primary-01", "dsls-backup-01"


class NoPromotion(Reach):
    async def run(self, host: str, command: str, *, stdin: bytes | None = None, timeout: float) -> Answer:
        if "-promote-to-primary" in command and host == BACKUP:
            return Answer(1, "", "ERROR: refused by the test")
        return await super().run(host, command, stdin=stdin, timeout=timeout)


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    async with Lab(tmp_path / "lab", speed=4.0) as lab:
        yield lab


async def run(
    lab: Lab,
    runbook: str,
    operation: str,
    params: dict[str, str] | None = None,
    hands: type[Reach] = Reach,
    clock: OperationClock | None = None,
    progress: Callable[[PlannedStep, StepResult], None] = lambda step, result: None,
) -> Report:
    estate = load(lab.estate_path)
    ground, book, person, clock = Ground(estate, CLUSTER), builtin()[runbook], who(), clock or OperationClock()
    wish = Wish(
        runbook=book, operation=operation, reason="test", params=asked(book, params or {}), confirmation=CLUSTER
    )
    log = OperationLog(journal_of(estate, time.time), person, CLUSTER, runbook, operation)
    async with hands(ground, time.time) as reach:
        return await Operation(wish, ground, reach, log, person, clock, clock.pause, progress=progress).run()


def admin(lab: Lab, balancer: str, node: str) -> Any:
    servers = lab.truth()["load_balancers"][balancer]["servers"]
    return {name: state["admin"] for name, state in servers.items()}[
        Ground(load(lab.estate_path), CLUSTER).server_name(balancer, node) or ""
    ]


async def test_a_drained_server_is_drained_again_after_a_rollback(lab: Lab) -> None:
    ready = admin(lab, "haproxy-01", PRIMARY)
    # A serving node is not drained by a runbook, but may be by hand.
    ground = Ground(load(lab.estate_path), CLUSTER)
    async with Reach(ground, time.time) as hands:
        socket = ground.balancer("haproxy-01").socket or ""
        line = f"set server {ground.backend_server('haproxy-01', PRIMARY)} state drain"
        await hands.ask_socket("haproxy-01", socket, line, timeout=5)
    drained = admin(lab, "haproxy-01", PRIMARY)
    assert drained != ready
    clock = OperationClock(lambda step: step.action == "promote")
    report = await run(lab, "failover", "test", hands=NoPromotion, clock=clock, progress=clock.seen)
    assert report.outcome is Ending.ROLLED_BACK, (report.sentence, report.card)
    assert admin(lab, "haproxy-01", PRIMARY) == drained
    assert admin(lab, "haproxy-02", PRIMARY) == ready
    assert any("state drain" in step.undo for step in report.steps)


async def test_what_a_reload_forgot_is_set_again_before_the_end(lab: Lab) -> None:
    reloads: list[object] = []

    def reload(step: PlannedStep, result: StepResult) -> None:
        if step.action == "test-checkout" and result.outcome is StepOutcome.RUNNING and not reloads:
            reloads.append(lab_reload(lab, "haproxy-01"))

    report = await run(lab, "failover", "test", progress=reload)
    assert reloads
    assert report.outcome is Ending.DONE, (report.sentence, report.card)
    assert admin(lab, "haproxy-01", PRIMARY) == admin(lab, "haproxy-02", PRIMARY)
    again = [entry for entry in read(directory_of(load(lab.estate_path))) if entry.data.get("again")]
    assert [entry.data["host"] for entry in again] == ["haproxy-01"]
