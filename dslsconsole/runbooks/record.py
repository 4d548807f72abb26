"""The operation's own lines in the journal, and what the journal tells of operations that have not ended."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, cast

from msgspec import Struct
from msgspec.structs import replace

from dslsconsole.journal import Entry, Journal, JournalError, Origin
from dslsconsole.runbooks.execution import NotWritten
from dslsconsole.runbooks.permission import Person
from dslsconsole.settings import expand
from dslsconsole.settings.schema import Estate


def journal_of(estate: Estate, clock: Callable[[], float]) -> Journal:
    return Journal(directory_of(estate), clock)


def directory_of(estate: Estate) -> Path:
    return expand(estate.journal.directory)


class OperationLog:
    """Writes one operation's events, each synced to disk before `append` returns."""

    def __init__(self, journal: Journal, person: Person, cluster: str, runbook: str, operation: str) -> None:
        self._journal = journal
        self._person = person
        self._cluster = cluster
        self._runbook = runbook
        self._operation = operation

    def append(self, event: str, **data: object) -> None:
        try:
            self._journal.append(
                event=event,
                operator=self._person.name,
                origin=Origin(self._person.host, self._person.tty),
                cluster=self._cluster,
                runbook=self._runbook,
                operation=self._operation,
                **cast("dict[str, Any]", data),
            )
        except JournalError as error:
            raise NotWritten(str(error)) from error


class Remembered(Struct, frozen=True):
    """An operation as a journal tells it. `at` is ISO 8601."""

    operation: str
    cluster: str
    runbook: str
    operator: str
    from_host: str
    started_at: str
    step: int
    steps: int
    ended: bool
    pid: int | None = None
    process: str = ""
    """Tells the process from others of its number."""


def _process(entry: Entry) -> dict[str, Any]:
    pid, process = entry.data.get("pid"), entry.data.get("process")
    return {
        "pid": pid if isinstance(pid, int) else None,
        "process": process if isinstance(process, str) else "",
    }


def remembered(entries: Iterable[Entry]) -> dict[str, Remembered]:
    """The operations that were confirmed, by id, with how far they are."""
    found: dict[str, Remembered] = {}
    steps: dict[str, int] = {}
    for entry in entries:
        name = entry.operation
        if entry.event == "planned":
            planned = entry.data.get("steps")
            steps[name] = len(planned) if isinstance(planned, list) else 0
        elif entry.event == "confirmed" or (entry.event == "resumed" and "pid" in entry.data and name not in found):
            # One that was begun at another console is known from where it was taken up.
            found[name] = Remembered(
                operation=name,
                cluster=entry.cluster,
                runbook=entry.runbook,
                operator=entry.operator,
                from_host=entry.origin.host,
                started_at=entry.at,
                step=0,
                steps=steps.get(name, 0),
                ended=False,
                **_process(entry),
            )
        elif name in found and entry.event == "resumed" and "pid" in entry.data:
            found[name] = replace(found[name], from_host=entry.origin.host, **_process(entry))
        elif name in found and entry.event == "step-started":
            number = entry.data.get("step")
            found[name] = replace(found[name], step=number if isinstance(number, int) else 0)
        elif name in found and entry.event in ("outcome", "abandoned"):
            found[name] = replace(found[name], ended=True)
    return found


def highest_epoch(entries: Iterable[Entry]) -> int | None:
    """The highest epoch that plans were made at, or a promotion under one of them gave; None where none is told."""
    highest: int | None = None
    planned: dict[str, int] = {}
    promotes: dict[str, set[int]] = {}
    for entry in entries:
        name, epoch = entry.operation, str(entry.data.get("epoch") or "")
        if entry.event == "planned" and epoch.isascii() and epoch.isdecimal() and len(epoch) < 16:
            steps = entry.data.get("steps")
            named = enumerate(steps if isinstance(steps, list) else (), 1)
            planned[name], promotes[name] = int(epoch), {n for n, one in named if "-promote-to-primary" in str(one)}
            highest = max(highest or 0, planned[name])
        elif entry.event == "step-ended" and entry.data.get("step") in promotes.get(name, ()):
            highest = max(highest or 0, planned[name] + (entry.data.get("outcome") == "done"))
    return highest
