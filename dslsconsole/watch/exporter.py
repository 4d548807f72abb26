"""The metrics exporter: `GET /metrics` in the Prometheus text format, over plain HTTP/1.1.

One small request a scrape, answered from what is known at that moment: nothing a client does makes a host be read.
"""

import asyncio
from collections.abc import Callable

from dslsconsole.sessions.metrics import CONTENT_TYPE

REQUEST_LIMIT = 8192
"""Bytes of a request's head."""
REQUEST_TIMEOUT_S = 5.0


class ListenError(Exception):
    """The address can't be listened on; its text is a sentence that says why."""


async def listen(host: str, port: int, metrics: Callable[[], bytes]) -> asyncio.Server:
    """Serve `metrics` at `/metrics`.

    Raises:
        ListenError: the address is taken, not this machine's or not permitted.
    """

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _answer(reader, writer, metrics)

    try:
        return await asyncio.start_server(answer, host, port, limit=REQUEST_LIMIT)
    except OSError as error:
        why = error.strerror or str(error)
        raise ListenError(f"can't listen on {host}:{port}: {why}; choose another address or port") from error


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, metrics: Callable[[], bytes]) -> None:
    try:
        async with asyncio.timeout(REQUEST_TIMEOUT_S):
            head = await reader.readuntil(b"\r\n\r\n")
            writer.write(_response(head, metrics))
            await writer.drain()
    except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
        # A client that sends no request, or leaves, gets no answer; it is none of the estate's.
        writer.transport.abort()
    finally:
        writer.close()


def _response(head: bytes, metrics: Callable[[], bytes]) -> bytes:
    words = head.partition(b"\r\n")[0].split(b" ")
    if len(words) != 3 or not words[2].startswith(b"HTTP/1."):
        return _http("400 Bad Request", b"This is an HTTP server: GET /metrics\n")
    method, target = words[0], words[1].partition(b"?")[0]
    if method not in (b"GET", b"HEAD"):
        return _http("405 Method Not Allowed", b"Only GET and HEAD are served here.\n")
    if target != b"/metrics":
        return _http("404 Not Found", b"The metrics are at /metrics\n")
    return _http("200 OK", metrics(), CONTENT_TYPE, bodiless=method == b"HEAD")


def _http(status: str, body: bytes, kind: str = "text/plain; charset=utf-8", *, bodiless: bool = False) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + (b"" if bodiless else body)
