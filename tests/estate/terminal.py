"""`dslsconsole` on a terminal of its own, as a person has it, which can be closed while it runs."""

import asyncio
import os
import pty
import sys
import termios
from pathlib import Path
from types import TracebackType
from typing import Self

OWNED = (
    "import fcntl, os, sys, termios; os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
)
"""Makes its standard input the controlling terminal, so that closing it hangs up."""


class OnTerminal:
    """Python on a pseudo terminal. Use as `async with`; where it still runs at the end it is killed."""

    def __init__(self, *arguments: str | Path) -> None:
        self._arguments = tuple(map(str, arguments))
        self._master: int | None = None
        self._came = asyncio.Event()
        self.shown = b""
        self.process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        self._master, slave = pty.openpty()
        os.set_blocking(self._master, False)
        termios.tcsetwinsize(slave, (40, 120))
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", OWNED, *self._arguments), stdin=slave, stdout=slave, stderr=slave
        )
        os.close(slave)
        asyncio.get_running_loop().add_reader(self._master, self._read)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self.process is not None
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        self.close()

    def _read(self) -> None:
        if self._master is None:
            return
        try:
            self.shown += os.read(self._master, 65536)
        except OSError:  # EIO: the other side has closed it
            asyncio.get_running_loop().remove_reader(self._master)
        self._came.set()

    async def until(self, text: str, within: float = 60.0) -> None:
        """Wait until a text was shown. Raises TimeoutError."""
        try:
            async with asyncio.timeout(within):
                while text.encode() not in self.shown:
                    self._came.clear()
                    await self._came.wait()
        except TimeoutError:
            raise TimeoutError(f"{text!r} did not come; there is {self.shown[-2000:].decode()}") from None

    def type(self, text: str) -> None:
        assert self._master is not None
        os.write(self._master, text.encode())

    def close(self) -> None:
        """Close the terminal's window."""
        if self._master is not None:
            asyncio.get_running_loop().remove_reader(self._master)
            os.close(self._master)
            self._master = None

    async def ended(self, within: float = 120.0) -> int:
        """Its exit status; negative where a signal ended it."""
        assert self.process is not None
        async with asyncio.timeout(within):
            return await self.process.wait()
