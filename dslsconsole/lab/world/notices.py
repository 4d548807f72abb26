"""The notification service: a real HTTP endpoint on loopback that keeps what it was sent."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from pathlib import Path

from dslsconsole.lab.hitches import Hitch, Snags

MOST_BYTES = 1 << 20
_PATIENCE = 10.0


class Notices:
    """Takes POSTs, answers 202 and appends each body to a file, one JSON object a line."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.received: list[dict[str, object]] = []
        self.refuses = False
        self.snags = Snags()
        self.port = 0
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/notifications"

    async def open(self, port: int = 0) -> None:
        """Listen on the port, or on a free one."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port or self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, TimeoutError, ValueError):
                head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _PATIENCE)).decode("latin-1")
                headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
                size = min(int(headers.get("content-length", "0")), MOST_BYTES)
                body = await asyncio.wait_for(reader.readexactly(size), _PATIENCE)
                hitch = self.snags.hitch(body.decode("utf-8", "replace"))
                answer = b"" if hitch is Hitch.LOST_BEFORE else self._take(head.split(" ", 1)[0], body)
                if hitch in (Hitch.LOST_BEFORE, Hitch.LOST_AFTER):
                    return
                writer.write(answer)
                await writer.drain()
        finally:
            writer.close()

    def _take(self, method: str, body: bytes) -> bytes:
        if method != "POST":
            return _answer("405 Method Not Allowed")
        if self.refuses or self.snags.refuse(body.decode("utf-8", "replace")):
            return _answer("503 Service Unavailable")
        try:
            said = json.loads(body)
        except ValueError:
            return _answer("400 Bad Request")
        entry: dict[str, object] = {"at": time.time(), "body": said}
        self.received.append(entry)
        with self.file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")
        return _answer("202 Accepted")


def _answer(status: str) -> bytes:
    body = b'{"status":"%s"}' % status.split(" ", 1)[1].lower().encode()
    head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\nconnection: close\r\n"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body
