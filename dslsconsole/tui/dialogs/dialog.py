"""What all dialogs share: they are deaf at first, and Esc cancels."""

from collections.abc import Callable
from time import monotonic
from typing import ClassVar, TypeVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import ModalScreen

from dslsconsole.tui.lines import OneLine
from dslsconsole.tui.render.cells import Cell, Tone
from dslsconsole.tui.render.words import clean
from dslsconsole.tui.table import LineTable

Answer = TypeVar("Answer")
DEAF_S = 0.5
"""Keys typed before somebody can have read the dialog do not count."""
DROPPED = "what was typed in the first half second was dropped"


class Dialog(ModalScreen[Answer | None]):
    """A dialog. Its answer is None when it was cancelled, which is the default."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "cancel", show=False),
        Binding("ctrl+c,ctrl+q", "leave", show=False, priority=True),
        Binding("q", "leave", show=False),
        Binding("f1", "about", show=False, priority=True),
    ]
    DEFAULT_CSS = """
    Dialog { align: center middle; background: $background 0%; }
    Dialog Input {
        border: none; height: 1; padding: 0 1; background: $bar-background; color: $tone-text;
        &:focus { border: none; }
    }
    Dialog LineTable, Dialog LineTable:focus { border: round $focus; }
    """
    deaf_s: ClassVar[float] = 0.0
    """For how long, in seconds, it takes no key after it opened."""
    way_out: ClassVar[str] = "Esc closes this"

    explained: ClassVar[str] = ""
    """What F1 tells of it, by its name; empty: nothing."""

    class AboutAsked(Message):
        """F1 was pressed in a dialog of this name."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    class Told(Message):
        """Something to say, of a dialog that has no line for it."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._opened = clock()
        self._told: tuple[str, Tone] | None = None
        self._dropped = False

    def hears(self) -> bool:
        """Whether it takes keys yet. The application asks before it hands one on."""
        return self._clock() - self._opened >= self.deaf_s

    def drop(self) -> None:
        """A key came too early and went nowhere: say so, for else its letter is missed later."""
        self._dropped = True
        if self._told is not None:
            self.tell(*self._told)

    def on_mount(self) -> None:
        self._opened = self._clock()

    def action_cancel(self) -> None:
        self.dismiss(None)

    def action_leave(self) -> None:
        """A key that leaves the console does not leave it from here."""
        self.tell(self.way_out, Tone.WARNING)

    def action_about(self) -> None:
        if self.explained:
            self.post_message(self.AboutAsked(self.explained))

    def tell(self, text: str, tone: Tone = Tone.MUTED) -> None:
        """Say something in the dialog's last line."""
        self._told = text, tone
        if self._dropped:
            self._dropped, text, tone = False, f"{DROPPED}; {text}", Tone.WARNING
        hint = next(iter(self.query("#hint").results(OneLine)), None)
        if hint is not None:
            hint.show((Cell(f" {clean(text)}", tone),))
        else:
            self.post_message(self.Told(text))

    def on_line_table_chosen(self, event: LineTable.Chosen) -> None:
        event.stop()
