"""A recording as an asciicast, which asciinema and web pages play, and as pictures of chosen moments."""

from collections.abc import Iterable, Iterator

import msgspec
from textual.driver import Driver
from textual.drivers.headless_driver import HeadlessDriver
from textual.pilot import Pilot

from dslsconsole.sessions.reading import Recording
from dslsconsole.sessions.recording import Looked, NotARecording, Record
from dslsconsole.tui.player import Player
from dslsconsole.tui.replaying import ReplayConsole
from dslsconsole.tui.themes import LoadedThemes
from dslsconsole.tui.unattended import played, sane, settled

LONGEST_PAUSE_S = 3.0
"""Stretches in which nothing is drawn are told as this long to a player (`idle_time_limit`)."""


class Tape(HeadlessDriver):
    """A terminal that keeps what it is sent."""

    def __init__(self, *args: object, **more: object) -> None:
        super().__init__(*args, **more)  # type: ignore[arg-type]
        self.kept: list[str] = []

    @property
    def is_headless(self) -> bool:
        return False

    def write(self, data: str) -> None:
        self.kept.append(data)

    def taken(self) -> str:
        """What was sent since the last time."""
        data = "".join(self.kept)
        self.kept.clear()
        return data


class TapedConsole(ReplayConsole):
    """A console on a recording that draws on a tape."""

    tape: Tape

    def _build_driver(self, headless: bool, inline: bool, mouse: bool, size: tuple[int, int] | None) -> Driver:
        self.tape = Tape(self, mouse=mouse, size=size)
        self._driver = self.tape
        return self.tape


async def cast(recording: Recording, themes: LoadedThemes) -> list[bytes]:
    """The lines of an asciicast, version 2 (docs.asciinema.org/manual/asciicast/v2).

    Raises:
        NotARecording: a part of it is damaged.
    """
    head, begins = recording.head, recording.started_at
    events: list[tuple[float, str, str]] = []
    sizes = [(head.width, head.height)]

    async def taken(app: ReplayConsole, pilot: Pilot[None], record: Record) -> bool:
        assert isinstance(app, TapedConsole)
        at = max(0.0, record.at - begins)
        if isinstance(record, Looked) and tuple(app.size) != sizes[-1]:
            sizes.append((app.size.width, app.size.height))
            events.append((at, "r", f"{app.size.width}x{app.size.height}"))
        await settled(app)
        if data := app.tape.taken():
            events.append((at, "o", data))
        return True

    await played(recording, themes, taken, TapedConsole)
    return list(_written(recording, sizes[0], events))


def _written(recording: Recording, size: tuple[int, int], events: Iterable[tuple[float, str, str]]) -> Iterator[bytes]:
    head = recording.head
    yield msgspec.json.encode(
        {
            "version": 2,
            "width": size[0],
            "height": size[1],
            "timestamp": int(head.started_at),
            "idle_time_limit": LONGEST_PAUSE_S,
            "title": f"dslsconsole, {head.operator} on {head.host}",
            "env": {"TERM": "xterm-256color"},
        }
    )
    last = 0.0
    for at, kind, data in events:
        last = max(last, at)  # no event is told before the one before it
        yield msgspec.json.encode([round(last, 3), kind, data])


async def pictures(recording: Recording, themes: LoadedThemes, moments: Iterable[float]) -> list[str]:
    """The screen at each of these times, where the operator looked then, as SVG.

    Raises:
        NotARecording: a part of it is damaged.
    """
    player = Player(recording, lambda: 0.0)
    app = ReplayConsole(player, themes, with_bar=False)
    made: list[str] = []
    head = recording.head
    async with app.run_test(size=sane(head.width, head.height)) as pilot:
        await pilot.pause()
        app.halt()
        for at in moments:
            app.jump(at)
            if player.damage is not None:
                raise NotARecording(f"{recording.path}: {player.damage}")
            if app.looked is not None and (size := sane(app.looked.width, app.looked.height)) != tuple(app.size):
                await pilot.resize_terminal(*size)
            await pilot.pause()
            app.jump(at)  # once more: a table that was not in sight could not be scrolled
            await pilot.pause()
            made.append(app.export_screenshot(title=f"{head.operator} on {head.host}"))
    return made
