"""The hosts of an estate as sources: who is asked, over which connection."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from dslsconsole.settings.schema import Estate
from dslsconsole.watch.poller import Source


@asynccontextmanager
async def opened(estate: Estate, clock: Callable[[], float]) -> AsyncIterator[Sequence[Source]]:
    """Every host of the estate, readable until the context ends."""
    raise NotImplementedError
    yield ()
