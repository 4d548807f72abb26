"""Asks every host in its own rhythm: each has its own phase in the interval, so that the fleet never answers at once.

One task a host reads, waits for its next turn and reads again. A host that takes longer than the interval misses turns
and holds up nobody; the age of its readings tells.
"""

import asyncio
import sys
from collections.abc import Callable, Sequence
from typing import Protocol

from dslsconsole.model.balancer import BalancerReadings
from dslsconsole.model.node import NodeReadings
from dslsconsole.model.reading import Failure, FailureKind, Reading

Answer = NodeReadings | BalancerReadings
FIRST_SPREAD_S = 0.004
"""Between the first attempts of two hosts: about what one connection costs to set up."""


class Source(Protocol):
    """One host that can be read."""

    @property
    def key(self) -> str:
        """Its key in the snapshot."""

    @property
    def empty(self) -> Answer:
        """Readings of its kind, of nothing."""

    async def read(self) -> Answer:
        """Ask it once. What could not be read is a failure in its readings, never an exception."""


class Poller:
    """Reads sources until it is cancelled.

    Args:
        interval: seconds between two readings of one host.
        patience: seconds after which an attempt is given up, whatever hangs in it.
        clock: the time in seconds since the epoch, for the readings.
        deliver: called with each answer.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        *,
        interval: float,
        patience: float,
        clock: Callable[[], float],
        deliver: Callable[[str, Answer], None],
    ) -> None:
        self._sources = sources
        self._interval = interval
        self._patience = patience
        self._clock = clock
        self._deliver = deliver

    async def run(self) -> None:
        """Read every host again and again."""
        async with asyncio.TaskGroup() as tasks:
            for place, source in enumerate(self._sources):
                tasks.create_task(self._follow(source, place), name=f"read {source.key}")

    async def once(self) -> None:
        """Read every host once."""
        async with asyncio.TaskGroup() as tasks:
            for place, source in enumerate(self._sources):
                tasks.create_task(self._first(source, place), name=f"read {source.key}")

    async def _follow(self, source: Source, place: int) -> None:
        loop = asyncio.get_running_loop()
        phase = self._interval * place / len(self._sources)
        start = loop.time()
        await self._first(source, place)
        turn = 0
        while True:
            elapsed = loop.time() - start - phase
            turn = max(turn + 1, int(elapsed // self._interval) + 1)
            await asyncio.sleep(start + phase + turn * self._interval - loop.time())
            await self._read(source)

    async def _first(self, source: Source, place: int) -> None:
        await asyncio.sleep(place * FIRST_SPREAD_S)
        await self._read(source)

    async def _read(self, source: Source) -> None:
        self._deliver(source.key, await answer_of(source, self._patience, self._clock))


async def answer_of(source: Source, patience: float, clock: Callable[[], float]) -> Answer:
    """One host's answer, bounded in time. A fault of our own in reading it costs this host's readings, nothing else."""
    host = source.key.partition("/")[2]
    try:
        async with asyncio.timeout(patience):
            return await source.read()
    except TimeoutError:
        failure = Failure(FailureKind.NO_ANSWER, f"{host} did not answer within {patience:g} s")
    except Exception as error:
        print(f"dslsconsole: reading {source.key}: {type(error).__name__}: {error}", file=sys.stderr)
        text = f"{host} could not be read because of a fault in dslsconsole ({type(error).__name__}); please report it"
        failure = Failure(FailureKind.GARBLED, text)
    empty = source.empty
    return type(empty)(link=Reading(failure=failure, tried_at=clock()))
