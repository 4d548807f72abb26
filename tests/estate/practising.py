"""Running runbooks on the practice estate, breaking it at one step, and telling what is true in it."""

import asyncio
import json
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dslsconsole.commands.run import epoch_given
from dslsconsole.journal import read, verify
from dslsconsole.lab.faults.commands import command_refused
from dslsconsole.lab.practice import Lab
from dslsconsole.lab.world.site import NOTIFY_HOST
from dslsconsole.runbooks.execution import Ending, StepOutcome, StepResult
from dslsconsole.runbooks.operation import Operation, Wish, asked
from dslsconsole.runbooks.permission import who
from dslsconsole.runbooks.plan import PlannedStep
from dslsconsole.runbooks.reach import Reach
from dslsconsole.runbooks.record import OperationLog, directory_of, journal_of
from dslsconsole.runbooks.report import Report
from dslsconsole.runbooks.schema import builtin
from dslsconsole.settings import load
from dslsconsole.systems.ground import Ground
from tests.operation_clock import OperationClock

CLUSTER = "production-cluster"
PRIMARY, BACKUP, ARBITRATOR = "dsls-primary-01", "dsls-backup-01", "dsls-arbitrator-01"
DR_PRIMARY, DR_BACKUP = "dr-dsls-01", "dr-dsls-02"
MAIN = (PRIMARY, BACKUP, ARBITRATOR)
ATTESTED = tuple(word for host in MAIN for word in ("--attest", host))
"""The operator's word that the main site is down: from outside its own site alone that is never proven."""
MAIN_BALANCERS = ("haproxy-01", "haproxy-02")
MAIN_ADDRESS, DR_ADDRESS = "10.20.0.100", "10.30.0.100"
Catch = Callable[[Lab, str, str], Any]
"""What becomes of a host's commands that contain a text; returns how that is mended."""


@dataclass
class Broken:
    """Break the commands of some steps, each from the moment it begins until it ends; `met` says which did begin.

    Their deadlines come sooner.
    """

    lab: Lab
    numbers: frozenset[int]
    catch: Catch = command_refused
    met: set[int] = field(default_factory=set)
    mends: dict[int, Callable[[], Any]] = field(default_factory=dict)
    clock: OperationClock = field(init=False)

    def __post_init__(self) -> None:
        self.clock = OperationClock(lambda step: step.number in self.numbers)

    def __call__(self, step: PlannedStep, result: StepResult) -> None:
        self.clock.seen(step, result)
        if result.outcome is not StepOutcome.RUNNING:
            # A later step may say the same words to the same host.
            self._mend(step.number)
        elif step.number in self.numbers and step.number not in self.met:
            self.met.add(step.number)
            host = NOTIFY_HOST if step.action == "notify" else step.host
            self.mends[step.number] = self.catch(self.lab, host, words_of(step))

    def mend(self) -> None:
        for number in list(self.mends):
            self._mend(number)

    def _mend(self, number: int) -> None:
        if number in self.mends:
            self.mends.pop(number)()


def words_of(step: PlannedStep) -> str:
    """The part of a step's command that no other command of the host contains."""
    # Tokens are read first, as checks do too, and pushed last. Elsewhere what is last is for after a refusal, and
    # what is asked for only sometimes says so.
    always = [command for command in step.commands if "  # only if " not in command]
    command = always[-1 if "sync-tokens" in step.action else 0]
    if step.action == "notify":
        return command.split(": ", 1)[1]
    if command.startswith("POST "):
        return command.split(": ", 1)[1].split("&b=")[0]
    if command.startswith("/"):
        return command.split(": ", 1)[1]
    return command.split("  # standard input")[0].splitlines()[-1]


LEAVING = frozenset({"main_not_serving"})
"""What is overridden to activate the DR site while the main site could serve: it can then be returned to."""


def overridden(runbook: str) -> frozenset[str]:
    return LEAVING if runbook == "dr-activate" else frozenset()


