"""Compares what is drawn of a recording today with what was drawn when it was made."""

import difflib
from collections.abc import Iterator

from msgspec import Struct
from textual.pilot import Pilot

from dslsconsole.sessions.reading import Recording
from dslsconsole.sessions.recording import Drawn, Record
from dslsconsole.tui.recorder import lines
from dslsconsole.tui.replaying import ReplayConsole
from dslsconsole.tui.themes import LoadedThemes
from dslsconsole.tui.unattended import played


class Difference(Struct, frozen=True):
    """The first place where another screen is drawn today."""

    at: float
    place: str
    lines: tuple[str, ...]
    """As `diff -u` tells it, from what was drawn to what is."""


class Checked(Struct, frozen=True):
    """How many screens were compared, and the first that differs."""

    screens: int
    difference: Difference | None = None


class CheckedConsole(ReplayConsole):
    """Draws the panels also where a dialog lay over them: they are what was compared."""

    shows_dialogs = False


async def check(recording: Recording, themes: LoadedThemes) -> Checked:
    """Play all of it and compare every screen that it holds.

    Raises:
        NotARecording: a part of it is damaged.
    """
    found: list[Difference | None] = []

    async def compared(app: ReplayConsole, pilot: Pilot[None], record: Record) -> bool:
        if isinstance(record, Drawn):
            found.append(next(_differences(record, lines(app)), None))
        return not found or found[-1] is None

    await played(recording, themes, compared, CheckedConsole)
    return Checked(len(found), found[-1] if found else None)


def _differences(record: Drawn, now: dict[str, tuple[str, ...]]) -> Iterator[Difference]:
    for name, before in record.tables.items():
        if now.get(name) != before:
            told = difflib.unified_diff(before, now.get(name, ()), "recorded", "now", n=1, lineterm="")
            yield Difference(record.at, name, tuple(told))
