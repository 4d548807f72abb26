"""The licence servers' real port: it answers `STATUS` as the health check of a load balancer expects."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import random
import socket
from collections.abc import Callable

from dslsconsole.lab.world.pace import until
from dslsconsole.lab.world.server import LicenceServer

_PATIENCE = 10.0


_PORTS = range(20_000, 32_000)
"""Below what systems give to connections that go out (Linux: from 32768): such a connection would take the port of a
server that is stopped, or not started yet."""


def free_port() -> int:
    """A port of this machine's loopback that nobody uses at the moment.

    Raises:
        OSError: there is none.
    """
    for port in random.SystemRandom().sample(_PORTS, 100):
        with socket.socket() as taken:
            try:
                taken.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError(errno.EADDRINUSE, "no port of this machine's loopback is free")


class StatusPort:
    """Listens while the licence server runs, refuses while it does not, and is silent while it hangs."""

    def __init__(self, server: LicenceServer, is_reachable: Callable[[], bool]) -> None:
        self.server = server
        self.is_reachable = is_reachable
        self._listener: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def open(self) -> None:
        """Listen, where the server runs."""
        await self.follow()

    async def follow(self) -> None:
        """Open or close the port as the server has started or ended."""
        wanted = self.server.is_running and self.server.host.is_up
        if wanted and self._listener is None:
            with contextlib.suppress(OSError):  # the port is still in use by a dying connection: tried again next tick
                self._listener = await asyncio.start_server(self._serve, "127.0.0.1", self.server.port)
        elif not wanted and self._listener is not None:
            await self.close()

    async def close(self) -> None:
        if self._listener is None:
            return
        self._listener.close()
        for writer in list(self._writers):
            writer.transport.abort()
        self._listener = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            with contextlib.suppress(ConnectionError, TimeoutError, ValueError):
                while line := await asyncio.wait_for(reader.readline(), _PATIENCE):
                    await until(lambda: self.is_reachable() and not self.server.is_hung)
                    if line.strip() == b"STATUS":
                        writer.write(f"Server Status: {self.server.status}\r\n".encode())
                        await writer.drain()
        finally:
            self._writers.discard(writer)
            writer.close()
