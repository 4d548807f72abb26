"""Where frames go: standard output, without ever waiting for whoever reads it.

A reader that stalls fills the pipe. Frames are dropped from then on, and when the pipe drains a `full` frame takes up
the thread again: a stream is right after each `full`, whatever came before.
"""

import asyncio
import os
import select
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import BinaryIO, Protocol


class Outlet(Protocol):
    """Takes frames as bytes."""

    @property
    def stalled(self) -> bool:
        """Whether what was written last has not gone out yet."""

    @property
    def closed(self) -> bool:
        """Whether nobody reads any more."""

    def write(self, data: bytes) -> None:
        """Hand over whole frames. They go out at once if the reader keeps up."""


class PipeOutlet(asyncio.BaseProtocol):
    """A pipe or socket, written without blocking."""

    def __init__(self, changed: asyncio.Event) -> None:
        self._changed = changed
        self._transport: asyncio.WriteTransport | None = None
        self._paused = False
        self._closed = False

    @property
    def stalled(self) -> bool:
        return self._paused

    @property
    def closed(self) -> bool:
        return self._closed

    def write(self, data: bytes) -> None:
        if self._transport is not None and not self._closed:
            self._transport.write(data)

    def close(self) -> None:
        """End it now; what has not gone out is dropped."""
        if self._transport is not None and not self._closed:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        transport.set_write_buffer_limits(high=0)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._closed = True
        self._changed.set()

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        self._changed.set()


class FileOutlet:
    """A file or a terminal: each write ends before the next begins."""

    stalled = False

    def __init__(self, file: BinaryIO, changed: asyncio.Event) -> None:
        self._file = file
        self._changed = changed
        self.closed = False

    def write(self, data: bytes) -> None:
        try:
            self._file.write(data)
            self._file.flush()
        except BrokenPipeError:
            self.closed = True
            self._changed.set()


@asynccontextmanager
async def outlet_to(file: BinaryIO, changed: asyncio.Event) -> AsyncIterator[Outlet]:
    """The outlet for an open file, which it closes at the end. `changed` is set when it drains or closes."""
    mode = os.fstat(file.fileno()).st_mode
    if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
        yield FileOutlet(file, changed)
        return
    loop = asyncio.get_running_loop()
    _, outlet = await loop.connect_write_pipe(lambda: PipeOutlet(changed), file)
    try:
        yield outlet
    finally:
        outlet.close()
        await asyncio.sleep(0)  # the transport closes on the next turn of the loop


def can_close(file: BinaryIO) -> bool:
    """Whether the file tells when whoever holds its other end is gone.

    A pipe or socket that is still open does. Anything else (a terminal, /dev/null, a pipe that was closed before we
    looked) says nothing of whoever started this process.
    """
    mode = os.fstat(file.fileno()).st_mode
    return (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)) and not _at_its_end(file)


async def until_closed(file: BinaryIO) -> None:
    """Wait until the other end of a pipe or socket is closed; what is written there meanwhile is ignored."""
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), file
    )
    try:
        while await reader.read(4096):
            continue
    finally:
        transport.close()


def _at_its_end(file: BinaryIO) -> bool:
    poll = select.poll()
    poll.register(file.fileno(), select.POLLIN)
    return any(event & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _, event in poll.poll(0))
