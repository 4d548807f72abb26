"""Something is asked of another process: meanwhile keys go nowhere, and Esc gives up. And words that must be read."""

from collections.abc import Awaitable, Callable
from typing import ClassVar, Generic, TypeVar

from msgspec import Struct
from textual.app import ComposeResult
from textual.containers import Vertical

from dslsconsole.tui.dialogs.dialog import DEAF_S, Dialog
from dslsconsole.tui.lines import OneLine
from dslsconsole.tui.operation import RunFailed
from dslsconsole.tui.render.cells import Cell, Row, Sheet, Tone
from dslsconsole.tui.table import LineTable

Found = TypeVar("Found")
WIDTH = 74


class Notice(Dialog[None]):
    """Words, and Esc."""

    deaf_s: ClassVar[float] = DEAF_S
    DEFAULT_CSS = """
    Notice {
        & Vertical { width: 78; max-width: 100%; height: auto; background: $background; }
        & LineTable { width: 100%; }
    }
    """
    AUTO_FOCUS = ""

    def __init__(self, title: str, text: str, tone: Tone = Tone.WARNING) -> None:
        super().__init__()
        self._title = title
        self._text = text
        self._tone = tone

    def compose(self) -> ComposeResult:
        with Vertical():
            yield LineTable()
            yield OneLine(id="hint")

    def on_mount(self) -> None:
        super().on_mount()
        table = self.query_one(LineTable)
        table.can_focus = False
        table.styles.height = 3 + -(-len(self._text) // (WIDTH - 8))
        row = Row("text", (Cell(self._text),), spans=True, wraps=True, indent=1)
        table.show(Sheet(self._title, (), (row,), tone=self._tone))
        self.tell(self.way_out)


class Outcome(Struct, Generic[Found], frozen=True):
    """What was found, or why nothing was."""

    found: Found | None = None
    failure: RunFailed | None = None


class Reading(Dialog[Outcome[Found]]):
    """Waits for an answer and closes by itself. None where it was given up."""

    DEFAULT_CSS = Notice.DEFAULT_CSS.replace("Notice", "Reading")
    AUTO_FOCUS = ""
    way_out: ClassVar[str] = "Esc cancels; nothing is changed"

    def __init__(self, title: str, text: str, ask: Callable[[], Awaitable[Found]]) -> None:
        super().__init__()
        self._title = title
        self._text = text
        self._ask = ask

    def compose(self) -> ComposeResult:
        with Vertical():
            yield LineTable()
            yield OneLine(id="hint")

    def on_mount(self) -> None:
        super().on_mount()
        table = self.query_one(LineTable)
        table.can_focus = False
        table.styles.height = 3
        row = Row("text", (Cell(self._text),), spans=True, wraps=True, indent=1)
        table.show(Sheet(self._title, (), (row,)))
        self.tell(self.way_out)
        self.run_worker(self._find(), exit_on_error=False, name=self._title)

    async def _find(self) -> None:
        try:
            outcome = Outcome(await self._ask())
        except RunFailed as failed:
            outcome = Outcome(failure=failed)
        self.dismiss(outcome)
