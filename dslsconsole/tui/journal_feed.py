"""The action log as the screen follows it."""

from collections.abc import AsyncGenerator
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


class JournalFeed(Protocol):
    """A source of journal entries."""

    def news(self) -> AsyncGenerator[News, None]:
        """First what there is already, then each addition. Ends only when it is cancelled."""
        ...
