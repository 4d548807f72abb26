"""What acting on any system needs: the hands that reach hosts, and named actions and checks.

An action changes something and knows the exact commands it will run. A check reads one thing and says whether it is as
wanted. Both are offered by the `act` module of each system, as `ACTIONS` and `CHECKS`, by the names runbooks use.
"""

import asyncio
import functools
import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVar, cast

from msgspec import Struct

from dslsconsole.model.reading import Failure
from dslsconsole.systems.ground import Ground

T = TypeVar("T")
U = TypeVar("U")


class Answer(Struct, frozen=True):
    """What a command said on a host. `status` is None where a signal ended it."""

    status: int | None
    stdout: str
    stderr: str = ""
    seconds: float = 0.0
    truncated: bool = False

    @property
    def said(self) -> str:
        """Everything it printed, the errors last."""
        return "\n".join(part for part in (self.stdout.strip(), self.stderr.strip()) if part)


class Page(Struct, frozen=True):
    """An answer over HTTP. `location` is where a redirection points, which is never followed."""

    status: int
    location: str = ""
    body: str = ""


class Unreached(Exception):  # noqa: N818 - it says what happened to the host
    """The host could not be reached, so nothing was asked of it and nothing happened there."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.text)
        self.failure = failure


class Unfinished(Exception):  # noqa: N818
    """The connection ended or no answer came in time: what was asked may or may not have happened."""


class Expired(Unfinished):
    """The far side's own time limit ended the command: it goes on no more, and may have happened in part."""


class Refused(Exception):  # noqa: N818
    """The far side answered, and its answer is no. What it printed is the text."""


class Forbidden(Refused):
    """It would be wrong to do it, whatever the far side answers: it is not asked again."""


class Untested(Exception):  # noqa: N818
    """A trial that changes nothing could not be made, for a reason that is nobody's fault."""


class Hands(Protocol):
    """The way to the hosts. All methods raise `Unreached` and `Unfinished`; `timeout` is in seconds."""

    async def run(self, host: str, command: str, *, stdin: bytes | None = None, timeout: float) -> Answer: ...

    async def ask_socket(self, host: str, path: str, line: str, *, timeout: float) -> str: ...

    async def request(self, request: "Request", *, timeout: float) -> Page: ...

    async def greet(self, host: str, port: int, line: str, *, timeout: float) -> str:
        """The first line that a TCP port answers to a line, asked from the console's own host.

        `Unreached` tells by its failure's kind whether the host refused or was silent; a port that accepts and then
        says nothing raises `Unfinished`.
        """
        ...

    async def create(self, host: str, path: str, data: bytes) -> bool:
        """Create a file exclusively; False where one exists already. Raises Refused where it can't be created."""
        ...

    async def read(self, host: str, path: str) -> bytes | None:
        """A file's bytes; None where there is none."""
        ...

    async def replace(self, host: str, path: str, data: bytes) -> None:
        """Put a file's new content in place at once."""
        ...

    async def remove(self, host: str, path: str) -> None:
        """Remove a file; it is no error that there is none."""
        ...

    async def names(self, host: str, path: str) -> tuple[str, ...] | None:
        """The names in a directory; None where there is none."""
        ...


class Request(Struct, frozen=True):
    """A request over HTTP from the console's own host. Redirections are not followed."""

    method: str
    url: str
    form: tuple[tuple[str, str], ...] | None = None
    json: bytes | None = None
    headers: dict[str, str] = {}
    user: str | None = None
    password: str | None = None


@dataclass(frozen=True)
class Call:
    """One use of an action or a check: where, with what, and through whose hands."""

    hands: Hands
    ground: Ground
    host: str
    arguments: Mapping[str, str]
    clock: Callable[[], float]
    memory: dict[str, str] = field(default_factory=dict)
    """What was noted on the way, e.g. the generation that was pushed: the step's own, on top of the survey's."""

    def __getitem__(self, name: str) -> str:
        return self.arguments[name]

    def elsewhere(self, host: str, **arguments: str) -> "Call":
        """The same operation at another host."""
        return Call(self.hands, self.ground, host, arguments, self.clock, self.memory)