def operation_of(
    runbook: str,
    operation: str,
    hands: Reach,
    ground: Ground,
    *,
    params: dict[str, str] | None = None,
    clock: OperationClock | None = None,
    progress: Callable[[PlannedStep, StepResult], None] = lambda step, result: None,
    confirmation: str | None = CLUSTER,
    overrides: Iterable[str] = (),
    attested: Iterable[str] = (),
    dry_run: bool = False,
    plan_hash: str | None = None,
    break_glass: str = "",
) -> Operation:
    """It as the command makes it, by a clock of the test's where one is given."""
    estate, book, person, clock = ground.estate, builtin()[runbook], who(), clock or OperationClock()
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
        break_glass=break_glass,
    )
    log = OperationLog(journal_of(estate, time.time), person, CLUSTER, runbook, operation)
    seen = lambda: epoch_given(estate, CLUSTER)  # noqa: E731
    return Operation(wish, ground, hands, log, person, clock, clock.pause, progress=progress, seen_epoch=seen)


async def run(lab: Lab, runbook: str, operation: str = "test", **more: Any) -> Report:
    """Run it to its end in this process; `more` goes to `operation_of`."""
    ground = Ground(load(lab.estate_path), CLUSTER)
    async with Reach(ground, time.time) as hands:
        return await operation_of(runbook, operation, hands, ground, **more).run()


async def plan_of(lab: Lab, runbook: str, **more: Any) -> tuple[PlannedStep, ...]:
    """The steps that it would run now."""
    ground = Ground(load(lab.estate_path), CLUSTER)
    async with Reach(ground, time.time) as hands:
        plan = (await operation_of(runbook, "look", hands, ground, dry_run=True, **more).look()).plan
    assert plan is not None
    return plan.steps


def promotion(steps: tuple[PlannedStep, ...]) -> int | None:
    """The number of the step after which nothing is taken back; None where there is none."""
    return next((step.number for step in steps if step.action == "promote"), None)


async def broken_run(
    lab: Lab, runbook: str, operation: str, numbers: Iterable[int], catch: Catch = command_refused, **more: Any
) -> tuple[Report, Broken]:
    """Run it with the commands of some steps broken, which are waited for in a hurry and mended afterwards."""
    broken = Broken(lab, frozenset(numbers), catch)
    more = {"overrides": overridden(runbook), **more}
    report = await run(lab, runbook, operation, clock=broken.clock, progress=broken, **more)
    broken.mend()
    return report, broken


ANSWERS: dict[str, dict[str, str]] = {
    "lb-drain": {"node": BACKUP},
    "lb-maint": {"node": BACKUP},
    "lb-ready": {"node": BACKUP},
    "service-restart": {"node": BACKUP},
    "service-stop": {"node": BACKUP},
    "service-start": {"node": BACKUP},
    "quarantine": {"node": BACKUP},
    "quarantine-end": {"node": BACKUP},
    "vip-move": {"after": "leave"},
}
"""What a runbook that asks for something is told."""
COMES_AFTER = {"lb-ready": "lb-drain", "service-start": "service-stop", "quarantine-end": "quarantine"}
"""What makes that there is something to do."""


async def brought_to(lab: Lab, runbook: str, params: dict[str, str] | None = None) -> tuple[PlannedStep, ...]:
    """Bring the estate to where the runbook makes sense, and has something to do; its steps."""
    if (before := COMES_AFTER.get(runbook)) is not None:
        await until_ready(lab, before, params=ANSWERS[before])
        await eventually_done(lab, before, ANSWERS[before])
    if runbook in ("token-sync", "force-sync"):
        await lab.fault("replication-stuck", BACKUP)
    if runbook == "failback":
        await done(lab, "failover")
    if runbook in ("dr-activate", "dr-return", "ha-drill"):
        await done(lab, "dr-sync")
    if runbook == "dr-return":
        await done(lab, "dr-activate")
    return await until_ready(lab, runbook, overrides=overridden(runbook), params=params or ANSWERS.get(runbook))


