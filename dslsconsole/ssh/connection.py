"""One connection to a host: commands, an open shell, sockets and files, each bounded in size and time."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

import asyncssh
from msgspec import Struct

from dslsconsole.model.reading import FailureKind
from dslsconsole.ssh import files
from dslsconsole.ssh.errors import SshError, explained, failed
from dslsconsole.ssh.shell import Shell

OUTPUT_LIMIT = 262_144
OPEN_TIMEOUT_S = 5.0
_CHUNK = 65_536

Process = asyncssh.SSHClientProcess[bytes]


class Completed(Struct, frozen=True):
    """A command that has ended."""

    status: int | None
    """The exit status; None when a signal ended it."""
    stdout: str
    stderr: str
    seconds: float
    truncated: bool = False
    """It printed more than the limit, was ended for that, and the rest is not here."""
    signal: str | None = None
    """The signal that ended it, without `SIG`."""


class Connection:
    """A connection that is open, or was. Made by the pool."""

    def __init__(
        self,
        underlying: asyncssh.SSHClientConnection,
        where: str,
        since: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.where = where
        self.since = since
        """When it was opened, in epoch seconds."""
        self._underlying = underlying
        self._files = files.Files(underlying)
        self._monotonic = monotonic

    @property
    def is_open(self) -> bool:
        return not self._underlying.is_closed()

    @property
    def user(self) -> str:
        """Who we are on the far side."""
        return str(self._underlying.get_extra_info("username"))

    def tunnel(self) -> asyncssh.SSHClientConnection:
        """To connect onwards from this host (ProxyJump)."""
        return self._underlying

    def abort(self) -> None:
        """Ends the connection at once, without a word to the far side."""
        self._underlying.abort()

    async def close(self) -> None:
        self._underlying.close()
        try:
            async with asyncio.timeout(1.0):
                await self._underlying.wait_closed()
        except TimeoutError:
            self._underlying.abort()

    async def run(
        self, command: str, *, stdin: bytes | None = None, timeout: float, limit: int = OUTPUT_LIMIT
    ) -> Completed:
        """Runs `command` to its end, keeping at most `limit` bytes of each of its outputs.

        A command that goes on printing beyond the limit, or beyond `timeout` seconds, is asked to end; its channel is
        closed. Whether it did end only the far side's own limit (`quoting.bounded`) can promise.

        Raises:
            SshError: BUSY, no channel was given; NO_ANSWER, it did not end in time; LOST, the connection ended first,
                so that what it did is not known.
        """
        began = self._monotonic()
        process: Process | None = None
        try:
            async with asyncio.timeout(timeout):
                process = await self._open(command)
                stdout, stderr, truncated = await _exchange(process, stdin, limit)
                if not truncated:
                    await process.wait_closed()
        except (asyncssh.Error, OSError, EOFError) as error:
            raise explained(error, self.where, "a command ran", timeout) from None
        finally:
            if process is not None:
                _end(process)
        status, signal = process.exit_status, process.exit_signal
        if status is None and signal is None and not truncated:
            raise failed(
                FailureKind.LOST,
                f"{self.where}: the command's channel ended without an exit status; what it did is not known",
            )
        return Completed(
            status=None if signal or status == -1 else status,
            stdout=stdout.decode(errors="replace"),
            stderr=stderr.decode(errors="replace"),
            seconds=self._monotonic() - began,
            truncated=truncated,
            signal=signal[0] if signal else None,
        )

    async def shell(self, command: str, *, timeout: float = OPEN_TIMEOUT_S) -> Shell:
        """`command` kept open, to be asked line by line.

        Raises:
            SshError: no channel was given in time.
        """
        try:
            async with asyncio.timeout(timeout):
                return Shell(await self._open(command), self.where)
        except (asyncssh.Error, OSError) as error:
            raise explained(error, self.where, "opening a shell", timeout) from None

    async def open_socket(
        self, path: str, *, timeout: float = OPEN_TIMEOUT_S
    ) -> tuple[asyncssh.SSHReader[bytes], asyncssh.SSHWriter[bytes]]:
        """A Unix socket of the host (OpenSSH's direct-streamlocal channel), for bytes.

        Raises:
            SshError: ABSENT; OpenSSH answers alike to a missing socket, one without rights and a restricted key.
        """
        try:
            async with asyncio.timeout(timeout):
                return await self._underlying.open_unix_connection(path)
        except asyncssh.ChannelOpenError as error:
            if error.code == asyncssh.OPEN_CONNECT_FAILED:
                text = (
                    f"{self.where}: the socket {path} can't be opened: it is not there, its mode forbids it, or "
                    "the key may not forward (AllowStreamLocalForwarding, restrict)"
                )
                raise failed(FailureKind.ABSENT, text) from None
            raise explained(error, self.where, f"opening {path}", timeout) from None
        except (asyncssh.Error, OSError) as error:
            raise explained(error, self.where, f"opening {path}", timeout) from None

    async def create_exclusively(self, path: str, data: bytes, *, timeout: float = OPEN_TIMEOUT_S) -> bool:
        """Creates a file that nobody else has created; False if it exists already (then nothing changed).

        Raises:
            SshError: it could not be created for another reason, or nobody knows whether it was.
        """
        return await self._with_files(self._files.create_exclusively(path, data), f"creating {path}", timeout)

    async def replace_file(self, path: str, data: bytes, *, timeout: float = OPEN_TIMEOUT_S) -> None:
        """Puts `data` in the place of the file at once: readers see the old one or the new one whole."""
        await self._with_files(self._files.replace(path, data), f"writing {path}", timeout)

    async def read_file(self, path: str, *, limit: int = OUTPUT_LIMIT, timeout: float = OPEN_TIMEOUT_S) -> bytes | None:
        """The first `limit` bytes of a file; None if there is none."""
        return await self._with_files(self._files.read(path, limit), f"reading {path}", timeout)

    async def remove(self, path: str, *, timeout: float = OPEN_TIMEOUT_S) -> bool:
        """Removes a file; False if there was none."""
        return await self._with_files(self._files.remove(path), f"removing {path}", timeout)

    async def list_directory(self, path: str, *, timeout: float = OPEN_TIMEOUT_S) -> tuple[str, ...] | None:
        """The names in a directory, sorted; None if there is none."""
        return await self._with_files(self._files.names(path), f"listing {path}", timeout)

    async def _open(self, command: str) -> Process:
        # No pseudo-terminal, no environment: what runs over there depends on nothing over here.
        return await self._underlying.create_process(command, encoding=None, request_pty=False, stderr=asyncssh.PIPE)

    async def _with_files(self, operation: "files.Operation[files.T]", doing: str, timeout: float) -> "files.T":
        try:
            async with asyncio.timeout(timeout):
                return await operation
        except files.NoFileAccess:
            text = f"{self.where} gives no file access (SFTP) to this user; it was needed for {doing}"
            raise failed(FailureKind.PERMISSION, text) from None
        except files.SessionEnded:
            text = f"{self.where}: file access ended while {doing}; whether it was done is not known"
            raise failed(FailureKind.LOST, text) from None
        except (asyncssh.Error, OSError) as error:
            raise explained(error, self.where, doing, timeout) from None


async def _exchange(process: Process, stdin: bytes | None, limit: int) -> tuple[bytes, bytes, bool]:
    """Feeds and drains a process at once; ends early when one output passes the limit."""
    enough = asyncio.Event()
    outputs: dict[str, bytes] = {}

    async def drain(name: str, reader: asyncssh.SSHReader[bytes]) -> None:
        kept = bytearray()
        while len(kept) <= limit and (chunk := await reader.read(_CHUNK)):
            kept += chunk
        outputs[name] = bytes(kept)
        if len(kept) > limit:
            enough.set()

    async def feed() -> None:
        try:
            if stdin:
                process.stdin.write(stdin)
                await process.stdin.drain()
            process.stdin.write_eof()
        except (BrokenPipeError, ConnectionResetError):
            return  # It ended without reading all of it; its exit status tells whether that was right.

    async def whole() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(feed())
            group.create_task(drain("stdout", process.stdout))
            group.create_task(drain("stderr", process.stderr))

    exchange = asyncio.ensure_future(whole())
    stop = asyncio.ensure_future(enough.wait())
    try:
        await asyncio.wait((exchange, stop), return_when=asyncio.FIRST_COMPLETED)
        if exchange.done():
            _reraise(exchange)
    finally:
        for task in (exchange, stop):
            task.cancel()
        await asyncio.gather(exchange, stop, return_exceptions=True)
    truncated = enough.is_set()
    return outputs.get("stdout", b"")[:limit], outputs.get("stderr", b"")[:limit], truncated


def _reraise(exchange: "asyncio.Future[None]") -> None:
    """The first error of the group instead of the group: there is one far side, and it failed once."""
    error = exchange.exception()
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if error is not None:
        raise error


def _end(process: Process) -> None:
    """Asks what still runs to end, and closes the channel: what goes on writing then gets a broken pipe."""
    # Not asked whether it is closing: after an end of input asyncssh says yes, with the channel still open.
    if process.exit_status is None and process.exit_signal is None:
        with suppress(OSError):  # the channel is gone already, which is what was wanted
            process.terminate()
    process.close()


__all__ = ["OUTPUT_LIMIT", "Completed", "Connection", "SshError"]
