"""The stream: frames go out as answers come in, at most one batch a tick, and never slower than the answers."""

import asyncio
from collections.abc import Callable

from dslsconsole.model.frames import Frame, encode
from dslsconsole.watch.live import Live
from dslsconsole.watch.outlet import Outlet
from dslsconsole.watch.poller import Answer

TICK_S = 0.1


class Stream:
    """Connects what a poller delivers with an outlet.

    Args:
        changed: set by the outlet when it drains or closes; the stream sets it itself when answers come in.
        tick: seconds between two batches of frames. The first answer after a pause goes out at once.
        idle: seconds after which clusters are judged again although nothing came in.
    """

    def __init__(
        self,
        live: Live,
        outlet: Outlet,
        changed: asyncio.Event,
        *,
        clock: Callable[[], float],
        tick: float = TICK_S,
        idle: float = 1.0,
    ) -> None:
        self._live = live
        self._outlet = outlet
        self._changed = changed
        self._clock = clock
        self._tick = tick
        self._idle = idle
        self._behind = False

    def deliver(self, host: str, answer: Answer) -> None:
        """Take in an answer."""
        self._live.arrived(host, answer, self._clock())
        self._changed.set()

    async def run(self) -> None:
        """Send frames until nobody reads them any more."""
        now = self._clock()
        self._send([self._live.hello(now), self._live.full(now)])
        while not self._outlet.closed:
            await self._something()
            self.flush()
            await asyncio.sleep(self._tick)

    def flush(self) -> None:
        """Tell what is new; a whole snapshot if the reader missed something."""
        self._changed.clear()
        frames = self._live.tick(self._clock())
        if self._outlet.stalled:
            self._behind = self._behind or bool(frames)
        elif self._behind:
            self._behind = False
            self._send([self._live.full(self._clock())])
        elif frames:
            self._send(frames)

    async def _something(self) -> None:
        try:
            async with asyncio.timeout(self._idle):
                await self._changed.wait()
        except TimeoutError:
            return

    def _send(self, frames: list[Frame]) -> None:
        self._outlet.write(b"".join(encode(frame) for frame in frames))
