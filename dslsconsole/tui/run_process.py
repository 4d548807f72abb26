"""`dslsconsole run` as a child of a session of its own: it goes on when the terminal is gone."""

import asyncio
import os
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Sequence
from contextlib import suppress
from typing import IO

from dslsconsole.tui.operation import Plan, Request, RunFailed, Running, decoded
from dslsconsole.tui.render.words import clean

PLANS_WITHIN_S = 120.0
LARGEST_ANSWER = 4 * 1024 * 1024
LOOKS_EVERY_S = 0.2


class RunProcess:
    """Starts `dslsconsole run`: first dry, then, when it is confirmed, for good."""

    def __init__(self, argv: Sequence[str]) -> None:
        """`argv` is the command up to and with `run`."""
        self._argv = tuple(argv)

    async def plan(self, request: Request) -> Plan:
        try:
            process = await asyncio.create_subprocess_exec(
                *self._argv,
                *request.argv(),
                "--dry-run",
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
        except OSError as error:
            raise RunFailed(f"the plan can't be made: {error.strerror or error}") from error
        try:
            output, errors = await asyncio.wait_for(process.communicate(), PLANS_WITHIN_S)
        except TimeoutError as error:
            raise RunFailed(f"no plan within {PLANS_WITHIN_S:.0f} s; nothing was changed") from error
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        return decoded(output, process.returncode or 0, clean(_last_lines(errors)))

    def start(self, request: Request, plan: Plan) -> Running:
        operation = plan.operation or uuid.uuid4().hex[:12]
        argv = (
            *self._argv,
            *request.argv(),
            "--confirm",
            plan.confirm,
            "--plan",
            plan.plan or "",
            "--operation",
            operation,
        )
        output = tempfile.TemporaryFile()  # noqa: SIM115 - a file can't block the writer; it lives as long as the run
        errors = tempfile.TemporaryFile()  # noqa: SIM115
        try:
            process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, start_new_session=True
            )
        except OSError as error:
            output.close()
            errors.close()
            raise RunFailed(f"the run can't be started, nothing was changed: {error.strerror or error}") from error
        return StartedRun(process, operation, output, errors)


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
