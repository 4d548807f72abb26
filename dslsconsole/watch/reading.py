"""The reading process put together: an estate, its hosts, and where what is known goes."""

import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import msgspec

from dslsconsole.alerts.notifications import Courier, couriers
from dslsconsole.alerts.thresholds import Thresholds, thresholds_of
from dslsconsole.model.frames import encode
from dslsconsole.model.picture import Picture
from dslsconsole.sessions.metrics import exposition
from dslsconsole.settings.schema import Estate
from dslsconsole.settings.shape import shape_of
from dslsconsole.systems.readers import readers
from dslsconsole.watch import renewing
from dslsconsole.watch.exporter import ListenError, listen
from dslsconsole.watch.live import Live
from dslsconsole.watch.outlet import can_close, outlet_to, until_closed
from dslsconsole.watch.poller import Poller, Source
from dslsconsole.watch.stream import Stream

__all__ = ["ListenError", "UnknownClusterError", "read_once", "serve", "stream", "stream_once"]

Clock = Callable[[], float]
Opened = Callable[[Estate, Clock], AbstractAsyncContextManager[Sequence[Source]]]

_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class UnknownClusterError(Exception):
    """The estate has no cluster of that name; the text names those it has."""


def narrowed(estate: Estate, cluster: str | None) -> Estate:
    """The estate with one cluster only; the whole one for None.

    Raises:
        UnknownClusterError: it has none of that name.
    """
    if cluster is None:
        return estate
    if cluster not in estate.clusters:
        raise UnknownClusterError(
            f"The estate has no cluster {cluster!r}; it has {', '.join(sorted(estate.clusters))}."
        )
    return estate.model_copy(update={"clusters": {cluster: estate.clusters[cluster]}})


async def read_once(
    estate: Estate, cluster: str | None = None, *, clock: Clock = time.time, opening: Opened = readers
) -> Picture:
    """Read every host once and judge what came. Takes no longer than one connection and one answer may.

    Raises:
        UnknownClusterError: as `narrowed`.
    """
    estate = narrowed(estate, cluster)
    live = _live(estate, patient=False)
    async with opening(estate, clock) as sources:
        await _poller(estate, sources, live, clock).once()
    now = clock()
    return Picture().apply(live.hello(now)).apply(live.full(now))


async def stream_once(estate: Estate, cluster: str | None = None) -> None:
    """Print the two frames that tell what one reading of every host gave.

    Raises:
        UnknownClusterError: as `narrowed`.
    """
    estate = narrowed(estate, cluster)
    live = _live(estate, patient=False)
    async with readers(estate, time.time) as sources:
        await _poller(estate, sources, live, time.time).once()
    now = time.time()
    sys.stdout.buffer.write(encode(live.hello(now)) + encode(live.full(now)))
    sys.stdout.buffer.flush()


async def stream(estate: Estate, cluster: str | None = None, *, notify: bool = False, path: Path | None = None) -> None:
    """Print frames until whoever started or reads this process is gone, or a signal ends it.

    Args:
        notify: tell alerts to the estate's webhooks too.
        path: the estate file. When it changes, a process that was started by another ends, to be started again.

    Raises:
        UnknownClusterError: as `narrowed`.
    """
    estate = narrowed(estate, cluster)
    started_by_pipe = can_close(sys.stdin.buffer)  # before anything is printed: it may be closed in answer to that
    live = _live(estate)
    changed = asyncio.Event()
    async with (
        outlet_to(sys.stdout.buffer, changed) as outlet,
        readers(estate, time.time) as sources,
        _until_signalled() as signalled,
        _courier(estate, notify) as courier,
    ):
        out = Stream(live, outlet, changed, clock=time.time)
        poller = Poller(sources, **_rhythm(estate), clock=time.time, deliver=out.deliver)
        parts = [out.run(), poller.run(), signalled.wait(), *_telling(live, courier)]
        if started_by_pipe:
            parts.append(until_closed(sys.stdin.buffer))
            if path is not None:
                parts.append(renewing.changed(path, _say, asyncio.sleep))
        await _first_of(*parts)


