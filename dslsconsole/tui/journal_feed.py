"""The action log as the screen follows it."""

from collections.abc import AsyncGenerator, Iterable
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from dslsconsole.tui.operation import PlannedStep


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
    taken_back: int | None = None
    """The step whose undo it tells of, until that is done."""
    host: str = ""
    steps: tuple[PlannedStep, ...] = ()
    """Of a `planned` entry: what is to be done."""
    sentence: str = ""
    card: tuple[str, ...] = ()
    """Of an `outcome` entry: what happened, and what to look at."""


class News(Struct, frozen=True):
    """What was added since the last time, or why nothing can be read."""

    entries: tuple[LogEntry, ...] = ()
    trouble: str | None = None


class Begun(Struct, frozen=True):
    """An operation that was confirmed, as the journal tells it."""

    operation: str
    cluster: str
    runbook: str
    step: int = 0
    steps: tuple[PlannedStep, ...] = ()
    ended: bool = False


BEGINNINGS = ("confirmed", "step-started", "resumed")
ENDS = ("outcome", "abandoned")


def begun(entries: Iterable[LogEntry]) -> dict[str, Begun]:
    """The operations that were confirmed, by id, the newest last."""
    found: dict[str, Begun] = {}
    planned: dict[str, tuple[PlannedStep, ...]] = {}
    for entry in entries:
        name = entry.operation
        if entry.event == "planned":
            planned[name] = entry.steps
        elif entry.event in BEGINNINGS:
            one = found.pop(name, None) or Begun(name, entry.cluster, entry.runbook, steps=planned.get(name, ()))
            found[name] = replace(one, step=entry.step or one.step, ended=False)
        elif entry.event in ENDS and name in found:
            found[name] = replace(found[name], ended=True)
    return found


def is_open(entries: Iterable[LogEntry]) -> bool:
    """Whether one operation, by its own entries, was begun, or taken up again, and has not ended since."""
    turns = [entry.event for entry in entries if entry.event in (*BEGINNINGS, *ENDS)]
    return bool(turns) and turns[-1] in BEGINNINGS


def unfinished(entries: Iterable[LogEntry], cluster: str) -> Begun | None:
    """The newest operation on a cluster that was confirmed and has no outcome yet."""
    return newest(entries, cluster, ended=False)


def newest(entries: Iterable[LogEntry], cluster: str, *, ended: bool) -> Begun | None:
    """The newest confirmed operation on a cluster that has ended, or has not."""
    ours = [one for one in begun(entries).values() if one.cluster == cluster and one.ended is ended]
    return ours[-1] if ours else None


class JournalFeed(Protocol):
    """A source of journal entries."""

    def news(self) -> AsyncGenerator[News, None]:
        """First what there is already, then each addition. Ends only when it is cancelled."""
        ...
