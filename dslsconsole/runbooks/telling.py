"""An operation told to a person at a prompt: guards, plan, live steps, and the card at the end."""

import asyncio
import os
import sys
import termios
from collections.abc import Awaitable

from rich.console import Console
from rich.text import Text

from dslsconsole.runbooks.approval import ApprovalRequest
from dslsconsole.runbooks.execution import Ending, StepOutcome, StepResult
from dslsconsole.runbooks.guard import GuardResult
from dslsconsole.runbooks.plan import PlannedStep
from dslsconsole.runbooks.report import Report, iso
from dslsconsole.ssh.cleaning import clean

_GLYPHS = {"pass": "✔", "fail": "✖", "unknown": "?"}
_STEP_GLYPHS = {
    StepOutcome.PLANNED: "·",
    StepOutcome.RUNNING: "▶",
    StepOutcome.DONE: "✔",
    StepOutcome.SKIPPED: "○",
    StepOutcome.FAILED: "✖",
    StepOutcome.UNDONE: "↩",
    StepOutcome.UNKNOWN: "?",
}
_ENDINGS = {
    Ending.DONE: "Done and verified.",
    Ending.REFUSED: "Refused. Nothing was changed.",
    Ending.LOCKED: "Locked by another operation. Nothing was changed.",
    Ending.ROLLED_BACK: "Failed and rolled back.",
    Ending.NEEDS_PERSON: "Needs a person.",
    Ending.NOT_CONFIRMED: "Not run.",
}


class _Prompt(Console):
    """A console that leaves it to its caller what becomes of the program when nobody reads any more."""

    def on_broken_pipe(self) -> None:
        raise


class Teller:
    """Prints as it goes. `quiet` says nothing, for --json.

    An operation goes on when its terminal is closed or its output is read no more: from then on only the journal tells.
    """

    def __init__(self, *, quiet: bool) -> None:
        self._console = _Prompt(highlight=False, quiet=quiet, soft_wrap=True)

    def _say(self, words: Text) -> None:
        try:
            self._console.print(words)
        except OSError:
            self._console.quiet = True
            # What is still buffered must not fail once more when the program ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC), sys.stdout.fileno())

    def prospect(self, report: Report) -> None:
        """Guards, plan, warnings and impact."""
        say = self._say
        say(Text(f"{report.title} · {report.cluster} · operation {report.operation}"))
        for guard in report.guards:
            word = f"{_GLYPHS[guard.result.value]} {guard.result.value:7}"
            say(Text(f"{word} {guard.name}{' (overridden)' if guard.overridden else ''}: {guard.reading}"))
            if not guard.accepted:
                say(Text(f"            needed: {guard.needed}"))
                say(Text(f"            {guard.advice}{self._how(guard)}"))
        say(Text("Steps:"))
        for number, step in enumerate(report.steps, 1):
            say(Text(f"{number:3} {step.name} · on {step.host}"))
            for line in step.command.splitlines():
                say(Text(f"      $ {line}"))
            say(Text(f"      undo: {step.undo}"))
        if report.approval is not None:
            say(Text(f"! {clean(report.approval.text, 1000)}"))
        for warning in report.warnings:
            say(Text(f"! {warning}"))
        for sentence in report.impact:
            say(Text(f"  {sentence}"))

    def _how(self, guard: GuardResult) -> str:
        if not guard.overridable or guard.result.value != "fail":
            return ""
        return f" It can be overridden: --override {guard.name}"

    async def ask(self, report: Report) -> str | None:
        """What the person types. Keys typed before the question do not count; an empty line is no, and so is the end
        of the input: a terminal that was closed."""
        waits = report.approval is not None and report.approval.state in ("none", "open")
        does = "ask for a second operator's approval" if waits else "run it"
        return await self._typed(f"Type {report.confirm} to {does}, anything else to cancel: ")

    async def ask_to_approve(self, report: Report) -> str | None:
        """The same of the second operator."""
        return await self._typed(f"Type {report.confirm} to approve this plan, anything else to cancel: ")

    async def _typed(self, question: str) -> str | None:
        try:
            termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)
            self._console.print(Text(question), end="")
            return (await _line(sys.stdin.fileno())).strip() or None
        except (OSError, termios.error):
            return None

    def asking(self, request: ApprovalRequest) -> None:
        """Who asks for what, before its plan is shown."""
        say = self._say
        say(Text(f"{request.operator} on {request.from_host} asks to run {request.runbook} on {request.cluster}."))
        say(Text(f"  reason: {request.reason}"))
        say(Text(f"  asked at {iso(request.at)}, open until {iso(request.until)}"))
        say(Text(f"  plan {request.plan}"))
        settings = ", ".join(f"{name}={value}" for name, value in request.params.items() if value)
        words = {
            "settings": settings,
            "overrides": ", ".join(request.overrides),
            "attests": ", ".join(request.attested),
        }
        for what, which in words.items():
            if which:
                say(Text(f"  {what}: {which}"))

    def step(self, step: PlannedStep, result: StepResult) -> None:
        """One line whenever a step begins or ends."""
        took = f" ({result.seconds:.1f} s)" if result.seconds is not None else ""
        words = (
            f"{_STEP_GLYPHS[result.outcome]} {step.number:2} {result.outcome.value:8} {step.name} · {step.host}{took}"
        )
        if result.outcome in (StepOutcome.FAILED, StepOutcome.UNKNOWN) and result.output:
            words += f"\n     {clean(result.output)}"
        self._say(Text(words))

    def going_back(self, step: PlannedStep) -> None:
        """One line whenever a step begins to be taken back."""
        self._say(Text(f"{_STEP_GLYPHS[StepOutcome.UNDONE]} {step.number:2} {'undo':8} {step.name} · {step.undo.text}"))

    def ending(self, report: Report) -> None:
        """The outcome card."""
        say = self._say
        if report.dry_run and report.outcome is Ending.DONE:
            say(Text("It could be run now. This was a dry run: nothing was changed and no lock was taken."))
            return
        # What was abandoned is done with, and nothing of it is verified.
        says_itself = (_ENDINGS[report.outcome].split()[0].rstrip("."), "Abandoned")
        if not report.sentence.startswith(says_itself):
            say(Text(_ENDINGS[report.outcome]))
        for line in (report.sentence, *report.card):
            if line:
                say(Text(f"  {clean(line, 2000)}"))


async def _line(terminal: int) -> str:
    """A line that is typed; empty at the end of input. It can be given up at any moment: no thread waits for it.

    Raises:
        OSError: the terminal is gone.
    """
    loop = asyncio.get_running_loop()
    typed: asyncio.Future[bytes] = loop.create_future()

    def read() -> None:
        loop.remove_reader(terminal)
        try:
            typed.set_result(os.read(terminal, 4096))
        except OSError as error:
            typed.set_exception(error)

    loop.add_reader(terminal, read)
    try:
        return (await typed).decode("utf-8", "replace")
    finally:
        loop.remove_reader(terminal)


async def unless(stop: asyncio.Event, asking: Awaitable[str | None]) -> str | None:
    """The answer, or None as soon as it was asked to stop."""
    answer, stopping = asyncio.ensure_future(asking), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait((answer, stopping), return_when=asyncio.FIRST_COMPLETED)
        return answer.result() if answer.done() else None
    finally:
        for one in (answer, stopping):
            one.cancel()
        await asyncio.gather(answer, stopping, return_exceptions=True)
