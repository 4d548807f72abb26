"""The licence servers' real port: it answers `STATUS` as the health check of a load balancer expects."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import random
import socket
from collections.abc import Callable

from dslsconsole.lab.world.pace import until
from dslsconsole.lab.world.server import LicenceServer

_PATIENCE = 10.0


_PORTS = range(20_000, 32_000)
"""Below what systems give to connections that go out (Linux: from 32768): such a connection would take the port of a
server that is stopped, or not started yet."""
_SHARE = 500
"""Each process keeps to so many of them, so that estates that start together do not choose the same."""


def free_ports(count: int) -> list[int]:
    """Ports of this machine's loopback that nobody uses at the moment, each another.

    Raises:
        OSError: there are not so many.
    """
    shares = len(_PORTS) // _SHARE
    share = _PORTS[os.getpid() % shares * _SHARE :][:_SHARE]
    found: list[int] = []
    with contextlib.ExitStack() as held:
        for port in random.SystemRandom().sample(share, len(share)):
            taken = held.enter_context(socket.socket())
            try:
                taken.bind(("127.0.0.1", port))
            except OSError:
                continue
            found.append(port)
            if len(found) == count:
                return found
    raise OSError(errno.EADDRINUSE, "too few ports of this machine's loopback are free")


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
                self._listener = await self._listen()
        elif not wanted and self._listener is not None:
            await self.close()

    async def _listen(self) -> asyncio.Server:
        opening = asyncio.create_task(asyncio.start_server(self._serve, "127.0.0.1", self.server.port))
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            # The practice estate ends just now: nobody would ever close it.
            with contextlib.suppress(OSError):
                (await opening).close()
            raise

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
