"""The operate user's hands: commands, sockets and files over SSH, and HTTP from the console's own host."""

import asyncio
import functools
import socket
import ssl
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self, TypeVar

import asyncssh
import httpx

from dslsconsole.model.reading import Failure, FailureKind
from dslsconsole.ssh.access import Access, Target
from dslsconsole.ssh.connection import Connection
from dslsconsole.ssh.errors import SshError, explained
from dslsconsole.ssh.pool import Pool
from dslsconsole.systems.acting import Answer, Page, Refused, Request, Unfinished, Unreached
from dslsconsole.systems.ground import Ground

T = TypeVar("T")
OUTPUT_LIMIT = 4_000_000
"""Bytes of one output; a token state of a large site is well below."""
SOCKET_LIMIT = 2_000_000
PAGE_LIMIT = 2_000_000
_LINE_LIMIT = 4_096
_MAYBE = (FailureKind.NO_ANSWER, FailureKind.LOST)
_CONCURRENT = 4
"""Channels at once on one connection: sshd allows ten, and some are other people's."""


@functools.cache
def _trust_store() -> ssl.SSLContext:
    """The system's, read once, which takes 30 ms; httpx by itself takes a list of its own."""
    return ssl.create_default_context()


class Reach:
    """`Hands` over real connections. One connection a host, opened when first needed and again after it was lost."""

    def __init__(self, ground: Ground, clock: Callable[[], float]) -> None:
        self._ground = ground
        self._clock = clock
        self._pool = Pool(Access.operate(ground.estate.ssh), clock, back_off=False)
        self._http = httpx.AsyncClient(verify=_trust_store(), follow_redirects=False, trust_env=False)
        self._channels: dict[str, asyncio.Semaphore] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()
        await self._pool.close()

    def _target(self, host: str) -> Target:
        settings = self._ground.host(host)
        return Target(host, settings.address, settings.ssh_port)

    async def _connection(self, host: str) -> Connection:
        try:
            return await self._pool.connection(self._target(host))
        except SshError as error:
            raise Unreached(error.failure) from error

    async def _with(self, host: str, use: Callable[[Connection], Awaitable[T]]) -> T:
        connection = await self._connection(host)
        async with self._channels.setdefault(host, asyncio.Semaphore(_CONCURRENT)):
            try:
                return await use(connection)
            except SshError as error:
                if error.failure.kind in _MAYBE:
                    # The next question goes over a new connection: this one may be dead without knowing it.
                    self._pool.drop(self._target(host))
                    raise Unfinished(error.failure.text) from error
                if error.failure.kind in (FailureKind.FAILED, FailureKind.PERMISSION, FailureKind.ABSENT):
                    raise Refused(error.failure.text) from error
                raise Unreached(error.failure) from error

    async def run(self, host: str, command: str, *, stdin: bytes | None = None, timeout: float) -> Answer:
        async def use(connection: Connection) -> Answer:
            done = await connection.run(command, stdin=stdin, timeout=timeout, limit=OUTPUT_LIMIT)
            if done.truncated:
                raise Refused(f"{host} printed more than {OUTPUT_LIMIT} bytes; its answer is not used")
            return Answer(done.status, done.stdout, done.stderr, done.seconds, done.truncated)

        return await self._with(host, use)

    async def ask_socket(self, host: str, path: str, line: str, *, timeout: float) -> str:
        async def use(connection: Connection) -> str:
            try:
                async with asyncio.timeout(timeout):
                    reader, writer = await connection.open_socket(path)
                    try:
                        writer.write(line.encode() + b"\n")
                        return (await _all_of(reader, SOCKET_LIMIT)).decode(errors="replace")
                    finally:
                        writer.close()
            except TimeoutError as error:
                raise Unfinished(f"{host}: {path} gave no answer in {timeout:g} s") from error
            except (ConnectionError, EOFError, asyncssh.Error) as error:
                raise Unfinished(f"{host}: the connection ended before {path} answered") from error

        return await self._with(host, use)

    async def request(self, request: Request, *, timeout: float) -> Page:
        auth = httpx.BasicAuth(request.user, request.password or "") if request.user is not None else None
        body: dict[str, object] = {}
        if request.form is not None:
            body["data"] = dict(request.form)
        if request.json is not None:
            body["content"] = request.json
        try:
            async with (
                asyncio.timeout(timeout),
                self._http.stream(
                    request.method,
                    request.url,
                    headers=request.headers,
                    auth=auth,
                    timeout=timeout,
                    **body,  # type: ignore[arg-type]
                ) as answer,
            ):
                text = b""
                async for chunk in answer.aiter_bytes():
                    text += chunk
                    if len(text) > PAGE_LIMIT:
                        raise Refused(f"{request.url} answers with more than {PAGE_LIMIT} bytes")
                return Page(answer.status_code, answer.headers.get("location", ""), text.decode(errors="replace"))
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            text_ = f"{request.url} can't be reached: {said(error)}"
            raise Unreached(Failure(FailureKind.UNREACHABLE, text_)) from error
        except (httpx.HTTPError, TimeoutError) as error:
            raise Unfinished(f"{request.url} gave no answer: {said(error)}") from error

    async def greet(self, host: str, port: int, line: str, *, timeout: float) -> str:
        address = self._ground.address(host)
        where = f"{host} port {port}"
        try:
            async with asyncio.timeout(timeout):
                reader, writer = await asyncio.open_connection(address, port, limit=_LINE_LIMIT)
        except socket.gaierror as error:
            raise Unreached(Failure(FailureKind.ABSENT, f"the name of {host} is not found")) from error
        except (OSError, TimeoutError) as error:
            raise Unreached(explained(error, where, limit_s=timeout).failure) from error
        try:
            async with asyncio.timeout(timeout):
                writer.write(line.encode() + b"\r\n")
                answer = await reader.readline()
        except (OSError, TimeoutError, ValueError) as error:
            raise Unfinished(f"{where} accepts a connection, and then gives no answer that can be read") from error
        finally:
            writer.transport.abort()
        return answer.decode(errors="replace").strip()

    async def create(self, host: str, path: str, data: bytes) -> bool:
        return await self._with(host, lambda connection: connection.create_exclusively(path, data))

    async def replace(self, host: str, path: str, data: bytes) -> None:
        await self._with(host, lambda connection: connection.replace_file(path, data))

    async def read(self, host: str, path: str) -> bytes | None:
        return await self._with(host, lambda connection: connection.read_file(path))

    async def remove(self, host: str, path: str) -> None:
        await self._with(host, lambda connection: connection.remove(path))

    async def names(self, host: str, path: str) -> tuple[str, ...] | None:
        return await self._with(host, lambda connection: connection.list_directory(path))


def said(error: Exception) -> str:
    """What an error of the HTTP client tells; many of them, timeouts above all, have no text of their own."""
    if isinstance(error, (TimeoutError, httpx.TimeoutException)):
        return str(error) or "it did not come in time"
    return str(error) or type(error).__name__


async def _all_of(reader: object, limit: int) -> bytes:
    """Everything up to the end of the answer; HAProxy closes the socket after one line's answer."""
    kept = bytearray()
    while chunk := await reader.read(65536):  # type: ignore[attr-defined]
        kept += chunk
        if len(kept) > limit:
            raise Refused(f"the socket answers with more than {limit} bytes")
    return bytes(kept)
