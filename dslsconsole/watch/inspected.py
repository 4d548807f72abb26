"""A close look at a node, in lines for a person."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TypeVar

from dslsconsole.model.inspection import Holder, Inspection
from dslsconsole.model.reading import Reading

T = TypeVar("T")
Lines = Callable[[tuple[T, ...]], list[str]]


def told(seen: Inspection) -> Iterator[str]:
    """The log, the configuration file, and who holds licences; of what could not be read, why."""
    yield from _part(f"Log of {seen.unit} on {seen.node}", seen.log, lambda lines: list(lines))
    yield from _part("Configuration", seen.config, lambda lines: list(lines))
    yield from _part("Licences in use", seen.holders, lambda holders: [_holder(one) for one in holders])


def _part(title: str, reading: Reading[tuple[T, ...]], lines: Lines[T]) -> Iterator[str]:
    if reading.value is None and reading.failure is None:
        return
    yield f"{title}:"
    if reading.failure is not None:
        yield f"  {reading.failure.text}"
    yield from (f"  {line}" for line in lines(reading.value or ()))


def _holder(one: Holder) -> str:
    since = datetime.fromtimestamp(one.since, UTC).strftime("%Y-%m-%d %H:%M:%SZ") if one.since is not None else "?"
    idle = f"{one.idle_s:.0f} s" if one.idle_s is not None else "?"
    return (
        f"{one.user or '?':<16} {one.host or '?':<16} {one.feature or '?':<24} "
        f"{'?' if one.tokens is None else one.tokens:>5} tokens  since {since}  idle {idle}"
    )
