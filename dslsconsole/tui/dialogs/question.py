"""Ask for a text: a reason, or a phrase that must be typed."""

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from dslsconsole.tui.dialogs.dialog import DEAF_S, Dialog
from dslsconsole.tui.lines import OneLine
from dslsconsole.tui.render.cells import Cell, Row, Sheet, Tone
from dslsconsole.tui.table import LineTable

WIDTH = 76


class Typed(Input):
    """A line that must be typed: what is pasted does not count."""

    def _on_paste(self, event: events.Paste) -> None:
        event.prevent_default()
        event.stop()
        if isinstance(self.screen, Dialog):
            self.screen.tell("what is pasted does not count here: type it", Tone.WARNING)


class Question(Dialog[str]):
    """Asks for a text. With `phrase` only that very phrase is an answer; Enter alone never is."""

    deaf_s: ClassVar[float] = DEAF_S
    DEFAULT_CSS = """
    Question {
        & Vertical { width: 78; max-width: 100%; height: auto; background: $background; }
        & LineTable { width: 100%; }
    }
    """
    AUTO_FOCUS = "Input"
    way_out: ClassVar[str] = "Esc cancels"

    def __init__(self, title: str, text: str, *, phrase: str | None = None, tone: Tone = Tone.WARNING) -> None:
        super().__init__()
        self._title = title
        self._text = text
        self._phrase = phrase
        self._tone = tone

    def compose(self) -> ComposeResult:
        with Vertical():
            yield LineTable()
            yield (Typed if self._phrase else Input)(max_length=200)
            yield OneLine(id="hint")

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one(Input).cursor_blink = False
        table = self.query_one(LineTable)
        table.can_focus = False
        table.styles.height = 2 + sum(max(1, -(-len(part) // (WIDTH - 4)) + 1) for part in self._text.split("\n"))
        rows = tuple(
            Row(f"{n}", (Cell(part),), spans=True, wraps=True, indent=1)
            for n, part in enumerate(self._text.split("\n"))
        )
        table.show(Sheet(self._title, (), rows, tone=self._tone))
        self._hint()

    def _hint(self, wrong: str | None = None) -> None:
        need = f"type {self._phrase} and Enter" if self._phrase else "type it and Enter"
        self.tell(f"{wrong or need}; Esc cancels", Tone.MUTED if wrong is None else Tone.WARNING)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        answer = event.value.strip()
        if answer and (self._phrase is None or answer == self._phrase):
            self.dismiss(answer)
        elif self._phrase is None:
            self._hint("say why, it is written to the journal")
        else:
            self._hint(f"{'that is not it: ' if answer else ''}type {self._phrase} and Enter")