class Checked(Struct, frozen=True):
    """Whether something is as wanted, and the reading that says so. None: it can't be told."""

    ok: bool | None
    reading: str
    forgotten: bool = False
    """Not so, because the host has forgotten what was set there: it must be set again, waiting does not help."""


@dataclass(frozen=True)
class Action:
    """Something that changes a host.

    `commands` are the exact texts as they will be sent, for the plan; `do` runs them and returns what they printed.
    `do` raises Refused, Unreached or Unfinished; one that only tries something out may raise Untested.
    """

    commands: Callable[[Call], tuple[str, ...]]
    do: Callable[[Call], Awaitable[str]]
    bound: float | None = None
    """Seconds after which one command of it goes on no more, because it has its time limit on the far side; None where
    that can't be told."""
    within_deadline: bool = False
    """Whether it is asked again only where its whole time is left before the deadline."""

    def time_of(self, call: Call) -> float | None:
        """Seconds after which nothing of it goes on any more."""
        return self.bound * len(self.commands(call)) if self.bound is not None else None


Check = Callable[[Call], Awaitable[Checked]]


def command_action(command: Callable[[Call], str], *, timeout: float, expect: str = "") -> Action:
    """An action of one command which ends with 0 and prints a line that begins with `expect`.

    `timeout` is that of the connection in seconds, a little more than the far side's own.
    """

    async def do(call: Call) -> str:
        answer = await call.hands.run(call.host, command(call), timeout=timeout)
        return succeeded(answer, expect)

    return Action(lambda call: (command(call),), do, bound=timeout)


def succeeded(answer: Answer, expect: str = "") -> str:
    """What a command printed when it did its work.

    Raises:
        Expired: its time ran out on the far side.
        Unfinished: a signal ended it.
        Refused: it ended with another status than 0, or did not print what success prints.
    """
    if answer.status in (124, 137):
        raise Expired(f"the command did not end in time; it printed: {answer.said or 'nothing'}")
    if answer.status is None:
        raise Unfinished(f"the command was ended by a signal; it printed: {answer.said or 'nothing'}")
    if answer.status != 0:
        raise Refused(answer.said or f"it ended with status {answer.status} and printed nothing")
    if expect and not any(line.strip().lower().startswith(expect.lower()) for line in answer.stdout.splitlines()):
        raise Refused(f"it ended with status 0 but did not print “{expect}…”: {answer.said or 'nothing'}")
    return answer.said


async def both(one: Awaitable[T], other: Awaitable[U]) -> tuple[T, U]:
    """Ask two things at once, because users may be waiting; both have ended when it returns.

    Raises what the first of them raised, else what the second did.
    """
    told = await asyncio.gather(one, other, return_exceptions=True)
    for result in told:
        if isinstance(result, BaseException):
            raise result
    return cast("tuple[T, U]", told)


@functools.cache
def actions() -> Mapping[str, Action]:
    """All actions by name."""
    return cast("Mapping[str, Action]", _offered("ACTIONS"))


@functools.cache
def checks() -> Mapping[str, Check]:
    """All checks by name."""
    return cast("Mapping[str, Check]", _offered("CHECKS"))


def _offered(kind: str) -> Mapping[str, object]:
    import dslsconsole.systems as package

    found: dict[str, object] = {}
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        if module.ispkg and any(inner.name == "act" for inner in pkgutil.iter_modules(_path(module.name))):
            offered = getattr(importlib.import_module(f"{module.name}.act"), kind)
            if twice := found.keys() & offered.keys():
                raise ValueError(f"{module.name}: {', '.join(sorted(twice))} is offered by another system too")
            found |= offered
    return found


def _path(package: str) -> list[str]:
    return list(importlib.import_module(package).__path__)
