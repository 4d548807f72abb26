"""The operation's own lines in the journal, and what the journal tells of operations that have not ended."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from dslsconsole.journal import Journal, JournalError
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
                from_={"host": self._person.host, "tty": self._person.tty},
                cluster=self._cluster,
                runbook=self._runbook,
                operation=self._operation,
                **data,
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


def remembered(entries: Iterable[Mapping[str, Any]]) -> dict[str, Remembered]:
    """The operations that were confirmed, by id, with how far they are."""
    found: dict[str, Remembered] = {}
    steps: dict[str, int] = {}
    for entry in entries:
        name, event = str(entry.get("operation")), entry.get("event")
        if event == "planned":
            steps[name] = len(entry.get("steps") or ())
        elif event == "confirmed":
            origin = entry.get("from") or {}
            found[name] = Remembered(
                operation=name,
                cluster=str(entry.get("cluster")),
                runbook=str(entry.get("runbook")),
                operator=str(entry.get("operator")),
                from_host=str(origin.get("host", "")),
                started_at=str(entry.get("at")),
                step=0,
                steps=steps.get(name, 0),
                ended=False,
            )
        elif name in found and event == "step-started":
            found[name] = _with(found[name], step=int(entry.get("step") or 0))
        elif name in found and event in ("outcome", "abandoned"):
            found[name] = _with(found[name], ended=True)
    return found


def _with(one: Remembered, **changes: Any) -> Remembered:
    import msgspec

    return msgspec.structs.replace(one, **changes)
