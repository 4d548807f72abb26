"""What a recording tells when it is not played: a line in a list, a report for a post-mortem."""

import heapq
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec import Struct

from dslsconsole.sessions import remarks
from dslsconsole.sessions.marks import Kind, Mark, marks
from dslsconsole.sessions.reading import Recording
from dslsconsole.sessions.recording import SUFFIX, NotARecording

_SHOWN = frozenset(Kind) - {Kind.PRESSED}
_WORDS = {
    Kind.ALERT: "alert raised",
    Kind.OVER: "alert over",
    Kind.UNSEEN: "alert not seen",
    Kind.OPERATION: "operation",
    Kind.DID: "operator",
    Kind.LOOKED: "operator",
    Kind.TROUBLE: "reading stopped",
    Kind.GAP: "gap",
    Kind.NOTE: "note",
}


class Listed(Struct, frozen=True):
    """One recording in a list. Times are seconds since the epoch."""

    name: str
    operator: str = ""
    host: str = ""
    started_at: float | None = None
    seconds: float | None = None
    alerts: int = 0
    operations: tuple[str, ...] = ()
    failure: str | None = None
    """Why nothing, or not all, can be told of it."""


def listed(directory: Path) -> Iterator[Listed]:
    """The recordings of a directory, the oldest first."""
    for path in sorted(directory.glob(f"*{SUFFIX}")):
        try:
            with Recording(path) as recording:
                yield _listed(recording)
        except NotARecording as damage:
            yield Listed(path.name, failure=str(damage))
        except OSError as error:
            yield Listed(path.name, failure=f"{path}: {error.strerror}")


def _listed(recording: Recording) -> Listed:
    alerts, operations, failure = 0, list[str](), None
    try:
        for mark in marks(recording.records()):
            alerts += mark.kind is Kind.ALERT
            if mark.kind is Kind.OPERATION and mark.event in ("confirmed", "outcome"):
                operations.append(mark.text)
    except (NotARecording, ValueError) as damage:
        failure = str(damage)
    return Listed(
        name=recording.path.name,
        operator=recording.head.operator,
        host=recording.head.host,
        started_at=recording.started_at,
        seconds=recording.ended_at - recording.started_at,
        alerts=alerts,
        operations=tuple(operations),
        failure=failure,
    )


def report(recording: Recording) -> Iterator[str]:
    """A timeline in Markdown, a line at a time: alerts, what was looked at, each step of an operation, gaps.

    Raises:
        NotARecording: it is damaged; what came before was told.
    """
    head = recording.head
    length = timedelta(seconds=int(recording.ended_at - recording.started_at))
    yield f"# Session of {_safe(head.operator)} on {_safe(head.host)}"
    yield ""
    yield f"- from {_moment(head.started_at)} to {_moment(recording.ended_at)} ({length})"
    yield f"- dslsconsole {_safe(head.program)}{', read-only' if head.read_only else ''}, {head.width}×{head.height}"  # noqa: RUF001
    yield f"- recorded in `{_safe(recording.path.name)}`"
    yield ""
    yield "| time (UTC) | what | |"
    yield "|---|---|---|"
    yield from _lines(heapq.merge(marks(recording.records()), remarks.marks(recording.path), key=lambda mark: mark.at))


def _lines(found: Iterable[Mark]) -> Iterator[str]:
    day = ""
    for mark in found:
        if mark.kind not in _SHOWN:
            continue
        moment = _moment(mark.at)
        date, _, time = moment.partition(" ")
        yield f"| {time if date == day else moment} | {_WORDS[mark.kind]} | {_safe(mark.text)} |"
        day = date


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def _safe(text: str) -> str:
    """For a cell of a Markdown table: on one line, obeyed by nothing."""
    shown = "".join(character if character.isprintable() else "?" for character in text)
    for letter in "\\`*_[]<>|#":
        shown = shown.replace(letter, f"\\{letter}")
    return shown
