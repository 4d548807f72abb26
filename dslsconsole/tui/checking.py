"""Plays a recording without a terminal, as fast as it can, and compares what is drawn with what was drawn."""

import difflib
from collections.abc import Iterator

from msgspec import Struct
from textual.pilot import Pilot

from dslsconsole.sessions.reading import Recording
from dslsconsole.sessions.recording import Drawn, Found, Logged, Looked, NotARecording, Seen
from dslsconsole.tui.player import Player
from dslsconsole.tui.recorder import lines
from dslsconsole.tui.replaying import ReplayConsole
from dslsconsole.tui.themes import LoadedThemes

SMALLEST = 20
LARGEST = 1000


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


class _Moment:
    """The clock of the recording, moved from record to record."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


async def check(recording: Recording, themes: LoadedThemes) -> Checked:
    """Play all of it and compare every screen that it holds.

    Raises:
        NotARecording: a part of it is damaged.
    """
    moment = _Moment()
    player = Player(recording, moment)
    app = ReplayConsole(player, themes, with_bar=False)
    app.clock = moment
    head = recording.head
    screens = 0
    async with app.run_test(size=_sane(head.width, head.height)) as pilot:
        await pilot.pause()
        app.halt()
        for record in recording.records():
            moment.at = record.at
            if isinstance(record, Looked):
                await _look(app, pilot, record)
            elif isinstance(record, Seen | Logged | Found):
                app.play([record])
                if player.damage is not None:
                    raise NotARecording(f"{recording.path}: {player.damage}")
                app.draw()
            elif isinstance(record, Drawn):
                app.draw()
                screens += 1
                if (found := next(_differences(record, lines(app)), None)) is not None:
                    return Checked(screens, found)
    return Checked(screens)


async def _look(app: ReplayConsole, pilot: Pilot[None], record: Looked) -> None:
    if (size := _sane(record.width, record.height)) != tuple(app.size):
        await pilot.resize_terminal(*size)
    app.play([record])
    app.draw()
    await pilot.pause()
    app.play([record])  # once more: a table that was not in sight could not be scrolled
    app.draw()


def _differences(record: Drawn, now: dict[str, tuple[str, ...]]) -> Iterator[Difference]:
    for name, before in record.tables.items():
        if now.get(name) != before:
            told = difflib.unified_diff(before, now.get(name, ()), "recorded", "now", n=1, lineterm="")
            yield Difference(record.at, name, tuple(told))


def _sane(width: int, height: int) -> tuple[int, int]:
    return min(LARGEST, max(SMALLEST, width)), min(LARGEST, max(SMALLEST // 2, height))