async def done(lab: Lab, runbook: str) -> None:
    """Run it, once its guards pass, to its good end."""
    await until_ready(lab, runbook, overrides=overridden(runbook))
    report = await run(lab, runbook, f"before-{runbook}", overrides=overridden(runbook))
    assert report.outcome is Ending.DONE, explained(report)


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
        "nodes": {
            name: (_unit(node["unit"]), node["role"], node["automation"]) for name, node in truth["nodes"].items()
        },
        "balancers": {
            name: {server: state["admin"] for server, state in balancer["servers"].items()}
            for name, balancer in truth["load_balancers"].items()
        },
        "dns": truth["dns"]["addresses"],
        "notifications": truth["notifications"],
        "primaries": truth["primaries"],
    }


def _unit(active: str) -> str:
    """A unit that could not be started does not run, as before it was tried."""
    return "inactive" if active == "failed" else active


def locks(lab: Lab) -> list[Path]:
    return list((lab.directory / "hosts").glob("*/var/lib/dslsconsole/*.lock"))


def holding(lab: Lab) -> set[str]:
    """The operations whose locks can be read: one that was made a moment ago is still empty."""
    return {json.loads(said)["operation"] for path in locks(lab) if (said := path.read_bytes())}


def files(lab: Lab) -> dict[str, bytes]:
    """Every file of every host that no running server writes by itself."""
    root = lab.directory / "hosts"
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.name != "server.json" and "/var/log/" not in str(path)
    }


def story(lab: Lab, operation: str = "test") -> list[str]:
    """The events of an operation in the journal, which must be whole."""
    directory = directory_of(load(lab.estate_path))
    assert not verify(directory), verify(directory)
    return [entry.event for entry in read(directory, operation=operation)]


def impatient(lab: Lab) -> None:
    """Give a connection two seconds: what is down here stays down."""
    text = lab.estate_path.read_text()
    assert "\nssh:\n" in text
    lab.estate_path.write_text(text.replace("\nssh:\n", "\nssh:\n  connect_timeout: 2s\n"))


async def eventually_done(lab: Lab, runbook: str, params: dict[str, str]) -> None:
    report = await run(lab, runbook, f"before-{runbook}", params=params)
    assert report.outcome is Ending.DONE, explained(report)


async def eventually(condition: Callable[[], bool], within: float = 60.0) -> None:
    """Wait for a condition of the practice estate; fails where it does not come about in time."""
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in the practice estate's own time
            await asyncio.sleep(0.02)


async def until_standing(lab: Lab, before: dict[str, Any]) -> None:
    """Wait until the estate stands as before; raises TimeoutError where it does not."""
    await eventually(lambda: standing(lab) == before)


async def until_ready(lab: Lab, runbook: str, **wish: Any) -> tuple[PlannedStep, ...]:
    """Wait until the runbook's guards pass; its steps."""
    ground = Ground(load(lab.estate_path), CLUSTER)
    async with Reach(ground, time.time) as hands, asyncio.timeout(90):
        while True:
            prospect = await operation_of(runbook, "look", hands, ground, dry_run=True, **wish).look()
            if not prospect.refusals:
                assert prospect.plan is not None
                return prospect.plan.steps
            await asyncio.sleep(0.05)


def never_wrong(lab: Lab, *, left: bool = False) -> None:
    """What must be so however an operation ended; with `left`, of one whose lock waits for whoever takes it up."""
    truth = lab.truth()
    assert len(truth["primaries"]) <= 1
    assert len(truth["serving"]) <= 1
    found = locks(lab)
    assert bool(found) is left, [path.read_text() for path in found]


def refusing(report: Report) -> list[str]:
    return [guard.name for guard in report.guards if not guard.accepted]


def explained(report: Report) -> str:
    failed = [step for step in report.steps if step.outcome in (StepOutcome.FAILED, StepOutcome.UNKNOWN)]
    return f"{report.outcome}: {report.sentence} {report.card} {failed}"
