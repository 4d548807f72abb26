"""The action log as the screen follows it."""

from collections.abc import AsyncGenerator, Iterable
from typing import Protocol

from msgspec import Struct


class LogEntry(Struct, frozen=True):
    """One line of the journal, in the words of the action log panel."""

    seq: int
    at: float | None
    operator: str
    cluster: str
    runbook: str
    operation: str
    event: str
    text: str
    outcome: str = ""
    step: int | None = None
    host: str = ""


class News(Struct, frozen=True):
    """What was added since the last time, or why nothing can be read."""

    entries: tuple[LogEntry, ...] = ()
    trouble: str | None = None


def unfinished(entries: Iterable[LogEntry], cluster: str) -> str | None:
    """The runbook of the newest operation on a cluster that began its steps and has no outcome yet."""
    begun: dict[str, str] = {}
    for entry in entries:
        if entry.cluster == cluster and entry.event == "step-started":
            begun[entry.operation] = entry.runbook
        elif entry.event == "outcome":
            begun.pop(entry.operation, None)
    return next(reversed(begun.values()), None)


class JournalFeed(Protocol):
    """A source of journal entries."""

    def news(self) -> AsyncGenerator[News, None]:
        """First what there is already, then each addition. Ends only when it is cancelled."""
        ...
