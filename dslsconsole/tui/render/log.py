"""The action log panel: what was done, by whom, and how it ended. The newest line is the last."""

from collections.abc import Sequence
from datetime import tzinfo

from dslsconsole.tui.journal_feed import LogEntry
from dslsconsole.tui.render import words
from dslsconsole.tui.render.cells import Cell, Column, Cut, Row, Sheet, Tone

COLUMNS = (
    Column("at", "time", least=9, most=9),
    Column("operator", "operator", least=6, most=12, importance=3),
    Column("runbook", "runbook", least=8, most=14, importance=4),
    Column("text", "what", least=24, most=400, cut=Cut.END, grows=True),
)
TONES = {
    "done": Tone.OK,
    "pass": Tone.TEXT,
    "fail": Tone.WARNING,
    "failed": Tone.CRITICAL,
    "unknown": Tone.CRITICAL,
    "needs_person": Tone.CRITICAL,
    "rolled_back": Tone.WARNING,
    "refused": Tone.WARNING,
    "undone": Tone.WARNING,
}
GRAVE = Tone.CRITICAL
"""Of what must not be overlooked."""

NEWEST = 200
"""Entries that a panel shows; alone it shows all it has."""


def log(
    entries: Sequence[LogEntry],
    cluster: str,
    trouble: str | None = None,
    *,
    detail: bool = False,
    elsewhere: str | None = None,
    zone: tzinfo | None = None,
) -> Sheet:
    """The entries of one cluster, oldest first. Guards that passed are left out where there is little room.

    `elsewhere` is what somebody runs whose journal lies on another host.
    """
    ours = [entry for entry in entries if entry.cluster in (cluster, "") and (detail or not _dull(entry))]
    rows = tuple(_row(entry, zone) for entry in (ours if detail else ours[-NEWEST:]))
    if elsewhere is not None:
        rows += (Row("elsewhere", (Cell(f"▶ {elsewhere}", Tone.WARNING),), spans=True, wraps=True),)
    if trouble is not None:
        rows += (Row("trouble", (Cell(f"✖ {trouble}", Tone.CRITICAL),), spans=True, wraps=True),)
    return Sheet("Action log", COLUMNS, rows, empty="nothing has been done yet")


def _dull(entry: LogEntry) -> bool:
    return entry.event == "guard" and entry.outcome == "pass"


def _row(entry: LogEntry, zone: tzinfo | None) -> Row:
    cells = (
        Cell(words.time_of_day(entry.at, zone), Tone.MUTED),
        Cell(entry.operator),
        Cell(entry.runbook),
        Cell(entry.text, GRAVE if entry.event == "break-glass" else TONES.get(entry.outcome, Tone.TEXT)),
    )
    return Row(f"{entry.seq}", cells)
