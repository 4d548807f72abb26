"""Where a scenario plays: the practice estate, the programs that a person would run on it, and what is expected."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from dslsconsole.lab.practice import Lab
from dslsconsole.lab.world.site import CLUSTER

PATIENCE = 60.0
"""Real seconds that a condition may take to come about."""
GLANCE = 0.05

Said = tuple[int, dict[str, Any]]
"""A program's exit status and its JSON."""


class Over(Exception):  # noqa: N818
    """Something expected is not so, and nothing that follows would mean anything."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """One thing that must be so."""

    text: str
    ok: bool
    reading: str = ""


@dataclass
class Stage:
    """`program` runs `dslsconsole` with these words and `--json`; `tell` is called for each expectation."""

    lab: Lab
    program: Callable[..., Awaitable[Said]]
    tell: Callable[[Expectation], None] = lambda expectation: None
    expectations: list[Expectation] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return bool(self.expectations) and all(one.ok for one in self.expectations)

    @property
    def truth(self) -> dict[str, Any]:
        return self.lab.truth()

    def at(self, hour: float) -> None:
        """Let it be this hour of the day; people come and go accordingly."""
        self.lab.world.users.time_of_day = hour * 3600

    def used(self, pool: str) -> int:
        """Tokens of a pool that are in use at the server that serves; 0 where none does."""
        serving = self.truth["serving"]
        return int(self.truth["nodes"][serving[0]]["used"][pool]) if serving else 0

    async def fault(self, name: str, *hosts: str) -> None:
        await self.lab.fault(name, *hosts)

    async def heal(self, name: str = "all") -> None:
        await self.lab.heal(name)

    def expect(self, text: str, ok: bool, reading: object = "") -> None:
        """Something must be so now. Raises Over where it is not."""
        one = Expectation(text, ok, str(reading))
        self.expectations.append(one)
        self.tell(one)
        if not ok:
            raise Over(text)

    async def until(self, text: str, holds: Callable[[], bool], within: float = PATIENCE) -> None:
        """Something must become so. Raises Over where it does not in time."""
        end = time.monotonic() + within
        while not (ok := holds()) and time.monotonic() < end:  # noqa: ASYNC110 - the practice estate tells nobody
            await asyncio.sleep(GLANCE)
        self.expect(text, ok, "" if ok else f"not within {within:g} s")

    async def runs(self, runbook: str, *words: str, ends: int = 0) -> dict[str, Any]:
        """A runbook must end so; a refusal that only time heals is asked again while it is expected to be done."""
        sure = ("--reason", "scenario", "--confirm", CLUSTER)
        last = time.monotonic() + PATIENCE
        while True:
            status, said = await self.program("run", runbook, CLUSTER, *sure, *words)
            if status == ends or status != 10 or time.monotonic() >= last:
                break
            await asyncio.sleep(GLANCE * 10)
        told = f"status {status}: {said.get('sentence', '')}"
        self.expect(f"{' '.join((runbook, *words))} ends with {ends}", status == ends, told)
        return said

    async def params(self, runbook: str, ends: int = 0, **params: str) -> dict[str, Any]:
        """The same with `--param`s."""
        words = [word for key, value in params.items() for word in ("--param", f"{key}={value}")]
        return await self.runs(runbook, *words, ends=ends)


async def play(scene: Callable[[Stage], Awaitable[None]], stage: Stage) -> bool:
    """Play a scenario to its end, or to the first thing that is not as expected; whether it passed."""
    try:
        await scene(stage)
    except Over:
        return False
    return stage.passed
