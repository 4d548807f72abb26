"""`dslsconsole run` as a child of a session of its own: it goes on when the terminal is gone."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Sequence
from contextlib import suppress
from typing import IO

from dslsconsole.tui.operation import (
    KnownOperation,
    Library,
    Plan,
    Request,
    RunFailed,
    Running,
    decoded,
    decoded_library,
    decoded_operations,
)
from dslsconsole.tui.render.words import clean

PLANS_WITHIN_S = 120.0
ASKS_WITHIN_S = 60.0
REHEARSES_WITHIN_S = 600.0
LARGEST_ANSWER = 4 * 1024 * 1024
LOOKS_EVERY_S = 0.2


class RunProcess:
    """Starts `dslsconsole run`: first dry, then, when it is confirmed, for good. And asks `dslsconsole operations`."""

    def __init__(self, argv: Sequence[str], operations: Sequence[str] | None = None) -> None:
        """`argv` is the command up to and with `run`, `operations` the one up to and with `operations`."""
        self._argv = tuple(argv)
        self._operations = tuple(operations) if operations is not None else (*self._argv[:-1], "operations")

    async def plan(self, request: Request) -> Plan:
        argv = (*self._argv, *request.argv(), "--dry-run")
        output, status, errors = await said(argv, PLANS_WITHIN_S, "the plan can't be made", "no plan")
        return decoded(output, status, errors)

    async def rehearse(self, request: Request) -> Plan:
        argv = (*self._argv, *request.argv(), "--rehearse")
        output, status, errors = await said(
            argv, REHEARSES_WITHIN_S, "it can't be rehearsed", "the rehearsal did not end"
        )
        return decoded(output, status, errors)

    def start(self, request: Request, plan: Plan) -> Running:
        operation = plan.operation or uuid.uuid4().hex[:12]
        sure = ("--confirm", plan.confirm, "--plan", plan.plan or "", "--operation", operation)
        return _started((*self._argv, *request.argv(), *sure), operation)

    async def operations(self) -> tuple[KnownOperation, ...]:
        argv = (*self._operations, "--json")
        failed = "it can't be told what runs"
        output, status, errors = await said(argv, ASKS_WITHIN_S, failed, "no answer on what runs")
        return decoded_operations(output, status, errors)

    async def runbooks(self) -> Library:
        argv = (*self._argv[:-1], "runbooks", "--json")
        failed = "it can't be told which runbooks there are"
        output, status, errors = await said(argv, ASKS_WITHIN_S, failed, "no answer on the runbooks")
        return decoded_library(output, status, errors)

    async def stop(self, operation: str) -> str:
        argv = (*self._operations, "stop", operation)
        output, status, errors = await said(argv, ASKS_WITHIN_S, "it can't be asked to stop", "no answer to stop")
        if status != 0:
            raise RunFailed(f"it was not asked to stop (status {status}): {errors}")
        return clean(_last_lines(output))

    def resume(self, operation: str, decision: str, cluster: str, reason: str, whose: str = "") -> Running:
        theirs = ("--whose", whose) if whose else ()
        sure = ("--decide", decision, "--confirm", cluster, *theirs, "--reason", reason, "--json")
        return _started((*self._operations, "resume", operation, *sure), operation)


async def said(argv: Sequence[str], within_s: float, failed: str, late: str) -> tuple[bytes, int, str]:
    """What a process that ends soon prints, its status, and its last lines of errors. Cancelled, it is ended.

    Raises:
        RunFailed: it can't be started, which `failed` says, or did not end in time, which `late` says.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *argv, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
    except OSError as error:
        raise RunFailed(f"{failed}: {error.strerror or error}") from error
    try:
        output, errors = await asyncio.wait_for(process.communicate(), within_s)
    except TimeoutError as error:
        raise RunFailed(f"{late} within {within_s:.0f} s; nothing was changed") from error
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    return output, process.returncode or 0, clean(_last_lines(errors))


def _started(argv: Sequence[str], operation: str) -> "StartedRun":
    """A process that acts, in a session of its own."""
    output = tempfile.TemporaryFile()  # noqa: SIM115 - a file can't block the writer; it lives as long as the run
    errors = tempfile.TemporaryFile()  # noqa: SIM115
    try:
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, start_new_session=True, env=_environment()
        )
    except OSError as error:
        output.close()
        errors.close()
        raise RunFailed(f"the run can't be started, nothing was changed: {error.strerror or error}") from error
    return StartedRun(process, operation, output, errors)


def _environment() -> dict[str, str]:
    """Ours, with the terminal that we run on, for the action log: a run has none of its own."""
    try:
        return {**os.environ, "DSLSCONSOLE_TTY": os.ttyname(sys.stdin.fileno())}
    except (OSError, ValueError):
        return dict(os.environ)


class StartedRun:
    """One run. Nothing here ends it: it is not a child whose life hangs on ours."""

    def __init__(
        self, process: "subprocess.Popen[bytes]", operation: str, output: IO[bytes], errors: IO[bytes]
    ) -> None:
        self._process = process
        self._operation = operation
        self._output = output
        self._errors = errors

    @property
    def operation(self) -> str:
        return self._operation

    async def ended(self) -> Plan:
        # Not asyncio's own child: its transport kills the process when the loop closes.
        while (status := self._process.poll()) is None:  # noqa: ASYNC110
            await asyncio.sleep(LOOKS_EVERY_S)
        output, errors = _content(self._output), _content(self._errors)
        return decoded(output, status, clean(_last_lines(errors)))

    def stop(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self._process.pid, signal.SIGINT)


def _content(file: IO[bytes]) -> bytes:
    with file:
        file.seek(0)
        return file.read(LARGEST_ANSWER)


def _last_lines(errors: bytes) -> str:
    return " ".join(errors.decode("utf-8", "replace").split("\n")[-4:]).strip()[-500:]
