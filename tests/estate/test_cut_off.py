"""What an operation loses while it runs: its connections, its terminal, its console, and the room for its journal."""

import asyncio
import json
import os
import resource
import sys
from collections.abc import Awaitable, Callable
from itertools import groupby
from pathlib import Path

import pytest

from dslsconsole.journal import read
from dslsconsole.lab.practice import Lab
from dslsconsole.runbooks.execution import Ending, StepOutcome, StepResult
from dslsconsole.runbooks.plan import PlannedStep
from dslsconsole.runbooks.record import directory_of
from dslsconsole.runbooks.report import Report
from dslsconsole.settings import load
from tests.estate import practising as p
from tests.estate.honest import DONE, Beginning, claims, named
from tests.estate.killing import left_behind, taken_up
from tests.estate.striking import HurriedClock
from tests.estate.terminal import OnTerminal

NewLab = Callable[[], Awaitable[Lab]]
EVERY = os.environ.get("DSLSCONSOLE_ALL_FAULTS") == "1"
SHARES = 4
"""Every fourth group of steps is always tried, and every one where all faults are."""
STOP = "systemctl stop dsls-primary"
"""What a failover stops the primary by: here it is held, so that it is known where the operation stands."""


HEARS_AT_ONCE = """
from dslsconsole.cli import main
from dslsconsole.tui.dialogs.plan import PlanDialog
from dslsconsole.tui.dialogs.question import Question
PlanDialog.deaf_s = Question.deaf_s = 0.0
main()
"""
"""The console, with dialogs that take keys as soon as they are there."""


def program(lab: Lab, *words: str) -> tuple[str, ...]:
    return ("-m", "dslsconsole", "-c", str(lab.estate_path), *words)


def events(lab: Lab, operation: str) -> list[str]:
    return [entry.event for entry in read(directory_of(load(lab.estate_path)), operation=operation)]


async def until_stopping(lab: Lab, operation: str, times: int = 1) -> None:
    """Wait until the operation is at the stop of the primary, which is held, for the first time or once more."""

    def stopping() -> bool:
        entries = read(directory_of(load(lab.estate_path)), operation=operation)
        begun = [entry for entry in entries if entry.event == "step-started" and STOP in str(entry.data.get("command"))]
        return len(begun) == times

    await p.eventually(stopping)


async def killed_while_stopping(lab: Lab, operation: str) -> None:
    """A failover whose process was killed while it stopped the primary; whoever goes on is held there too."""
    await lab.fault("command-slow", p.PRIMARY, STOP)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *program(lab, "run", *p.confirmed("failover", "--operation", operation))),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
    )
    await until_stopping(lab, operation)
    process.kill()
    await process.wait()


def taking_up(operation: str) -> tuple[str, ...]:
    sure = ("--confirm", p.CLUSTER, "--reason", "test")
    return ("operations", "resume", operation, "--decide", "continue", *sure)


# Connections


class Cut:
    """Breaks every connection of a run while a step of it runs, and hurries what can't come any more."""

    def __init__(self, lab: Lab, number: int) -> None:
        self._lab = lab
        self._number = number
        self._breaking: asyncio.Task[None] | None = None
        self._clock = HurriedClock()

    async def run(self, runbook: str, operation: str) -> Report:
        more = {"overrides": p.overridden(runbook), "clock": self._clock, "progress": self._seen}
        report = await p.run(self._lab, runbook, operation, **more)
        if self._breaking is not None:
            await self._breaking
        return report

    def _seen(self, step: PlannedStep, result: StepResult) -> None:
        if step.number == self._number and result.outcome is StepOutcome.RUNNING and self._breaking is None:
            self._clock.hurry()
            self._breaking = asyncio.create_task(self._break())

    async def _break(self) -> None:
        for sshd in self._lab.sshds.values():
            await sshd.stop()
            await sshd.start()


