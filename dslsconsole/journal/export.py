"""The action log in the forms in which it leaves the console."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator

from dslsconsole.journal.entry import Entry
from dslsconsole.journal.story import by_whom, heading, printable, telling

COLUMNS = ("seq", "at", "operator", "host", "tty", "cluster", "runbook", "operation", "event", "text", "data", "prev")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_jsonl(entries: Iterable[Entry]) -> Iterator[str]:
    """One object a line, as in the log."""
    for entry in entries:
        yield json.dumps(entry.as_object(), ensure_ascii=True, separators=(",", ":")) + "\n"


def as_csv(entries: Iterable[Entry]) -> Iterator[str]:
    """A table for spreadsheets (RFC 4180); the data of each event stands in one column, as JSON."""
    yield _row(COLUMNS)
    for entry in entries:
        origin = entry.origin
        data = json.dumps(entry.data, ensure_ascii=True, separators=(",", ":"))
        yield _row(
            (
                str(entry.seq),
                entry.at,
                entry.operator,
                origin.host,
                origin.tty or "",
                entry.cluster,
                entry.runbook,
                entry.operation,
                entry.event,
                printable(telling(entry)),
                data,
                entry.prev,
            )
        )


def _row(cells: Iterable[str]) -> str:
    made = io.StringIO()
    # A spreadsheet would run what begins like a formula, and hosts may print anything.
    csv.writer(made).writerow(f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells)
    return made.getvalue()


def as_markdown(entries: Iterable[Entry]) -> Iterator[str]:
    """A report for a ticket: a heading and a table for each operation."""
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(entry.operation or f"#{entry.seq}", []).append(entry)
    for group in groups.values():
        yield f"## {_cell(heading(group))}\n\n| time | who | event | what |\n|---|---|---|---|\n"
        for entry in group:
            cells = (entry.at[11:23] + "Z", by_whom(entry), entry.event, telling(entry))
            yield f"| {' | '.join(_cell(cell) for cell in cells)} |\n"
        yield "\n"


def _cell(text: str) -> str:
    plain = printable(text).replace("\\", "\\\\")
    for mark in "|`*_<>[]#":
        plain = plain.replace(mark, f"\\{mark}")
    return plain


FORMATS: dict[str, Callable[[Iterable[Entry]], Iterator[str]]] = {
    "jsonl": as_jsonl,
    "csv": as_csv,
    "markdown": as_markdown,
}
