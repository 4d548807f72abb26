"""A runbook as the console sees it: what `run --dry-run --json` says, and the process that then does it."""

import os
import pwd
from collections.abc import Mapping
from typing import Protocol

import msgspec
from msgspec import Struct
from msgspec.structs import replace

REFUSED = 10


class PlannedGuard(Struct, frozen=True):
    name: str
    result: str = "unknown"
    """pass, fail or unknown"""
    reading: str = ""
    needed: str = ""
    advice: str = ""
    overridable: bool = False
    overridden: bool = False

    @property
    def accepted(self) -> bool:
        return self.result == "pass" or self.overridden


class PlannedStep(Struct, frozen=True):
    name: str
    host: str = ""
    command: str = ""
    outcome: str = ""
    undo: str = ""
    within: float | None = None
    """Seconds that it is given."""
    seconds: float | None = None
    """How long it took."""
    output: str = ""


class Ask(Struct, frozen=True):
    """Something a runbook can be told. It plans with the default where nothing is said."""

    name: str
    label: str = ""
    default: str = ""
    choices: tuple[str, ...] = ()

    def takes(self, value: str) -> bool:
        return not self.choices or value in self.choices


class Second(Struct, frozen=True):
    """Where a runbook stands that needs a second operator."""

    state: str = ""
    """none, open, approved or break-glass"""
    text: str = ""
    request: str = ""

    @property
    def waits(self) -> bool:
        """Whether confirming it asks for approval and runs nothing."""
        return self.state in ("none", "open")


class Rehearsal(Struct, frozen=True):
    """Of a run that was one on a model: what that is worth."""

    text: str
    """In a sentence, what it is."""
    seconds: float = 0.0
    """How long all of it took."""
    unlike: tuple[str, ...] = ()
    """What the model is not like, in sentences."""


class Plan(Struct, frozen=True):
    """The result of a dry run, and of a run. What a version does not say has its default here."""

    runbook: str = ""
    cluster: str = ""
    operation: str = ""
    outcome: str = ""
    guards: tuple[PlannedGuard, ...] = ()
    steps: tuple[PlannedStep, ...] = ()
    plan: str | None = None
    """The plan's hash: only this very plan is run."""
    impact: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    confirm: str = ""
    """What must be typed."""
    asks: tuple[Ask, ...] = ()
    attest: tuple[str, ...] = ()
    """Hosts whose death nothing proves, for which the operator's word is needed."""
    sentence: str = ""
    """What happened, at the end."""
    card: tuple[str, ...] = ()
    """What to look at, at the end."""
    title: str = ""
    approval: Second | None = None
    """Only where it needs a second operator."""
    rehearsal: Rehearsal | None = None
    """Only of a rehearsal."""
    status: int = 0
    """The exit status of the process that said this."""

    @property
    def overridable(self) -> tuple[str, ...]:
        """Guards that did not pass and may be accepted by name."""
        return tuple(guard.name for guard in self.guards if not guard.accepted and guard.overridable)

    @property
    def may_run(self) -> bool:
        """Whether it may be confirmed: nothing refused it, and it names the plan and the phrase."""
        return self.status == 0 and self.outcome != "refused" and bool(self.plan and self.confirm and self.steps)

    def agrees_with(self, other: "Plan") -> bool:
        """Whether it may be run, and is the very plan on the very grounds of another."""

        def grounds(plan: "Plan") -> list[tuple[str, str, bool]]:
            return [(guard.name, guard.result, guard.overridden) for guard in plan.guards]

        ours = (self.plan, self.warnings, self.confirm, self.approval and self.approval.state)
        same = ours == (other.plan, other.warnings, other.confirm, other.approval and other.approval.state)
        return self.may_run and same and grounds(self) == grounds(other)


class KnownOperation(Struct, frozen=True, rename={"origin": "from"}):
    """An operation that has not ended, as `operations --json` tells it."""

    operation: str
    cluster: str
    runbook: str = ""
    operator: str = ""
    origin: str = ""
    """The machine it was started on."""
    started_at: str = ""
    state: str = ""
    step: int = 0
    steps: int = 0

    @property
    def running(self) -> bool:
        return self.state == "running"

    @property
    def may_run(self) -> bool:
        """Whether it runs, or nobody has told yet that it does not."""
        return self.state != "unfinished"


DECISIONS = {
    "verify": "read what became of each step that was begun; changes nothing",
    "continue": "look at the open step, then run the rest of the plan that was confirmed",
    "undo": "take back what was done, as far as it can be taken back",
    "abandon": "release its locks; what it had done stands as it is",
}
"""What may become of an operation that was cut off."""


