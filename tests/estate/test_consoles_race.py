"""Consoles on several jump hosts that begin on one cluster at the same moment: one acts, and the others say who."""

import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import pytest

from dslsconsole.journal import read, verify
from dslsconsole.lab.practice import Lab
from dslsconsole.runbooks import left
from dslsconsole.runbooks.execution import Ending
from dslsconsole.runbooks.permission import who
from dslsconsole.runbooks.reach import Reach
from dslsconsole.runbooks.record import directory_of
from dslsconsole.runbooks.report import Report
from dslsconsole.runbooks.resuming import resumed
from dslsconsole.runbooks.unfinished import Known, locked
from dslsconsole.settings import load
from dslsconsole.systems.ground import Ground
from tests.estate import practising as p

EVERY = os.environ.get("DSLSCONSOLE_ALL_FAULTS") == "1"
BOOK = "dr-sync"
"""Its copying may take long, so that whoever acts can be held there until the others have ended."""
COPYING = "transfer-state"
OTHER = "bea"
"""Whose the operation is that is taken over."""


def jump_host(lab: Lab, name: str) -> Path:
    """The estate file of another jump host: the same estate, and a journal of its own."""
    directory = lab.directory / name
    directory.mkdir()
    text = lab.estate_path.read_text()
    for kept in ("journal", "recordings"):
        assert str(lab.directory / kept) in text
        text = text.replace(str(lab.directory / kept), str(directory / kept))
    (directory / "estate.yaml").write_text(text)
    return directory / "estate.yaml"


class Console:
    """`dslsconsole` on a jump host, as a program that runs."""

    def __init__(self, estate: Path, name: str, process: asyncio.subprocess.Process) -> None:
        self.estate = estate
        self.name = name
        self.process = process

    async def ended(self) -> tuple[int, dict[str, Any]]:
        """Its exit status and its JSON."""
        out, err = await self.process.communicate()
        assert b"Traceback" not in err, err.decode()
        assert self.process.returncode is not None
        assert out, f"status {self.process.returncode}, no JSON: {err.decode()}"
        return self.process.returncode, json.loads(out)


async def started(lab: Lab, names: list[str], *words: str) -> list[Console]:
    """The same command on all jump hosts at once; `{}` in a word is the jump host's name."""
    estates = {name: jump_host(lab, name) for name in names}
    processes = await asyncio.gather(
        *(
            asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "dslsconsole", "-c", str(estate)),
                *(word.format(name) for word in words),
                "--json",
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            for name, estate in estates.items()
        )
    )
    return [Console(estates[name], name, process) for name, process in zip(names, processes, strict=True)]


async def raced(lab: Lab, consoles: list[Console]) -> tuple[Console, dict[str, Any], list[dict[str, Any]]]:
    """The console that acts and what it said, and what the others said. It is held until they have ended."""
    endings = {asyncio.create_task(console.ended()): console for console in consoles}
    left = set(endings)
    while len(left) > 1:
        async with asyncio.timeout(120):
            _, left = await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
    (acting,) = left
    others = [ending.result() for ending in endings if ending is not acting]
    assert [(status, said["outcome"]) for status, said in others] == [(11, "locked")] * len(others), others
    await lab.heal("command-slow")
    status, said = await acting
    assert (status, said["outcome"]) == (0, "done"), said
    return endings[acting], said, [said for _, said in others]


def begun(estate: Path) -> int:
    """How many steps a jump host's journal, which must be whole, saw begin."""
    directory = directory_of(load(estate))
    assert not verify(directory), verify(directory)
    return sum(entry.event == "step-started" for entry in read(directory))


async def held_copying(lab: Lab) -> None:
    """Whoever comes to copy waits there."""
    step = next(step for step in await p.plan_of(lab, BOOK) if step.action == COPYING)
    await lab.fault("command-slow", step.host, p.words_of(step))


@pytest.mark.parametrize(
    ("number", "down"), [(5, None), (2, p.ARBITRATOR)], ids=["five", "two and a host that is down"]
)
async def test_one_acts_and_the_others_say_who(lab: Lab, number: int, down: str | None) -> None:
    if down is not None:
        p.impatient(lab)
        await lab.fault("node-down", down)
    await p.until_ready(lab, BOOK)
    await held_copying(lab)
    names = [f"jump-{count}" for count in range(1, number + 1)]
    consoles = await started(lab, names, "run", *p.confirmed(BOOK, "--operation", "by-{}"))
    acting, _, others = await raced(lab, consoles)
    for said in others:
        assert f"operation by-{acting.name}" in said["sentence"], said
        assert who().name in said["sentence"], said
    assert [console.name for console in consoles if begun(console.estate)] == [acting.name]
    p.never_wrong(lab)


class Together(Reach):
    """Hands that wait, before they take the lock, for those of all other consoles."""

    def __init__(self, ground: Ground, barrier: asyncio.Barrier, silent: str | None) -> None:
        super().__init__(ground, time.time)
        self._barrier = barrier
        self._waited = False
        self._silent = silent

    async def create(self, host: str, path: str, data: bytes) -> bool:
        if not self._waited:
            self._waited = True
            await self._barrier.wait()
        if host == self._silent:
            await self._lost(host)
        return await super().create(host, path, data)

    async def _lost(self, host: str) -> None:
        from dslsconsole.model.reading import Failure, FailureKind
        from dslsconsole.systems.acting import Unreached

        raise Unreached(Failure(FailureKind.UNREACHABLE, f"{host} is not reached"))


