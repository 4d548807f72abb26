"""Reading the action log."""

from collections.abc import Callable, Iterator
from pathlib import Path

from dslsconsole.journal.entry import LONGEST_LINE, Entry, decode, instant
from dslsconsole.journal.errors import failed
from dslsconsole.journal.files import months


def read(
    directory: Path,
    *,
    since: float | None = None,
    cluster: str | None = None,
    operation: str | None = None,
    damaged: Callable[[Path, int], None] = lambda path, line: None,
) -> Iterator[Entry]:
    """The log's entries, oldest first; none if there is no log yet.

    Args:
        directory: where the log lies.
        since: only what was written then or later; seconds since the epoch.
        cluster: only of this cluster.
        operation: only of this operation.
        damaged: told file and line number of each line that can't be read; `verify` says more of it.

    Raises:
        JournalError: a file can't be read.
    """
    first = instant(since)[:7] if since is not None else ""
    try:
        for path in months(directory):
            if path.name < first:
                continue
            for number, line in lines(path):
                try:
                    entry = decode(line)
                except ValueError:
                    damaged(path, number)
                    continue
                if _wanted(entry, since, cluster, operation):
                    yield entry
    except OSError as error:
        raise failed("read", directory, error) from error


def _wanted(entry: Entry, since: float | None, cluster: str | None, operation: str | None) -> bool:
    return (
        (since is None or entry.time >= since)
        and (cluster is None or entry.cluster == cluster)
        and (operation is None or entry.operation == operation)
    )


def last(directory: Path, count: int) -> tuple[Entry, ...]:
    """The newest entries, at most `count`, oldest first. Lines that can't be read are left out.

    Raises:
        JournalError: a file can't be read.
    """
    found: list[Entry] = []
    try:
        for path in reversed(months(directory)):
            here: list[Entry] = []
            for _number, line in lines(path):
                try:
                    here.append(decode(line))
                except ValueError:
                    continue
            found = here[-(count - len(found)) :] + found
            if len(found) >= count:
                break
    except OSError as error:
        raise failed("read", directory, error) from error
    return tuple(found[-count:]) if count > 0 else ()


def lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The file's whole lines with their numbers, from 1, without line ends; a half line at its end is left out.

    Raises:
        OSError: it can't be read.
    """
    with path.open("rb") as file:
        number = 0
        while line := file.readline(2 * LONGEST_LINE):
            number += 1
            if line.endswith(b"\n"):
                yield number, line[:-1]
