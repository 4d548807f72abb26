"""Running runbooks on the practice estate, breaking it at one step, and telling what is true in it."""

import asyncio
import json
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dslsconsole.journal import read, verify
from dslsconsole.lab.faults.commands import command_refused
from dslsconsole.lab.practice import Lab
from dslsconsole.runbooks.execution import StepOutcome, StepResult
from dslsconsole.runbooks.operation import Operation, Wish, asked
from dslsconsole.runbooks.permission import who
from dslsconsole.runbooks.plan import PlannedStep
from dslsconsole.runbooks.reach import Reach
from dslsconsole.runbooks.record import OperationLog, directory_of, journal_of
from dslsconsole.runbooks.report import Report
from dslsconsole.runbooks.schema import builtin
from dslsconsole.settings import load
from dslsconsole.systems.ground import Ground

CLUSTER = "production-cluster"
PRIMARY, BACKUP, ARBITRATOR = "dsls-primary-01", "dsls-backup-01", "dsls-arbitrator-01"
DR_PRIMARY, DR_BACKUP = "dr-dsls-01", "dr-dsls-02"
MAIN = (PRIMARY, BACKUP, ARBITRATOR)
MAIN_BALANCERS = ("haproxy-01", "haproxy-02")
MAIN_ADDRESS, DR_ADDRESS = "10.20.0.100", "10.30.0.100"
HURRY = 15.0
"""How many times sooner deadlines come where something is meant to fail."""


@dataclass
class Refused:
    """Refuse one step's command, from the moment it begins; `met` says whether it did begin."""

    lab: Lab
    number: int
    met: bool = False
    mends: list[Callable[[], Any]] = field(default_factory=list)

    def __call__(self, step: PlannedStep, result: StepResult) -> None:
        if step.number != self.number or result.outcome is not StepOutcome.RUNNING or self.met:
            return
        self.met = True
        host = step.host
        self.mends.append(command_refused(self.lab, host, words_of(step.commands[-1])))

    def mend(self) -> None:
        for mend in self.mends:
            mend()


def words_of(command: str) -> str:
    """The part of a planned command that no other command of the host contains."""
    if command.startswith("POST "):
        return command.split(": ", 1)[1].split("&b=")[0]
    if command.startswith("/"):
        return command.split(": ", 1)[1]
    return command.split("  # standard input")[0].splitlines()[-1]


async def run(
    lab: Lab,
    runbook: str,
    operation: str = "test",
    *,
    params: dict[str, str] | None = None,
    hurry: float = 1.0,
    progress: Callable[[PlannedStep, StepResult], None] = lambda step, result: None,
    confirmation: str | None = CLUSTER,
    overrides: Iterable[str] = (),
    attested: Iterable[str] = (),
    dry_run: bool = False,
    plan_hash: str | None = None,
) -> Report:
    """Run it as the command does, in this process. With `hurry`, deadlines come that many times sooner."""
    estate = load(lab.estate_path)
    book, person, ground, began = builtin()[runbook], who(), Ground(estate, CLUSTER), time.time()
    wish = Wish(
        runbook=book,
        operation=operation,
        reason="test",
        params=asked(book, params or {}),
        overrides=frozenset(overrides),
        attested=frozenset(attested),
        confirmation=confirmation,
        dry_run=dry_run,
        plan_hash=plan_hash,
    )
    log = OperationLog(journal_of(estate, time.time), person, CLUSTER, runbook, operation)
    async with Reach(ground, time.time) as hands:
        clock = (lambda: began + (time.time() - began) * hurry) if hurry != 1.0 else time.time
        return await Operation(wish, ground, hands, log, person, clock, progress=progress).run()


async def command(lab: Lab, *words: str) -> tuple[int, dict[str, Any]]:
    """`dslsconsole run …` as a program: its exit status and its JSON."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "dslsconsole", "-c", str(lab.estate_path), "run", *words, "--json"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert b"Traceback" not in err, err.decode()
    assert process.returncode is not None
    return process.returncode, json.loads(out) if out.strip() else {"error": err.decode()}


def confirmed(runbook: str, *words: str) -> tuple[str, ...]:
    """The words of a run that is confirmed."""
    return (runbook, CLUSTER, "--reason", "test", "--confirm", CLUSTER, *words)


def standing(lab: Lab) -> dict[str, Any]:
    """What of the truth an operation that was taken back, or never ran, must have left alone.

    A rolled back server was stopped and is promoted again, so its epoch may have risen.
    """
    truth = lab.truth()
    return {
        "nodes": {name: (node["unit"], node["role"], node["automation"]) for name, node in truth["nodes"].items()},
        "balancers": {
            name: {server: state["admin"] for server, state in balancer["servers"].items()}
            for name, balancer in truth["load_balancers"].items()
        },
        "dns": truth["dns"]["addresses"],
        "notifications": truth["notifications"],
        "primaries": truth["primaries"],
    }


def locks(lab: Lab) -> list[Path]:
    return list((lab.directory / "hosts").glob("*/var/lib/dslsconsole/*.lock"))


def files(lab: Lab) -> dict[str, bytes]:
    """Every file of every host that no running server writes by itself."""
    root = lab.directory / "hosts"
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and "/var/lib/dsls/" not in str(path) and "/var/log/" not in str(path)
    }


def story(lab: Lab, operation: str = "test") -> list[str]:
    """The events of an operation in the journal, which must be whole."""
    directory = directory_of(load(lab.estate_path))
    assert not verify(directory), verify(directory)
    return [entry.event for entry in read(directory, operation=operation)]


async def eventually(condition: Callable[[], bool], within: float = 20.0) -> None:
    """Wait for a condition of the practice estate; fails where it does not come about in time."""
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in the practice estate's own time
            await asyncio.sleep(0.02)


async def until_standing(lab: Lab, before: dict[str, Any]) -> None:
    """Wait until the estate stands as before; raises TimeoutError where it does not."""
    await eventually(lambda: standing(lab) == before, 5.0)


async def until_ready(lab: Lab, runbook: str, **wish: Any) -> Report:
    """Wait until the runbook's guards pass; its plan."""
    async with asyncio.timeout(25):
        while (  # noqa: ASYNC110 - the practice estate tells nobody
            report := await run(lab, runbook, "look", dry_run=True, **wish)
        ).outcome.value != "done":
            await asyncio.sleep(0.05)
    return report


def refusing(report: Report) -> list[str]:
    return [guard.name for guard in report.guards if not guard.accepted]


def explained(report: Report) -> str:
    failed = [step for step in report.steps if step.outcome in (StepOutcome.FAILED, StepOutcome.UNKNOWN)]
    return f"{report.outcome}: {report.sentence} {report.card} {failed}"