@pytest.mark.parametrize(
    "silent",
    [(None,) * 5, (p.PRIMARY, p.BACKUP, p.ARBITRATOR)],
    ids=["five", "another host out of reach of each"],
)
async def test_all_take_the_lock_at_the_same_moment(lab: Lab, silent: tuple[str | None, ...]) -> None:
    await p.until_ready(lab, BOOK)
    await held_copying(lab)
    barrier = asyncio.Barrier(len(silent))

    async def console(number: int, silent: str | None) -> Report:
        ground = Ground(load(jump_host(lab, f"jump-{number}")), p.CLUSTER)
        async with Together(ground, barrier, silent) as hands:
            return await p.operation_of(BOOK, f"by-{number}", hands, ground).run()

    left = {asyncio.create_task(console(number, host)) for number, host in enumerate(silent)}
    everybody = tuple(left)
    while len(left) > 1:
        async with asyncio.timeout(120):
            _, left = await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
    (acting,) = left
    await lab.heal("command-slow")
    # Where each misses another host, each may be told of another one: then all let go, and none acts.
    ends = {Ending.DONE} if silent[0] is None else {Ending.DONE, Ending.LOCKED}
    assert (await acting).outcome in ends, p.explained(await acting)
    for task in everybody:
        if task is not acting:
            assert task.result().outcome is Ending.LOCKED, p.explained(task.result())
            # It is told who had it at that moment, on that host: that one may have lost it on another.
            others = {f"operation by-{number}" for number in range(len(silent))} - {task.result().operation}
            assert any(other in task.result().sentence for other in others), task.result().sentence
    p.never_wrong(lab)


class Dying(Reach):
    """The hands of a process that dies when it has just taken the lock, and written nothing beside it."""

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground, time.time)
        self.dead = asyncio.Event()

    async def replace(self, host: str, path: str, data: bytes) -> None:
        self.dead.set()
        await asyncio.Event().wait()


async def locked_and_died(lab: Lab) -> None:
    ground = Ground(load(jump_host(lab, "jump-0")), p.CLUSTER)
    async with Dying(ground) as hands:
        running = asyncio.create_task(p.operation_of(BOOK, "left", hands, ground).run())
        async with asyncio.timeout(60):
            await hands.dead.wait()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def of_another(lab: Lab) -> None:
    """What lies on the hosts is another operator's from now on."""
    for path in p.locks(lab):
        path.write_text(json.dumps({**json.loads(path.read_text()), "operator": OTHER}))


async def test_a_lock_without_a_record_is_only_abandoned(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(left, "WATCHED_SECONDS", 0.1)
    await p.until_ready(lab, BOOK)
    await locked_and_died(lab)
    of_another(lab)
    estates = [load(jump_host(lab, name)) for name in ("jump-1", "jump-2")]

    async def known() -> Known:
        async with Reach(ground := Ground(estates[0], p.CLUSTER), time.time) as hands:
            (one,) = (await locked(hands, ground)).values()
        return one

    async def all_decide(decision: str, whose: str | None) -> list[Report]:
        one = await known()
        deciding: list[Awaitable[Report]] = [
            resumed(estate, one, decision, p.CLUSTER, "test", whose) for estate in estates
        ]
        return list(await asyncio.gather(*deciding))

    for decision in ("continue", "undo"):
        for report in await all_decide(decision, OTHER):
            assert report.outcome is Ending.REFUSED, p.explained(report)
            assert "abandon it" in report.sentence
    for report in await all_decide("abandon", None):
        assert report.outcome is Ending.NOT_CONFIRMED, p.explained(report)
    assert len(p.locks(lab)) == len(p.MAIN)
    for report in await all_decide("abandon", OTHER):
        assert report.outcome is Ending.DONE, p.explained(report)
    p.never_wrong(lab)
    assert not list((lab.directory / "hosts").glob("*/var/lib/dslsconsole/*"))


@pytest.mark.parametrize(
    "down",
    [None, *([p.ARBITRATOR] if EVERY else [])],
    ids=["all answer", *(["a lock's host is down"] if EVERY else [])],
)
async def test_of_those_who_take_over_from_a_killed_console_one_acts(lab: Lab, down: str | None) -> None:
    await p.until_ready(lab, BOOK)
    first = (await p.plan_of(lab, BOOK))[0]
    await lab.fault("command-slow", first.host, p.words_of(first))
    (killed,) = await started(lab, ["jump-0"], "run", *p.confirmed(BOOK, "--operation", "left"))
    await p.eventually(lambda: begun(killed.estate) > 0)
    await p.eventually(lambda: len(records(lab)) == len(p.MAIN))
    killed.process.kill()
    await killed.process.communicate()
    await lab.heal("command-slow")
    of_another(lab)
    if down is not None:
        p.impatient(lab)
        await lab.fault("node-down", down)
    await held_copying(lab)
    take = ("operations", "resume", "left", "--decide", "continue", "--confirm", p.CLUSTER, "--reason", "test")
    consoles = await started(lab, ["jump-1", "jump-2"], *take, "--whose", OTHER)
    acting, _, _ = await raced(lab, consoles)
    assert [console.name for console in consoles if begun(console.estate)] == [acting.name]
    if down is not None:
        # What lay there comes back with its power, and is let go like any other.
        await lab.heal()
        (left,) = p.locks(lab)
        status, said = await (await started(lab, ["jump-3"], *abandoning()))[0].ended()
        assert status == 0, (left, said)
    p.never_wrong(lab)


def abandoning() -> tuple[str, ...]:
    decision = ("--decide", "abandon", "--confirm", p.CLUSTER, "--whose", OTHER, "--reason", "test")
    return ("operations", "resume", "left", *decision)


def records(lab: Lab) -> list[Path]:
    return list((lab.directory / "hosts").glob("*/var/lib/dslsconsole/*.json"))
