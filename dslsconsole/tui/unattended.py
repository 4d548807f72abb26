"""Plays a recording without a terminal, as fast as it can, record by record, for whoever looks at what is drawn."""

import asyncio
from collections.abc import Awaitable, Callable

from textual.pilot import Pilot

from dslsconsole.sessions.reading import Recording
from dslsconsole.sessions.recording import Drawn, Found, Logged, Looked, NotARecording, Record, Seen
from dslsconsole.tui.player import Player
from dslsconsole.tui.replaying import ReplayConsole
from dslsconsole.tui.themes import LoadedThemes

SMALLEST = 20
LARGEST = 1000
Look = Callable[[ReplayConsole, Pilot[None], Record], Awaitable[bool]]
"""Is told each record once it is drawn; false ends the playing."""


class _Moment:
    """The clock of the recording, moved from record to record."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


async def played(
    recording: Recording, themes: LoadedThemes, look: Look, console: type[ReplayConsole] = ReplayConsole
) -> None:
    """Play all of it on a console of this kind.

    Raises:
        NotARecording: a part of it is damaged.
    """
    moment = _Moment()
    player = Player(recording, moment)
    app = console(player, themes, with_bar=False)
    app.clock = moment
    head = recording.head
    async with app.run_test(size=sane(head.width, head.height)) as pilot:
        await pilot.pause()
        app.halt()
        for record in recording.records():
            moment.at = record.at
            if isinstance(record, Looked):
                await _go_to(app, pilot, record)
            elif isinstance(record, Seen | Logged | Found):
                app.play([record])
                if player.damage is not None:
                    raise NotARecording(f"{recording.path}: {player.damage}")
                app.draw()
            elif isinstance(record, Drawn):
                app.draw()
            if not await look(app, pilot, record):
                return


async def settled(app: ReplayConsole) -> None:
    """Wait until all that was asked of the widgets is done and drawn, and no longer.

    Twice, because what one widget heeds may ask another for something.
    """
    for _ in range(2):
        heeded = [asyncio.Event() for _ in app.screen.walk_children(with_self=True)]
        for widget, event in zip(app.screen.walk_children(with_self=True), heeded, strict=True):
            if not widget.call_later(event.set):
                event.set()  # it is about to go
        for event in heeded:
            await event.wait()
    drawn = asyncio.Event()
    if app.screen.call_after_refresh(drawn.set):
        await drawn.wait()


async def _go_to(app: ReplayConsole, pilot: Pilot[None], record: Looked) -> None:
    if (size := sane(record.width, record.height)) != tuple(app.size):
        await pilot.resize_terminal(*size)
    app.play([record])
    app.draw()
    await settled(app)
    app.play([record])  # once more: a table that was not in sight could not be scrolled
    app.draw()


def sane(width: int, height: int) -> tuple[int, int]:
    """A size that can be drawn, whatever the file says."""
    return min(LARGEST, max(SMALLEST, width)), min(LARGEST, max(SMALLEST // 2, height))