@pytest.mark.parametrize("share", range(SHARES if EVERY else 1))
async def test_all_connections_break_while_a_step_runs(new_lab: NewLab, share: int) -> None:
    runbook, lab = "failover", await new_lab()
    await p.brought_to(lab, runbook)
    steps = await p.plan_of(lab, runbook, overrides=p.overridden(runbook))
    firsts = [next(group).number for _, group in groupby(steps, key=lambda step: step.group)]
    for number in firsts[share::SHARES]:
        before, operation = Beginning(lab), f"cut-{number}"
        report = await Cut(lab, number).run(runbook, operation)
        if report.outcome is Ending.REFUSED:  # a busy machine let a question at its beginning go unanswered
            await p.until_ready(lab, runbook, overrides=p.overridden(runbook))
            report = await Cut(lab, number).run(runbook, operation := f"{operation}-again")
        told = f"step {number}: {p.explained(report)}"
        p.never_wrong(lab)
        assert p.story(lab, operation)[-1] == "outcome"
        if report.outcome is Ending.ROLLED_BACK:
            await p.until_standing(lab, before.standing)
            await p.until_ready(lab, runbook, overrides=p.overridden(runbook))
            continue
        if report.outcome is Ending.DONE:
            assert not (wrong := list(DONE[runbook](lab, lab.truth(), before))), (wrong, told)
        else:
            assert report.outcome is Ending.NEEDS_PERSON, told
            assert not (wrong := [*named(report), *claims(report, steps, lab.truth())]), (wrong, told)
        lab = await new_lab()
        await p.brought_to(lab, runbook)


# The terminal


async def test_a_terminal_that_is_closed_does_not_end_the_operation(lab: Lab) -> None:
    before = Beginning(lab)
    await lab.fault("command-slow", p.PRIMARY, STOP)
    words = ("run", "failover", p.CLUSTER, "--reason", "test", "--operation", "closed")
    async with OnTerminal(*program(lab, *words)) as terminal:
        await terminal.until("anything else to cancel:")
        terminal.type(f"{p.CLUSTER}\n")
        await until_stopping(lab, "closed")
        terminal.close()
        await lab.heal()
        assert await terminal.ended() == 0
    assert p.story(lab, "closed")[-1] == "outcome"
    assert not list(DONE["failover"](lab, lab.truth(), before))
    p.never_wrong(lab)


async def test_output_that_nobody_takes_any_more_does_not_end_the_operation(lab: Lab) -> None:
    await p.until_ready(lab, "failover")
    before = Beginning(lab)
    await lab.fault("command-slow", p.PRIMARY, STOP)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *program(lab, "run", *p.confirmed("failover", "--operation", "piped"))),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    await process.stdout.readline()
    await until_stopping(lab, "piped")
    process.stdout._transport.close()  # type: ignore[attr-defined]
    await lab.heal()
    assert b"Traceback" not in await process.stderr.read()
    assert await process.wait() == 0
    assert p.story(lab, "piped")[-1] == "outcome"
    assert not list(DONE["failover"](lab, lab.truth(), before))
    p.never_wrong(lab)


@pytest.mark.parametrize("ends", ["closed", "\x04", "\x03"], ids=["closed", "end of input", "interrupt"])
async def test_a_terminal_that_is_closed_at_the_question_runs_nothing(lab: Lab, ends: str) -> None:
    before = p.standing(lab)
    words = ("run", "failover", p.CLUSTER, "--reason", "test", "--operation", "unasked")
    async with OnTerminal(*program(lab, *words)) as terminal:
        await terminal.until("anything else to cancel:")
        if ends == "closed":
            terminal.close()
        else:
            terminal.type(ends)
        assert await terminal.ended() == 14
    assert b"Traceback" not in terminal.shown
    assert p.story(lab, "unasked")[-1] == "outcome"
    assert p.standing(lab) == before
    p.never_wrong(lab)


async def test_a_console_that_is_closed_leaves_its_operation_running(lab: Lab) -> None:
    before = Beginning(lab)
    await lab.fault("command-slow", p.PRIMARY, STOP)
    async with OnTerminal("-c", HEARS_AT_ONCE, "-c", lab.estate_path, "console") as terminal:
        await terminal.until(p.PRIMARY)
        await terminal.until("not armed")
        terminal.type("a")
        await terminal.until("type it and Enter")
        terminal.type("INC-1\r")
        await terminal.until("ARMED")
        terminal.type("F")
        await terminal.until("to run it")
        terminal.type(f"{p.CLUSTER}\r")
        await p.eventually(lambda: bool(p.holding(lab)))
        (one,) = p.holding(lab)
        await until_stopping(lab, one)
        terminal.close()
        await terminal.ended()
    assert events(lab, one)[-1] != "outcome"
    assert (await left_behind(lab)).running
    await lab.heal()
    await p.eventually(lambda: events(lab, one)[-1] == "outcome")
    assert p.story(lab, one)[-1] == "outcome"
    await p.eventually(lambda: not p.locks(lab))
    assert not list(DONE["failover"](lab, lab.truth(), before))
    p.never_wrong(lab)