async def serve(estate: Estate, cluster: str | None, host: str, port: int) -> None:
    """Read the estate, serve metrics and tell alerts to the estate's webhooks until a signal ends it.

    Raises:
        UnknownClusterError: as `narrowed`.
        ListenError: as `listen`.
    """
    estate = narrowed(estate, cluster)
    live = _live(estate)

    def metrics() -> bytes:
        now = time.time()
        return exposition(Picture().apply(live.hello(now)).apply(live.full(now)), now)

    server = await listen(host, port, metrics)
    where = server.sockets[0].getsockname()
    print(f"dslsconsole: metrics at http://{where[0]}:{where[1]}/metrics", file=sys.stderr, flush=True)
    async with (
        server,
        readers(estate, time.time) as sources,
        _until_signalled() as signalled,
        _courier(estate, True) as courier,
    ):
        poller = _poller(estate, sources, live, time.time)
        await _first_of(poller.run(), _judging(live), signalled.wait(), *_telling(live, courier))


async def _judging(live: Live) -> None:
    """Judge as time goes by, so that alerts ripen between two scrapes."""
    while True:
        live.tick(time.time())
        await asyncio.sleep(1.0)


def _courier(estate: Estate, notify: bool) -> AbstractAsyncContextManager[Courier]:
    """Who tells the estate's alerts; nobody's where this process is not the one to tell them."""
    return couriers(estate.notifications if notify else (), clock=time.time, say=_say)


def _telling(live: Live, courier: Courier) -> tuple[Coroutine[None, None, None], ...]:
    async def observe() -> None:
        while True:
            courier.observe(live.alerts, live.unseen)
            await asyncio.sleep(1.0)

    async def deliver() -> None:
        await courier.run()
        await asyncio.Event().wait()  # without webhooks there is nothing to deliver, and that ends nothing

    return observe(), deliver()


def _say(text: str) -> None:
    print(f"dslsconsole: {text}", file=sys.stderr, flush=True)


def _live(estate: Estate, *, patient: bool = True) -> Live:
    shape = shape_of(estate)
    if not patient:
        # All of a single reading is from now: what answered at once must not be old when the slowest host gives up.
        shape = msgspec.structs.replace(
            shape, stale_after_s=max(shape.stale_after_s, _rhythm(estate)["patience"] + 1.0)
        )
    return Live(shape, _thresholds(estate), patient=patient)


def _thresholds(estate: Estate) -> dict[str, Thresholds]:
    shape = shape_of(estate)
    found = {}
    for cluster in shape.clusters:
        monitoring = estate.clusters[cluster.name].monitoring
        found[cluster.name] = thresholds_of(cluster, monitoring.model_extra if monitoring is not None else None)
    return found


def _rhythm(estate: Estate) -> dict[str, float]:
    return {
        "interval": estate.poll.interval,
        "patience": estate.ssh.connect_timeout + estate.poll.timeout + 1.0,
    }


def _poller(estate: Estate, sources: Sequence[Source], live: Live, clock: Clock) -> Poller:
    return Poller(
        sources,
        **_rhythm(estate),
        clock=clock,
        deliver=lambda host, answer: live.arrived(host, answer, clock()),
    )


@asynccontextmanager
async def _until_signalled() -> AsyncIterator[asyncio.Event]:
    """An event that is set by a signal to end."""
    loop = asyncio.get_running_loop()
    signalled = asyncio.Event()
    for number in _ENDING:
        loop.add_signal_handler(number, signalled.set)
    try:
        yield signalled
    finally:
        for number in _ENDING:
            loop.remove_signal_handler(number)


async def _first_of(*parts: Coroutine[None, None, object]) -> None:
    """Run all until one ends, then end the others. What one of them raises is raised."""
    tasks = [asyncio.ensure_future(part) for part in parts]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
