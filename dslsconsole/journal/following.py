"""Following the action log while it is written."""

from pathlib import Path

from dslsconsole.journal.entry import Entry, decode
from dslsconsole.journal.errors import failed
from dslsconsole.journal.files import months

MOST_AT_ONCE = 4 * 1024 * 1024


class Tail:
    """Remembers how far the log was read. Lines that can't be read, and half lines, are left out."""

    def __init__(self, directory: Path, operation: str | None = None, *, after: int = 0) -> None:
        """Follow the log in a directory.

        Args:
            directory: where the log lies; it may not exist yet.
            operation: only this operation's entries.
            after: only entries with a greater number.
        """
        self._directory = directory
        self._operation = operation
        self._after = after
        self._read: dict[str, int] = {}

    def new(self) -> tuple[Entry, ...]:
        """What was added since the last call; at the first call, everything.

        Raises:
            JournalError: a file can't be read.
        """
        found: list[Entry] = []
        try:
            for path in months(self._directory):
                size = path.stat().st_size
                # A file that became shorter lost lines; `verify` tells. Following goes on at its new end.
                done = min(self._read.get(path.name, 0), size)
                while done < size and (block := _block(path, done)):
                    found += self._entries(block)
                    done += len(block)
                self._read[path.name] = done
        except OSError as error:
            raise failed("read", self._directory, error) from error
        return tuple(found)

    def _entries(self, block: bytes) -> list[Entry]:
        found = []
        for line in block.split(b"\n"):
            try:
                entry = decode(line)
            except ValueError:
                continue
            if entry.seq > self._after and self._operation in (None, entry.operation):
                found.append(entry)
        return found


def _block(path: Path, start: int) -> bytes:
    """The whole lines from there on, bounded; empty if there is none yet."""
    with path.open("rb") as file:
        file.seek(start)
        block = file.read(MOST_AT_ONCE)
    return block[: block.rfind(b"\n") + 1]
