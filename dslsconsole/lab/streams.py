"""Byte streams between the programs of a practice host: pipes, buffers and the null device."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

PIPE_CAPACITY = 65536
"""Bytes a pipe holds before its writer waits, as on Linux."""


class Input(Protocol):
    """What a program reads from."""

    async def read(self, size: int = -1) -> bytes:
        """At most `size` bytes as soon as there are any, or everything up to the end; b"" at the end."""

    async def readline(self) -> bytes:
        """One line with its newline; without it only at the end."""


class Output(Protocol):
    """What a program writes to."""

    async def write(self, data: bytes) -> None:
        """Write all of the data.

        Raises:
            BrokenPipeError: nobody reads any more.
        """

    def close(self) -> None:
        """Say that no more comes."""


class Buffer:
    """Keeps what was written; reading starts at the beginning."""

    def __init__(self, data: bytes = b"") -> None:
        self._data = bytearray(data)
        self._position = 0

    def getvalue(self) -> bytes:
        """Everything that was written."""
        return bytes(self._data)

    async def read(self, size: int = -1) -> bytes:
        end = len(self._data) if size < 0 else self._position + size
        taken = bytes(self._data[self._position : end])
        self._position += len(taken)
        return taken

    async def readline(self) -> bytes:
        newline = self._data.find(b"\n", self._position)
        return await self.read(-1 if newline < 0 else newline + 1 - self._position)

    async def write(self, data: bytes) -> None:
        self._data += data

    def close(self) -> None:
        pass


class Null:
    """/dev/null."""

    async def read(self, size: int = -1) -> bytes:
        return b""

    async def readline(self) -> bytes:
        return b""

    async def write(self, data: bytes) -> None:
        pass

    def close(self) -> None:
        pass


class Pipe:
    """A bounded pipe; one side writes, the other reads."""

    def __init__(self, capacity: int = PIPE_CAPACITY) -> None:
        self._data = bytearray()
        self._capacity = capacity
        self._ended = False
        self._abandoned = False
        self._changed = asyncio.Event()

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def write(self, data: bytes) -> None:
        rest = memoryview(bytes(data))
        while rest:
            if self._abandoned or self._ended:
                raise BrokenPipeError
            room = self._capacity - len(self._data)
            if room <= 0:
                await self._changed.wait()
                continue
            self._data += rest[:room]
            rest = rest[room:]
            self._notify()

    def close(self) -> None:
        """The writer ends."""
        self._ended = True
        self._notify()

    def abandon(self) -> None:
        """The reader goes away: writers get a broken pipe."""
        self._abandoned = True
        self._data.clear()
        self._notify()

    def _take(self, size: int) -> bytes:
        taken = bytes(self._data[:size])
        del self._data[:size]
        self._notify()
        return taken

    async def read(self, size: int = -1) -> bytes:
        if size < 0:
            parts = bytearray()
            while part := await self.read(PIPE_CAPACITY):
                parts += part
            return bytes(parts)
        while not self._data and not self._ended and not self._abandoned:
            await self._changed.wait()
        return self._take(size)

    async def readline(self) -> bytes:
        line = bytearray()
        while True:
            newline = self._data.find(b"\n")
            if newline >= 0:
                return bytes(line) + self._take(newline + 1)
            line += self._take(len(self._data))
            if self._ended or self._abandoned:
                return bytes(line)
            await self._changed.wait()


class Forward:
    """Hands what is written to a coroutine, e.g. an SSH channel's writer."""

    def __init__(self, send: Callable[[bytes], Awaitable[None]], close: Callable[[], None] | None = None) -> None:
        self._send = send
        self._close = close

    async def write(self, data: bytes) -> None:
        if data:
            await self._send(data)

    def close(self) -> None:
        if self._close is not None:
            self._close()


class Lines:
    """Gives a reader of chunks the reading of lines."""

    def __init__(self, receive: Callable[[], Awaitable[bytes]]) -> None:
        self._receive = receive
        self._held = bytearray()
        self._ended = False

    async def _more(self) -> bool:
        if not self._ended:
            part = await self._receive()
            self._held += part
            self._ended = not part
        return not self._ended

    async def read(self, size: int = -1) -> bytes:
        if size < 0:
            while await self._more():
                pass
            size = len(self._held)
        elif not self._held:
            await self._more()
        taken = bytes(self._held[:size])
        del self._held[:size]
        return taken

    async def readline(self) -> bytes:
        while (newline := self._held.find(b"\n")) < 0:
            if not await self._more():
                return await self.read(len(self._held))
        return await self.read(newline + 1)