class Request(Struct, frozen=True):
    """What the operator wants, so far."""

    runbook: str
    cluster: str
    reason: str
    params: Mapping[str, str] = {}
    overrides: tuple[str, ...] = ()
    attests: tuple[str, ...] = ()

    def with_param(self, name: str, value: str) -> "Request":
        return replace(self, params={**self.params, name: value})

    def argv(self) -> tuple[str, ...]:
        """The part of the command line that is the same for the dry run and the run."""
        params = (part for name, value in self.params.items() for part in ("--param", f"{name}={value}"))
        overrides = (part for guard in self.overrides for part in ("--override", guard))
        attests = (part for host in self.attests for part in ("--attest", host))
        return (self.runbook, self.cluster, "--json", "--reason", self.reason, *params, *overrides, *attests)


class KnownRunbook(Struct, frozen=True):
    """A runbook that there is. `origin` is built-in or site."""

    name: str
    title: str = ""
    about: str = ""
    origin: str = ""


class Library(Struct, frozen=True):
    """What `runbooks --json` says: all that are sound, and what is wrong with the others."""

    runbooks: tuple[KnownRunbook, ...] = ()
    findings: tuple[str, ...] = ()


class RunFailed(Exception):  # noqa: N818 - it is told as it stands
    """The process that acts could not be started or understood; the text is for the operator."""


class Running(Protocol):
    """A run under way. It goes on when the console ends."""

    @property
    def operation(self) -> str: ...

    async def ended(self) -> Plan:
        """Wait for its end; what it said last.

        Raises:
            RunFailed: it ended without a word that can be understood.
        """
        ...

    def stop(self) -> None:
        """Ask it to stop after the current step."""
        ...


class Operations(Protocol):
    """Operations that this console did not start, or that were cut off."""

    async def operations(self) -> tuple[KnownOperation, ...]:
        """Those that have not ended.

        Raises:
            RunFailed: they can't be told, and why.
        """
        ...

    async def stop(self, operation: str) -> str:
        """Ask one to stop between two steps; a sentence on what was asked.

        Raises:
            RunFailed: it can't be asked, and why.
        """
        ...

    def resume(self, operation: str, decision: str, cluster: str, reason: str, whose: str = "") -> Running:
        """Take up one that was cut off; `whose` it was, where that was typed.

        Raises:
            RunFailed: the process can't be started.
        """
        ...


class Runner(Operations, Protocol):
    """What plans and starts runs."""

    async def plan(self, request: Request) -> Plan:
        """A dry run.

        Raises:
            RunFailed: there is no plan, and why.
        """
        ...

    async def rehearse(self, request: Request) -> Plan:
        """How it goes on a model of the cluster as it stands now.

        Raises:
            RunFailed: it can't be rehearsed, and why.
        """
        ...

    async def runbooks(self) -> Library:
        """Which runbooks there are now.

        Raises:
            RunFailed: it can't be told, and why.
        """
        ...

    def start(self, request: Request, plan: Plan) -> Running:
        """Start what was confirmed.

        Raises:
            RunFailed: it can't be started.
        """
        ...


def account() -> str:
    """Whose account this console runs as, which is the operator's name in the journal."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return ""


def decoded(output: bytes, status: int, errors: str) -> Plan:
    """What the process printed.

    Raises:
        RunFailed: it is no result; the text is what the process said on standard error.
    """
    try:
        return replace(msgspec.json.decode(output, type=Plan, strict=False), status=status)
    except ValueError as error:
        if status < 0:
            raise RunFailed(
                f"the run was ended by signal {-status}{f': {errors.strip()}' if errors else ''}"
            ) from error
        said = errors.strip() or f"its answer can't be read ({error})"
        raise RunFailed(f"the run ended with status {status}: {said}") from error


def decoded_operations(output: bytes, status: int, errors: str) -> tuple[KnownOperation, ...]:
    """What `operations --json` printed.

    Raises:
        RunFailed: it is no such list; the text is what the process said on standard error.
    """
    try:
        return msgspec.json.decode(output, type=tuple[KnownOperation, ...], strict=False)
    except ValueError as error:
        said = errors.strip() or f"the answer can't be read ({error})"
        raise RunFailed(f"it can't be told what runs (status {status}): {said}") from error


def decoded_library(output: bytes, status: int, errors: str) -> Library:
    """What `runbooks --json` printed.

    Raises:
        RunFailed: it is no such object; the text is what the process said on standard error.
    """
    try:
        return msgspec.json.decode(output, type=Library, strict=False)
    except ValueError as error:
        said = errors.strip() or f"the answer can't be read ({error})"
        raise RunFailed(f"it can't be told which runbooks there are (status {status}): {said}") from error
