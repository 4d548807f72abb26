"""How a rehearsal went, to be read before one decides."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical

from dslsconsole.tui.dialogs.dialog import DEAF_S, Dialog
from dslsconsole.tui.lines import OneLine
from dslsconsole.tui.render.cells import Sheet
from dslsconsole.tui.table import LineTable


class RehearsalDialog(Dialog[None]):
    """Shows it; Esc goes back to the plan, which is read again."""

    deaf_s: ClassVar[float] = DEAF_S
    explained: ClassVar[str] = "rehearsal"
    way_out: ClassVar[str] = "Esc goes back to the plan, which is read again · ↑ ↓ PgUp PgDn to read all of it"
    DEFAULT_CSS = """
    RehearsalDialog {
        & Vertical { width: 100%; height: 1fr; margin: 2 0 1 0; background: $background; }
        & LineTable { width: 100%; height: 1fr; }
    }
    """
    AUTO_FOCUS = "LineTable"

    def __init__(self, sheet: Sheet) -> None:
        super().__init__()
        self._sheet = sheet

    def compose(self) -> ComposeResult:
        with Vertical():
            yield LineTable()
            yield OneLine(id="hint")

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one(LineTable).show(self._sheet)
        self.tell(self.way_out)
