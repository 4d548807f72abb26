"""What a new answer of a host changes: the readings from here on, and the sections a frame must carry.

Times that a far side counts in whole seconds or that are computed from "so long ago" jitter by a second or two from one
reading to the next. They are kept as they were, so that an idle estate sends nothing and a screen does not flicker.
"""

from typing import Generic, TypeVar

import msgspec
from msgspec import Struct

from dslsconsole.model.balancer import Backend, BackendServer, BalancerReadings, Process
from dslsconsole.model.node import DrSync, Link, NodeReadings, ServerStatus, Service
from dslsconsole.model.reading import Failure, Reading

Readings = TypeVar("Readings", NodeReadings, BalancerReadings)

JITTER_S = 2.0
CLOCK_JITTER_S = 0.5
"""An offset is good to half a round trip; smaller movements are noise."""


class Advance(Struct, Generic[Readings], frozen=True):
    """One step of a host's readings."""

    readings: Readings
    """As they are now."""
    changed: Readings
    """Only the sections that are not told by `touched_at` alone."""
    any_changed: bool
    touched_at: float | None
    """When the answer came; None if nothing was asked."""


def advance(before: Readings, after: Readings) -> Advance[Readings]:
    """The step from one answer of a host to the next.

    `after` holds what the newest attempt gave; sections it did not ask for are empty. A section that failed keeps its
    last good value. Where the connection itself failed, every section fails with it.
    """
    touched = _newest(after)
    if touched is None:
        return Advance(before, type(before)(), False, None)
    lost = after.link.failure
    merged: dict[str, Reading[object]] = {}
    changed: dict[str, Reading[object]] = {}
    for name in before.__struct_fields__:
        old: Reading[object] = getattr(before, name)
        new: Reading[object] = getattr(after, name)
        asked = new.tried_at is not None and new != old
        if asked:
            merged[name] = now = _stepped(old, new, touched)
        elif lost is not None and old.tried_at is not None:
            merged[name] = now = msgspec.structs.replace(old, failure=lost, tried_at=touched)
        else:
            now = old
        if now.tried_at is not None and not _told_by_touch(old, now, touched):
            changed[name] = now
    readings = msgspec.structs.replace(before, **merged)
    empty = type(before)()
    return Advance(readings, msgspec.structs.replace(empty, **changed), bool(changed), touched)


def failed(readings: Readings, failure: Failure, now: float) -> Readings:
    """An answer that says only that the host could not be asked."""
    return type(readings)(link=Reading(failure=failure, tried_at=now))


def _newest(readings: NodeReadings | BalancerReadings) -> float | None:
    times = [getattr(readings, name).tried_at for name in readings.__struct_fields__]
    return max((at for at in times if at is not None), default=None)


def _stepped(old: Reading[object], new: Reading[object], touched: float) -> Reading[object]:
    if new.failure is not None:
        kept = old if new.value is None else new
        return Reading(
            value=kept.value,
            at=kept.at,
            source=new.source or old.source,
            failure=old.failure if old.failure == new.failure else new.failure,
            tried_at=touched,
        )
    return Reading(
        value=new.value if old.value is None else steady(old.value, new.value),
        at=touched,
        source=new.source,
        failure=None,
        tried_at=touched,
    )


def _told_by_touch(old: Reading[object], now: Reading[object], touched: float) -> bool:
    """Whether a reader that applies `touched` to the old reading arrives at the new one by itself."""
    if old.tried_at is None or now.tried_at != touched:
        return False
    at = touched if old.failure is None else old.at
    return now.at == at and now.source == old.source and now.failure == old.failure and now.value == old.value


def steady(old: object, new: object) -> object:
    """The new value with the times that only jittered as they were; the old object itself if nothing else changed."""
    if new == old:
        return old
    kept = _steadied(old, new)
    return old if kept == old else kept


def _steadied(old: object, new: object) -> object:
    match old, new:
        case Link(), Link():
            return Link(
                since=_kept(old.since, new.since),
                hostname=new.hostname,
                clock_offset_s=_kept(old.clock_offset_s, new.clock_offset_s, CLOCK_JITTER_S),
            )
        case Service(), Service():
            return _with(new, "since", old.since, new.since)
        case ServerStatus(), ServerStatus():
            return _with(new, "started_at", old.started_at, new.started_at)
        case Process(), Process():
            return _with(new, "started_at", old.started_at, new.started_at)
        case DrSync(), DrSync() if new.last_sync is not None and new.last_sync == old.last_sync:
            # The lag grows by itself, and whoever wants it takes it from the time of the last sync.
            return msgspec.structs.replace(new, lag_s=old.lag_s)
        case Backend(), Backend():
            return _steady_backend(old, new)
        case tuple(), tuple() if len(old) == len(new):
            return tuple(steady(one, other) for one, other in zip(old, new, strict=True))
    return new


def _steady_backend(old: Backend, new: Backend) -> Backend:
    before: dict[str, BackendServer] = {server.name: server for server in old.servers}
    servers = []
    for server in new.servers:
        was = before.get(server.name)
        if was is not None and was.status == server.status:
            server = _with(server, "since", was.since, server.since)
        servers.append(server)
    return msgspec.structs.replace(new, servers=tuple(servers))


Timed = TypeVar("Timed", Service, ServerStatus, Process, BackendServer)


def _with(new: Timed, field: str, old_time: float | None, new_time: float | None) -> Timed:
    kept = _kept(old_time, new_time)
    return new if kept == new_time else msgspec.structs.replace(new, **{field: kept})


Number = TypeVar("Number", float, float | None)


def _kept(old: Number, new: Number, jitter: float = JITTER_S) -> Number:
    if old is not None and new is not None and abs(old - new) <= jitter:
        return old
    return new
