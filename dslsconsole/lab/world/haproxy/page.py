"""The statistics page: CSV over HTTP, and the form that changes servers, with HAProxy's answers."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from urllib.parse import parse_qsl, unquote_plus

from dslsconsole.lab.hitches import Hitch, Snags
from dslsconsole.lab.world.haproxy.process import BACKEND_ID, Admin, Process
from dslsconsole.lab.world.haproxy.statistics import page, show_stat
from dslsconsole.lab.world.pace import until

MOST_FORM_BYTES = 16384
_MOST_HEADER_LINES = 100
_PATIENCE = 10.0
CSV = "text/plain"


class Page:
    """Serves `/stats` of one HAProxy on a real port of this machine."""

    def __init__(
        self,
        process: Process,
        shutdown: Callable[[str], None],
        is_reachable: Callable[[], bool],
        *,
        is_admin: bool = True,
    ) -> None:
        self.process = process
        self.shutdown = shutdown
        self.is_reachable = is_reachable
        self.is_admin = is_admin
        self.snags = Snags()
        self.port = 0
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.StreamWriter] = set()

    async def open(self, port: int = 0) -> None:
        """Listen on the port, or on a free one."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Listen no more; connections end."""
        if self._server is None:
            return
        self._server.close()
        for writer in list(self._connections):
            writer.transport.abort()
        self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, TimeoutError, ValueError):
                while await self._exchange(reader, writer):
                    pass
        finally:
            self._connections.discard(writer)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        request = (await asyncio.wait_for(reader.readline(), _PATIENCE)).decode("latin-1").split()
        if len(request) != 3:
            return False
        headers: dict[str, str] = {}
        for _ in range(_MOST_HEADER_LINES):
            line = (await asyncio.wait_for(reader.readline(), _PATIENCE)).decode("latin-1").strip()
            if not line:
                break
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        length = headers.get("content-length", "0")
        size = int(length) if length.isdigit() else 0
        body = await asyncio.wait_for(reader.readexactly(min(size, 1 << 20)), _PATIENCE) if size else b""
        await until(self.is_reachable)
        if not self.process.is_running:
            return False
        self.process.requests += 1
        hitch = self.snags.hitch(unquote_plus(body.decode("latin-1")))
        answer = b"" if hitch is Hitch.LOST_BEFORE else self._respond(request[0], request[1], body)
        if hitch in (Hitch.LOST_BEFORE, Hitch.LOST_AFTER):
            return False
        writer.write(answer)
        await writer.drain()
        return headers.get("connection", "").lower() != "close"

    def _respond(self, method: str, target: str, body: bytes) -> bytes:
        path = target.split("?")[0]
        if path != "/stats" and not path.startswith("/stats;"):
            return _response("503 Service Unavailable", "text/html", b"<h1>503 Service Unavailable</h1>\n")
        if method == "POST":
            code = self.post(body)
            head = "cache-control: no-cache\r\ncontent-type: text/plain\r\ncontent-length: 0\r\n"
            return f"HTTP/1.1 303 See Other\r\n{head}location: /stats;st={code}\r\n\r\n".encode()
        if path.endswith(";csv"):
            return _response("200 OK", CSV, show_stat(self.process, has_page=True).encode())
        return _response("200 OK", "text/html", page(self.process).encode())

    def post(self, body: bytes) -> str:
        """Do what a form says; the word after `st=`."""
        if not self.is_admin or self.snags.refuse(unquote_plus(body.decode("latin-1"))):
            return "DENY"
        if len(body) > MOST_FORM_BYTES:
            return "EXCD"
        action, backend, names = "", self.process.backend, []
        for key, value in parse_qsl(body.decode("latin-1"), keep_blank_values=True):
            if key == "action":
                action = value
            elif key == "b":
                backend = value
            elif key == "s":
                names.append(value)
        if not action or not names:
            return "NONE"
        if backend not in (self.process.backend, f"#{BACKEND_ID}") or action not in ACTIONS:
            return "ERRP"
        known = [name for name in names if name in self.process.servers]
        changed = [self._act(action, name) for name in known]
        if len(known) < len(names):
            return "PART" if known else "ERRP"
        return "DONE" if any(changed) else "NONE"

    def _act(self, action: str, name: str) -> bool:
        server, now = self.process.servers[name], self.process.elapsed()
        if action == "shutdown":
            self.shutdown(name)
            return True
        if action in ("enable", "start"):
            return server.admin is Admin.MAINT and server.set_admin(Admin.READY, now)
        return server.set_admin(ACTIONS[action], now)


ACTIONS = {
    "ready": Admin.READY,
    "drain": Admin.DRAIN,
    "maint": Admin.MAINT,
    "disable": Admin.MAINT,
    "enable": Admin.READY,
    "stop": Admin.DRAIN,
    "start": Admin.READY,
    "shutdown": Admin.READY,
}


def _response(status: str, kind: str, body: bytes) -> bytes:
    head = (
        f"HTTP/1.1 {status}\r\ncache-control: no-cache\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
