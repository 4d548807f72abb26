"""What all dialogs share: they are deaf at first, and Esc cancels."""

from collections.abc import Callable
from time import monotonic
from typing import ClassVar, TypeVar

from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from dslsconsole.tui.table import LineTable

Answer = TypeVar("Answer")
DEAF_S = 0.5
"""Keys typed before somebody can have read the dialog do not count."""


class Dialog(ModalScreen[Answer | None]):
    """A dialog. Its answer is None when it was cancelled, which is the default."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "cancel", show=False)]
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

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._opened = clock()

    def hears(self) -> bool:
        """Whether it takes keys yet. The application asks before it hands one on."""
        return self._clock() - self._opened >= self.deaf_s

    def on_mount(self) -> None:
        self._opened = self._clock()

    def action_cancel(self) -> None:
        self.dismiss(None)

    def on_line_table_chosen(self, event: LineTable.Chosen) -> None:
        event.stop()
