"""What stands between Textual and the terminal: characters that it has, no frames that it can't take, no cell twice."""

import time
from collections.abc import Iterable
from typing import Any, cast

from rich.console import RenderableType
from textual import events, on
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.drivers import linux_driver
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Region
from textual.screen import Screen
from textual.timer import Timer

from dslsconsole.tui.cells import Differing, TerminalCells
from dslsconsole.tui.repertoire import Repertoire, characters

BEHIND_AFTER_S = 0.25
"""A terminal that has not taken what it was sent for so long gets nothing more until it has."""
LOOKS_EVERY_S = 0.1


_SHIFTED_BY_ALT = "0123456789bf-="
"""What Textual takes for other characters, or for a word's width, with Alt."""


class EscapeKept(XTermParser):
    """Takes Esc and a key soon after it for just these two.

    A terminal sends the same for the key with Alt, which nothing here is bound to; Textual's own parser would make of
    it a key that does nothing or, after Enter and signs, forget that Esc was pressed.
    """

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[events.Key]:
        if len(sequence) == 2 and sequence[0] == "\x1b" and sequence[1] in _SHIFTED_BY_ALT:
            alt, sequence = True, sequence[1]
        if alt:
            yield events.Key("escape", "\x1b")
        yield from super()._sequence_to_key_events(sequence)


# The driver makes its parser by this name and offers no other way to give it one.
vars(linux_driver)["XTermParser"] = EscapeKept


class _Counted:
    """The terminal as the writing thread knows it, which counts what was taken."""

    def __init__(self, terminal: Any) -> None:
        self._terminal = terminal
        self._written = 0
        self.taken = 0

    def write(self, text: str) -> None:
        self._terminal.write(text)
        self._written += len(text)

    def flush(self) -> None:
        self._terminal.flush()
        self.taken = self._written

    def fileno(self) -> int:
        return cast("int", self._terminal.fileno())


class PacedDriver(LinuxDriver):
    """Knows whether the terminal keeps up, and draws only characters that it has."""

    instead_of = characters(Repertoire.UNICODE)

    def __init__(self, app: "App[Any]", *, debug: bool = False, mouse: bool = True, size: Any = None) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._counted = _Counted(self._file)
        self._file = cast("Any", self._counted)
        self._sent = 0
        self._waiting_since: float | None = None

    def write(self, data: str) -> None:
        if self.instead_of is not None and not data.isascii():
            data = data.translate(self.instead_of)
        if self._waiting_since is None or self._counted.taken >= self._sent:
            self._waiting_since = time.monotonic()
        self._sent += len(data)
        super().write(data)

    def behind(self) -> bool:
        """Whether the terminal has not taken for a while what it was sent."""
        if self._waiting_since is None or self._counted.taken >= self._sent:
            return False
        return time.monotonic() - self._waiting_since > BEHIND_AFTER_S

    def _sigcont_application(self, *told: Any) -> None:
        """Only what left the terminal in order comes back to it: Textual would read a second time beside itself after a
        SIGSTOP, which nobody hears of."""
        if self._must_signal_resume:
            super()._sigcont_application(*told)


def driver_for(repertoire: Repertoire) -> type[PacedDriver]:
    """The driver for a terminal that has these characters."""
    return type("Driver", (PacedDriver,), {"instead_of": characters(repertoire)})


class PacedApp(App[None]):
    """An application that a slow or stopped terminal does not hold up.

    What would have been drawn meanwhile is not: when the terminal has caught up, the lines concerned are drawn once, as
    they are then. Textual itself would queue every frame, and stand still when it has thirty of them.
    """

    _owed: list[Region] | None = None
    """The parts of the screen to draw; empty: all of it; None: nothing is owed."""
    _looking: Timer | None = None

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._cells = TerminalCells()

    def draw_anew(self) -> None:
        """Send the whole screen: something else may have drawn on the terminal."""
        self._cells.forget()
        self.refresh(layout=True)
        self.screen.refresh(layout=True)

    @on(events.Resize)
    def _forget_cells(self) -> None:
        # Terminals differ in what they keep on their screen then.
        self._cells.forget()

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        if renderable is None or not isinstance(self._driver, PacedDriver) or not self._driver.behind():
            drawn: Any = renderable  # an update is none of Rich's renderables by its type
            if isinstance(renderable, LayoutUpdate | ChopsUpdate):
                drawn = Differing(renderable, self._cells, self.size)
            super()._display(screen, drawn)
            return
        self._owe(renderable)
        if self._looking is None:
            self._looking = self.set_interval(LOOKS_EVERY_S, self._catch_up)
        self.post_display_hook()

    def _owe(self, renderable: RenderableType) -> None:
        if not isinstance(renderable, ChopsUpdate) or self._owed == []:
            self._owed = []
            return
        lines = {Region(0, y, self.size.width, 1) for y, _, _ in renderable.spans}
        self._owed = sorted(lines.union(self._owed or ()))

    def _catch_up(self) -> None:
        if isinstance(self._driver, PacedDriver) and self._driver.behind():
            return
        if self._looking is not None:
            self._looking.stop()
        owed, self._looking, self._owed = self._owed, None, None
        if owed is not None:
            self.screen.refresh(*owed)
