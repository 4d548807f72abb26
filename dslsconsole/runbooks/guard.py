"""Guards: named questions about fresh readings that an operation must answer before its first write.

Each lies in its own module in `guards/` and offers `NEEDED`, `OVERRIDABLE` and `judge`. Unknown is never accepted.
"""

import asyncio
import functools
import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from dslsconsole.runbooks.plan import Facts
from dslsconsole.runbooks.survey import Survey, SurveyedNode
from dslsconsole.systems.acting import Call, Hands
from dslsconsole.systems.ground import Ground


class Result(StrEnum):
    PASS = "pass"
    FAIL = "fail"
    UNKNOWN = "unknown"


class Judged(Struct, frozen=True):
    """A guard's answer: the reading it rests on, and what to do where it does not pass."""

    result: Result
    reading: str
    advice: str = ""
    locked: bool = False
    """It fails because another operation holds the lock, or a lock file that can't be read may mean that."""


def passed(reading: str) -> Judged:
    return Judged(Result.PASS, reading)


def failed(reading: str, advice: str) -> Judged:
    return Judged(Result.FAIL, reading, advice)


def locked(reading: str, advice: str) -> Judged:
    return Judged(Result.FAIL, reading, advice, locked=True)


def unknown(reading: str, advice: str) -> Judged:
    return Judged(Result.UNKNOWN, reading, advice)


@dataclass(frozen=True)
class Case:
    """What a guard may look at: the survey, what was concluded from it, and what the operator vouches for."""

    ground: Ground
    survey: Survey
    facts: Facts
    hands: Hands
    clock: Callable[[], float]
    attested: frozenset[str] = frozenset()
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep

    def text(self, name: str) -> str | None:
        """A fact that is one value; None where it is not known."""
        fact = self.facts.get(name)
        return fact if isinstance(fact, str) else None

    def names(self, name: str) -> tuple[str, ...]:
        """A fact that is several values; empty where it is not known."""
        fact = self.facts.get(name)
        return tuple(item for item in fact if isinstance(item, str)) if isinstance(fact, tuple) else ()

    def items(self, name: str) -> tuple[Mapping[str, str], ...]:
        """A fact of several groups of values."""
        fact = self.facts.get(name)
        return tuple(item for item in fact if isinstance(item, Mapping)) if isinstance(fact, tuple) else ()

    def node(self, name: str) -> SurveyedNode:
        return self.survey.nodes[name]

    def call(self, host: str, **arguments: str) -> Call:
        """For asking a check of `systems` directly."""
        return Call(self.hands, self.ground, host, arguments, self.clock, dict(self.survey.memory))


class GuardModule(Protocol):
    NEEDED: str
    OVERRIDABLE: bool

    @staticmethod
    async def judge(case: Case) -> Judged: ...


class GuardResult(Struct, frozen=True):
    """One guard as it is shown, printed and journalled."""

    name: str
    result: Result
    reading: str
    needed: str
    advice: str
    overridable: bool
    overridden: bool = False
    locked: bool = False

    @property
    def accepted(self) -> bool:
        return self.result is Result.PASS or self.overridden


@functools.cache
def catalogue() -> Mapping[str, GuardModule]:
    """All guards by name, which is that of their module."""
    import dslsconsole.runbooks.guards as package

    return {
        module.name: importlib.import_module(f"{package.__name__}.{module.name}")  # type: ignore[misc]
        for module in pkgutil.iter_modules(package.__path__)
    }


async def judged(name: str, case: Case, overrides: frozenset[str]) -> GuardResult:
    """The guard's answer now. Only a failed one that allows it is overridden; an unknown one never is."""
    guard = catalogue()[name]
    answer = await guard.judge(case)
    overridden = guard.OVERRIDABLE and answer.result is Result.FAIL and name in overrides
    return GuardResult(
        name,
        answer.result,
        answer.reading,
        guard.NEEDED,
        answer.advice,
        guard.OVERRIDABLE,
        overridden,
        answer.locked,
    )
