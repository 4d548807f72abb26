"""Frames go out at once, in batches, and a reader that stalls costs frames but never readings."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO

import pytest

from dslsconsole.model.frames import Full, Hello, decode
from dslsconsole.model.node import TokenState
from dslsconsole.model.picture import Picture
from dslsconsole.watch.live import Live
from dslsconsole.watch.outlet import can_close, outlet_to, until_closed
from dslsconsole.watch.stream import Stream
from tests.sample_estate import CLUSTER, ESTATE, NOW, PRIMARY, healthy, pools, read, with_node

KEY = f"{CLUSTER}/{PRIMARY}"


class Reader:
    """The reading end of a pipe: reads when told, and follows the stream."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.picture = Picture()
        self.frames: list[str] = []
        self._rest = b""

    def take(self) -> None:
        """Apply the frames of what lies in the pipe."""
        while data := self._available():
            *lines, self._rest = (self._rest + data).split(b"\n")
            for line in lines:
                frame = decode(line)
                assert frame is not None
                self.frames.append(json.loads(line)["frame"])
                self.picture = self.picture.apply(frame)

    def _available(self) -> bytes:
        try:
            return os.read(self.fd, 1 << 16)
        except BlockingIOError:
            return b""

    async def until(self, condition: Callable[[], bool]) -> None:
        ready = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(self.fd, ready.set)
        try:
            async with asyncio.timeout(30):
                while True:
                    self.take()
                    if condition():
                        return
                    ready.clear()
                    await ready.wait()
        finally:
            loop.remove_reader(self.fd)


class Running:
    def __init__(self, live: Live, stream: Stream, reader: Reader, task: asyncio.Task[None]) -> None:
        self.live, self.stream, self.reader, self.task = live, stream, reader, task

    def used(self) -> int | None:
        tokens = self.reader.picture.snapshot.node(CLUSTER, PRIMARY).tokens.value
        return tokens.pools[0].used if tokens is not None else None


@asynccontextmanager
async def running() -> AsyncIterator[Running]:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    live, changed = Live(ESTATE), asyncio.Event()
    with os.fdopen(writing, "wb") as file, os.fdopen(reading, "rb", buffering=0):
        async with outlet_to(file, changed) as outlet:
            stream = Stream(live, outlet, changed, clock=lambda: NOW, tick=0.001, idle=0.01)
            task = asyncio.create_task(stream.run())
            try:
                yield Running(live, stream, Reader(reading), task)
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)


def with_tokens(used: int) -> object:
    return with_node(healthy(), PRIMARY, tokens=read(TokenState(used, pools(used)))).node(CLUSTER, PRIMARY)


async def test_a_stream_begins_with_the_estate_and_an_empty_snapshot() -> None:
    async with running() as run:
        await run.reader.until(lambda: len(run.reader.frames) >= 2)
        assert run.reader.frames == ["hello", "full"]
        assert run.reader.picture.estate == ESTATE


async def test_an_answer_is_told_without_being_asked_for() -> None:
    async with running() as run:
        await run.reader.until(lambda: len(run.reader.frames) >= 2)
        run.stream.deliver(KEY, healthy().node(CLUSTER, PRIMARY))
        await run.reader.until(lambda: run.used() == 712)
        assert run.reader.frames[:3] == ["hello", "full", "change"]


async def test_an_idle_estate_says_nothing() -> None:
    async with running() as run:
        await run.reader.until(lambda: len(run.reader.frames) >= 2)
        for _ in range(5):
            run.stream.flush()
        run.reader.take()
        assert run.reader.frames == ["hello", "full"]


async def test_a_reader_that_stalls_holds_up_nothing_and_gets_a_whole_snapshot_when_it_reads_again() -> None:
    async with running() as run:
        for used in range(1, 2000):
            run.stream.deliver(KEY, with_tokens(used % 1000))  # type: ignore[arg-type]
            run.stream.flush()
            await asyncio.sleep(0)
        run.stream.deliver(KEY, with_tokens(555))  # type: ignore[arg-type]
        await run.reader.until(lambda: run.used() == 555)
        assert run.reader.frames.count("full") >= 2
        assert len(run.reader.frames) < 2000
        assert run.reader.picture.snapshot.nodes == run.live.snapshot(NOW).nodes


async def test_the_stream_ends_when_nobody_reads_it_any_more() -> None:
    reading, writing = os.pipe()
    changed = asyncio.Event()
    with os.fdopen(writing, "wb") as file:
        async with outlet_to(file, changed) as outlet, asyncio.timeout(30):
            os.close(reading)
            await Stream(Live(ESTATE), outlet, changed, clock=lambda: NOW, tick=0.001, idle=0.01).run()


async def test_a_file_takes_the_same_frames(tmp_path: Path) -> None:
    path = tmp_path / "stream.jsonl"
    changed = asyncio.Event()
    live = Live(ESTATE)
    with path.open("wb") as file:
        async with outlet_to(file, changed) as outlet:
            task = asyncio.create_task(Stream(live, outlet, changed, clock=lambda: NOW).run())
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    frames = [decode(line) for line in path.read_bytes().splitlines()]
    assert [type(frame) for frame in frames[:2]] == [Hello, Full]


@pytest.fixture
def pipe() -> tuple[BinaryIO, int]:
    reading, writing = os.pipe()
    return os.fdopen(reading, "rb", buffering=0), writing


async def test_the_end_of_standard_input_is_noticed(pipe: tuple[BinaryIO, int]) -> None:
    file, writing = pipe
    waiting = asyncio.create_task(until_closed(file))
    await asyncio.sleep(0)
    os.write(writing, b"whatever\n")
    assert not waiting.done()
    os.close(writing)
    async with asyncio.timeout(30):
        await waiting


def test_a_standard_input_that_was_never_open_tells_nothing(pipe: tuple[BinaryIO, int]) -> None:
    file, writing = pipe
    with file, Path(os.devnull).open("rb") as null:
        assert can_close(file)
        os.close(writing)
        assert not can_close(file)
        assert not can_close(null)
