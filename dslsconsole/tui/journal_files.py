"""The action log of this console's own host, followed as it grows."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

from dslsconsole.journal import Entry, JournalError, Tail
from dslsconsole.journal.story import telling
from dslsconsole.tui.journal_feed import LogEntry, News

LOOKS_EVERY_S = 0.25
MARKS = {"step-started": "▶ ", "step-ended": ""}
KEPT = 2000
"""The newest entries of the first look; nobody scrolls through years of them here."""


class JournalFiles:
    """Reads what is there, then what is added. Never writes, and holds no lock."""

    def __init__(self, directory: Path, every_s: float = LOOKS_EVERY_S) -> None:
        self._tail = Tail(directory)
        self._every_s = every_s

    async def news(self) -> AsyncGenerator[News, None]:
        first, before = True, None
        while True:
            trouble: str | None = None
            found: tuple[Entry, ...] = ()
            try:
                # In a thread: the first look may read years of it from a slow disk.
                found = await asyncio.to_thread(self._tail.new)
            except JournalError as error:
                trouble = str(error)
            if found or trouble != before or first:
                first, before = False, trouble
                yield News(tuple(shown(entry) for entry in found[-KEPT:]), trouble)
            await asyncio.sleep(self._every_s)


def shown(entry: Entry) -> LogEntry:
    """One line of the journal in the words of the panel. A member that is missing is left empty."""
    step = entry.data.get("step")
    outcome = entry.data.get("outcome", entry.data.get("result"))
    undo = entry.data.get("undo") is True
    return LogEntry(
        seq=entry.seq,
        at=entry.time,
        operator=entry.operator,
        cluster=entry.cluster,
        runbook=entry.runbook,
        operation=entry.operation,
        event=entry.event,
        text=" ".join(f"{MARKS.get(entry.event, f'{entry.event} ')}{telling(entry)}".split()),
        outcome=outcome if isinstance(outcome, str) else "",
        step=step if isinstance(step, int) and not undo else None,
        host=str(entry.data.get("host", "")),
    )
