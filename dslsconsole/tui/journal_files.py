"""The action log of this console's own host, followed as it grows."""

import asyncio
import os
import shutil
from collections.abc import AsyncGenerator
from pathlib import Path

from dslsconsole.journal import Entry, JournalError, Tail
from dslsconsole.journal.story import BREAK_GLASS, telling
from dslsconsole.tui.journal_feed import LogEntry, News
from dslsconsole.tui.operation import PlannedStep

LOOKS_EVERY_S = 0.25
MARKS = {"step-started": "▶ ", "step-ended": "", BREAK_GLASS: "✖ BREAK-GLASS "}
LEAST_FREE = 256 * 1024
"""Bytes that an operation's lines may need."""
KEPT = 2000
"""The newest entries of the first look; nobody scrolls through years of them here."""


class JournalFiles:
    """Reads what is there, then what is added. Never writes, and holds no lock."""

    def __init__(self, directory: Path, every_s: float = LOOKS_EVERY_S, *, writes: bool = False) -> None:
        """With `writes` it is also said when this user can't write there: nothing could be run."""
        self._directory = directory
        self._writes = writes
        self._tail = Tail(directory)
        self._every_s = every_s

    async def news(self) -> AsyncGenerator[News, None]:
        first, before = True, None
        while True:
            trouble: str | None = None
            found: tuple[Entry, ...] = ()
            try:
                # In a thread: the first look may read years of it from a slow disk.
                found, trouble = await asyncio.to_thread(self._look)
            except JournalError as error:
                trouble = str(error)
            if found or trouble != before or first:
                first, before = False, trouble
                yield News(tuple(shown(entry) for entry in found[-KEPT:]), trouble)
            await asyncio.sleep(self._every_s)

    def _look(self) -> tuple[tuple[Entry, ...], str | None]:
        return self._tail.new(), unwritable(self._directory) if self._writes else None


def unwritable(directory: Path) -> str | None:
    """Why nothing can be written there, in a sentence; None where it can, or where it is not there yet."""
    try:
        free = shutil.disk_usage(directory).free
    except OSError:
        return None
    if free < LEAST_FREE:
        return f"Nothing can be run: no space is left for the action log in {directory}; free some space there."
    if not os.access(directory, os.W_OK | os.X_OK):
        return f"Nothing can be run: the action log in {directory} can't be written by this user."
    return None


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
        step=step if isinstance(step, int) and (not undo or outcome == "undone") else None,
        taken_back=step if isinstance(step, int) and undo and outcome != "undone" else None,
        host=str(entry.data.get("host", "")),
        steps=_steps(entry.data.get("steps")) if entry.event == "planned" else (),
        sentence=_text(entry.data.get("sentence")),
        card=tuple(map(_text, card)) if isinstance(card := entry.data.get("card"), list) else (),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _steps(planned: object) -> tuple[PlannedStep, ...]:
    """The steps of a plan as they were written down; none where they can't be read."""
    steps = []
    for one in planned if isinstance(planned, list) else ():
        step = one if isinstance(one, dict) else {}
        command, within = step.get("command"), step.get("within")
        steps.append(
            PlannedStep(
                _text(step.get("name")),
                _text(step.get("host")),
                "\n".join(map(_text, command)) if isinstance(command, list) else _text(command),
                "planned",
                _text(step.get("undo")),
                float(within) if isinstance(within, (int, float)) else None,
            )
        )
    return tuple(steps)