@pytest.mark.parametrize("ends", ["closed", "\x03"], ids=["closed", "interrupted"])
async def test_what_is_taken_up_again_goes_on_without_its_terminal_and_heeds_an_interrupt(lab: Lab, ends: str) -> None:
    before = Beginning(lab)
    await killed_while_stopping(lab, "again")
    async with OnTerminal(*program(lab, *taking_up("again"))) as terminal:
        await until_stopping(lab, "again", 2)
        if ends == "closed":
            terminal.close()
        else:
            terminal.type(ends)
            await terminal.until("^C")
        await lab.heal()
        assert await terminal.ended() == (0 if ends == "closed" else 12), terminal.shown.decode()
    assert p.story(lab, "again")[-1] == "outcome"
    if ends == "closed":
        assert not list(DONE["failover"](lab, lab.truth(), before))
    else:
        await p.until_standing(lab, before.standing)
    p.never_wrong(lab)


# Room for the journal


def fill(directory: Path, pid: int) -> None:
    """Let a process write nothing more into its journal, as if the disk were full."""
    size = max(path.stat().st_size for path in directory.glob("*.jsonl"))
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.prlimit(pid, resource.RLIMIT_FSIZE)[1]))


@pytest.mark.parametrize("decision", ["continue", "undo"])
async def test_a_journal_that_fills_up_stops_it_and_it_is_taken_up_again(lab: Lab, decision: str) -> None:
    before = Beginning(lab)
    await lab.fault("command-slow", p.PRIMARY, STOP)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *program(lab, "run", *p.confirmed("failover", "--operation", "full"), "--json")),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    await until_stopping(lab, "full")
    fill(directory_of(load(lab.estate_path)), process.pid)
    await lab.heal()
    out, err = await process.communicate()
    assert b"Traceback" not in err, err.decode()
    said = json.loads(out)
    assert (process.returncode, said["outcome"]) == (13, "needs_person"), said
    assert "journal can't be written" in said["sentence"]
    assert lab.truth()["serving"] == []
    # The next console finds it, by whichever journal: its lock waits on the hosts.
    p.never_wrong(lab, left=True)
    assert "outcome" not in p.story(lab, "full")
    one = await left_behind(lab)
    assert (one.operation, one.running, one.in_journal) == ("full", False, True)
    report = await taken_up(lab, decision)
    assert report.outcome is (Ending.DONE if decision == "continue" else Ending.ROLLED_BACK), p.explained(report)
    if decision == "continue":
        assert not list(DONE["failover"](lab, lab.truth(), before))
    else:
        await p.until_standing(lab, before.standing)
    assert p.story(lab, "full")[-1] == "outcome"
    p.never_wrong(lab)
    assert not [step for step in report.steps if step.outcome is StepOutcome.UNKNOWN]


async def test_a_journal_that_fills_up_while_an_operation_is_taken_up_is_told(lab: Lab) -> None:
    await killed_while_stopping(lab, "again")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *program(lab, *taking_up("again"), "--json")),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        await until_stopping(lab, "again", 2)
    except TimeoutError:
        process.kill()
        pytest.fail(f"it did not come to stop the primary: {await process.communicate()}")
    fill(directory_of(load(lab.estate_path)), process.pid)
    await lab.heal()
    out, err = await process.communicate()
    assert b"Traceback" not in err, err.decode()
    said = json.loads(out)
    assert (process.returncode, said["outcome"]) == (13, "needs_person"), said
    assert "journal can't be written" in said["sentence"]
    assert any(line.startswith("The journal lacks the outcome") for line in said["card"]), said
    assert any(line.startswith("Done and standing: ") for line in said["card"]), said
    p.never_wrong(lab, left=True)
    report = await taken_up(lab, "continue")
    assert report.outcome is Ending.DONE, p.explained(report)
    assert lab.truth()["serving"] == [p.BACKUP]
    p.never_wrong(lab)
