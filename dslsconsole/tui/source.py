"""Where frames come from: the reading process, or a list of them."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Protocol

from msgspec import Struct

from dslsconsole.model.frames import Frame, Hello, Trouble, decode
from dslsconsole.tui.render.words import clean, time_of_day

LONGEST_LINE = 64 * 1024 * 1024
CHUNK = 1024 * 1024
BACK_OFF_S = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
FIRST_FRAME_WITHIN_S = 30.0
STALLED_AFTER_ROUNDS = 6
LEAST_STALL_S = 30.0
ENDS_WITHIN_S = 2.0
LAST_WORDS = 4096


class Arrival(Struct, frozen=True):
    """What one tick brought: frames, or a sentence that says why there are none."""

    frames: tuple[Frame, ...] = ()
    trouble: str | None = None


class Source(Protocol):
    """Where the screen gets its frames."""

    def arrivals(self) -> AsyncGenerator[Arrival, None]:
        """Batches of frames as they come. Ends when there will be no more; cancelling it releases everything."""
        ...


class PlayedFrames:
    """A source that plays a list of batches, as fast as they are taken."""

    def __init__(self, batches: Sequence[Sequence[Frame]]) -> None:
        self._batches = tuple(tuple(batch) for batch in batches)

    async def arrivals(self) -> AsyncGenerator[Arrival, None]:
        for batch in self._batches:
            yield Arrival(batch)


class _Ended(Exception):  # noqa: N818 - an ending, not always an error
    """The reading process can't be read any further, with the reason in words."""


class WatchProcess:
    """The reading process as a child: started, read, and started again when it ends or falls silent."""

    def __init__(self, argv: Sequence[str], clock: Callable[[], float], back_off: Sequence[float] = BACK_OFF_S) -> None:
        self._argv = tuple(argv)
        self._clock = clock
        self._back_off = tuple(back_off)
        self._last_good: float | None = None
        self._stall_after = FIRST_FRAME_WITHIN_S

    async def arrivals(self) -> AsyncGenerator[Arrival, None]:
        attempt = 0
        while True:
            before = self._last_good
            reason = "it ended"
            try:
                async with contextlib.aclosing(self._one_life()) as life:
                    async for arrival in life:
                        yield arrival
            except _Ended as ending:
                reason = str(ending)
            except OSError as error:
                reason = f"it can't be started: {error.strerror or error}"
            attempt = 0 if self._last_good != before else attempt + 1
            pause = self._back_off[min(attempt, len(self._back_off) - 1)]
            yield Arrival(trouble=self._sentence(reason, pause))
            await asyncio.sleep(pause)

    def _sentence(self, reason: str, pause: float) -> str:
        last = "nothing was read yet" if self._last_good is None else f"last reading {time_of_day(self._last_good)}"
        return f"the reading process stopped, {last}: {reason}; starting it again in {pause:.0f} s"

    async def _one_life(self) -> AsyncGenerator[Arrival, None]:
        """The frames of one process, from its start to its end.

        Raises:
            _Ended: it ended, fell silent or wrote something that is no frame.
        """
        process = await asyncio.create_subprocess_exec(
            *self._argv,
            stdin=asyncio.subprocess.PIPE,  # its end tells the process that we are gone, however we went
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        self._stall_after = FIRST_FRAME_WITHIN_S
        words: deque[str] = deque(maxlen=3)
        listening = asyncio.create_task(_last_words(process.stderr, words))
        try:
            async with contextlib.aclosing(_lines(process.stdout, lambda: self._stall_after)) as batches:
                async for lines in batches:
                    frames = tuple(frame for line in lines if (frame := _frame(line)) is not None)
                    if frames:
                        self._note(frames)
                        yield Arrival(frames)
            status = await asyncio.wait_for(process.wait(), ENDS_WITHIN_S)
            await listening
            said = f": {words[-1]}" if words else ""
            raise _Ended(f"it ended with status {status}{said}")
        except TimeoutError as error:
            raise _Ended(f"it said nothing for {self._stall_after:.0f} s") from error
        finally:
            if process.stdin is not None:
                process.stdin.close()
            await _end(process)
            await _drained(process.stdout, listening)

    def _note(self, frames: tuple[Frame, ...]) -> None:
        """Remember that it lives, and how long it may be silent: it speaks at least once a round."""
        for frame in frames:
            if isinstance(frame, Hello):
                self._stall_after = max(LEAST_STALL_S, STALLED_AFTER_ROUNDS * frame.estate.interval_s)
            elif not isinstance(frame, Trouble):
                self._last_good = self._clock()


def _frame(line: bytes) -> Frame | None:
    try:
        return decode(line)
    except ValueError as error:
        raise _Ended(f"it wrote a line that is no frame ({clean(str(error))[:80]})") from error


async def _lines(stream: asyncio.StreamReader, patience: Callable[[], float]) -> AsyncGenerator[list[bytes], None]:
    """The whole lines of each chunk that is there at once: what a tick wrote comes as one batch.

    Raises:
        TimeoutError: nothing came for so long.
        _Ended: a line is longer than any frame.
    """
    rest = bytearray()
    while chunk := await asyncio.wait_for(stream.read(CHUNK), patience()):
        rest += chunk
        if b"\n" in chunk:
            *lines, last = bytes(rest).split(b"\n")
            rest = bytearray(last)
            yield [line for line in lines if line.strip()]
        if len(rest) > LONGEST_LINE:
            raise _Ended(f"it wrote a line longer than {LONGEST_LINE} bytes")


async def _last_words(stream: asyncio.StreamReader, words: deque[str]) -> None:
    """Keep the last lines it wrote on standard error: they usually say why it ended."""
    rest = ""
    while chunk := await stream.read(LAST_WORDS):
        *lines, rest = (rest + chunk.decode("utf-8", "replace")).split("\n")
        rest = rest[-LAST_WORDS:]
        words.extend(clean(line)[:200] for line in lines if line.strip())
    if rest.strip():
        words.append(clean(rest)[:200])


async def _drained(stream: asyncio.StreamReader, listening: "asyncio.Task[None]") -> None:
    """Read what is left in the pipes of a process that has ended: they are only closed at their end."""
    rest = asyncio.create_task(_discarded(stream))
    _, unfinished = await asyncio.wait({rest, listening}, timeout=ENDS_WITHIN_S)
    for task in unfinished:  # a grandchild holds the pipe
        task.cancel()
    await asyncio.gather(rest, listening, return_exceptions=True)


async def _discarded(stream: asyncio.StreamReader) -> None:
    while await stream.read(CHUNK):
        pass


async def _end(process: asyncio.subprocess.Process) -> None:
    """End the process, kindly first."""
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), ENDS_WITHIN_S)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
