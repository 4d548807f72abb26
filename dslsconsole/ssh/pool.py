"""Connections kept: one a host, shared by all who ask, opened a few at a time, with growing pauses if refused."""

import asyncio
import random
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from msgspec import Struct

from dslsconsole.model.reading import FailureKind
from dslsconsole.ssh.access import Access, Route, Target
from dslsconsole.ssh.connection import Connection
from dslsconsole.ssh.errors import SshError, failed

CONNECTS_AT_ONCE = 32
FIRST_PAUSE_S = 5.0
LONGEST_PAUSE_S = 60.0


class Refusal(Struct, frozen=True):
    """The last failure, and until when nobody tries again."""

    error: SshError
    attempts: int
    until: float


class Pool:
    """Connections by target. `back_off=False` (for acting) tries anew whenever it is asked.

    The clock gives epoch seconds; `jitter` a number from 0 up to 1.
    """

    def __init__(
        self,
        access: Access,
        clock: Callable[[], float] = time.time,
        *,
        back_off: bool = True,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._access = access
        self._clock = clock
        self._back_off = back_off
        self._jitter = jitter
        self._connecting = asyncio.Semaphore(CONNECTS_AT_ONCE)
        self._open: dict[Target, Connection] = {}
        self._attempts: dict[Target, asyncio.Task[Connection]] = {}
        self.refusals: dict[Target, Refusal] = {}
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self.close()

    async def connection(self, target: Target, *, user: str | None = None) -> Connection:
        """The open connection to `target`, or a new one. Callers at the same time share one attempt.

        Raises:
            SshError: there is none. While backing off, that is the last attempt's failure, at once.
        """
        if self._closed:
            raise failed(FailureKind.LOST, "the console is closing its connections")
        connection = self._open.get(target)
        if connection is not None and connection.is_open:
            return connection
        attempt = self._attempts.get(target)
        if attempt is None:
            refusal = self.refusals.get(target)
            if refusal is not None and self._clock() < refusal.until:
                raise refusal.error.with_traceback(None)
            attempt = asyncio.create_task(self._connected(target, user), name=f"connect {target.name}")
            self._attempts[target] = attempt
            attempt.add_done_callback(lambda done: self._ended(target, done))
        # Shielded: the caller who gives up must not take the attempt from the others.
        return await asyncio.shield(attempt)

    def _ended(self, target: Target, attempt: asyncio.Task[Connection]) -> None:
        self._attempts.pop(target, None)
        if not attempt.cancelled():
            # Its failure is kept as the refusal, also where every caller has given up by now.
            attempt.exception()

    def route(self, target: Target) -> Route:
        """How `target` would be reached, without reaching for it.

        Raises:
            SshError: ssh_config can't be read.
        """
        return self._access.route(target)

    def drop(self, target: Target) -> None:
        """Ends the connection to `target`; the next caller gets a new one."""
        connection = self._open.pop(target, None)
        if connection is not None:
            connection.abort()

    async def close(self) -> None:
        """Ends everything."""
        self._closed = True
        attempts = tuple(self._attempts.values())
        for attempt in attempts:
            attempt.cancel()
        await asyncio.gather(*attempts, return_exceptions=True)
        connections = tuple(self._open.values())
        self._open.clear()
        await asyncio.gather(*(connection.close() for connection in connections), return_exceptions=True)

    async def _connected(self, target: Target, user: str | None) -> Connection:
        self._open.pop(target, None)
        try:
            route = self._access.route(target, user)
            connection = await self._through(route)
        except SshError as error:
            self._refuse(target, error)
            raise
        self.refusals.pop(target, None)
        self._open[target] = connection
        return connection

    async def _through(self, route: Route) -> Connection:
        tunnel: Connection | None = None
        for jump in route.jumps:
            tunnel = await self._jump(jump.target, jump.user, tunnel)
        # The permits are for connecting alone; waiting for a host on the way would deadlock a full pool.
        async with self._connecting:
            underlying = await self._access.connect(route, tunnel.tunnel() if tunnel else None)
        return Connection(underlying, route.where, self._clock())

    async def _jump(self, target: Target, user: str | None, tunnel: Connection | None) -> Connection:
        """A host on the way, itself kept in the pool."""
        if tunnel is None:
            return await self.connection(target, user=user)
        route = self._access.route(target, user)
        async with self._connecting:
            return Connection(await self._access.connect(route, tunnel.tunnel()), route.where, self._clock())

    def _refuse(self, target: Target, error: SshError) -> None:
        if not self._back_off:
            return
        before = self.refusals.get(target)
        attempts = before.attempts + 1 if before else 1
        # Full jitter between the shortest and the doubling longest pause: a fleet that fell does not come back at once.
        longest = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0**attempts)
        pause = FIRST_PAUSE_S + (longest - FIRST_PAUSE_S) * self._jitter()
        self.refusals[target] = Refusal(error, attempts, self._clock() + pause)
