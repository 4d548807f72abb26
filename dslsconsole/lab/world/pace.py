"""The lab's time: durations of the practice estate can pass faster than those of the wall clock."""

import asyncio
import time
from collections.abc import Callable

_LOOK = 0.05
SHORTEST_STALL, STALL = 0.25, 2.0
"""Real seconds, and lab seconds: the world goes on more often than the longer of both, where it can."""
SHORTEST_WAIT = 0.02
"""Real seconds; below this a faster pace costs more processor than it shows."""


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a state of the world, which is plain data that time and faults change."""
    while not condition():  # noqa: ASYNC110 - nothing announces every change of that data
        await asyncio.sleep(_LOOK)


class Pace:
    """Hosts show the wall clock, so that the console sees no skew; what happens in them takes `speed` times less.

    Args:
        speed: lab seconds that pass in one real second.
        wall: epoch seconds of this machine.
    """

    def __init__(self, speed: float = 1.0, wall: Callable[[], float] = time.time) -> None:
        if not 0.01 <= speed <= 1000:
            raise ValueError(f"speed {speed:g} is out of range; write a number from 0.01 to 1000")
        self.speed = speed
        self.wall = wall
        self._start = wall()
        self._passed: float | None = None
        """Lab seconds up to the last time that the world went on; None before it went on at all."""
        self._went_on = self._start
        self._stall = max(SHORTEST_STALL, STALL / speed)

    def elapsed(self) -> float:
        """Lab seconds since the start, without those in which the world stood still."""
        if self._passed is None:
            return (self.wall() - self._start) * self.speed
        return self._passed + min(self._stall, max(0.0, self.wall() - self._went_on)) * self.speed

    def go_on(self) -> None:
        """The world goes on: what is due now is done.

        On a busy machine it may have stood still meanwhile. That is no time in which a server heard nothing: at a
        faster pace a second would be a quarter of a minute of lag that there was not.
        """
        self._passed, self._went_on = self.elapsed(), self.wall()

    def real(self, lab_seconds: float) -> float:
        """How many real seconds a lab duration takes."""
        return max(SHORTEST_WAIT, lab_seconds / self.speed)
