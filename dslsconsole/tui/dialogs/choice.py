"""Choose one row of a table: help, command palette, clusters, colours."""

from collections.abc import Callable

from msgspec.structs import replace
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from dslsconsole.tui.dialogs.dialog import Dialog
from dslsconsole.tui.finding import found
from dslsconsole.tui.render.cells import Sheet
from dslsconsole.tui.table import LineTable


class Choice(Dialog[str]):
    """A table to choose from; the answer is the row's key."""

    DEFAULT_CSS = """
    Choice {
        & Vertical { width: 90%; max-width: 110; height: auto; max-height: 90%; background: $background; }
        & LineTable { width: 100%; }
    }
    """
    AUTO_FOCUS = "Input, LineTable"

    def __init__(
        self,
        sheet: Sheet,
        *,
        searchable: bool = False,
        chosen: str | None = None,
        preview: Callable[[str], None] | None = None,
    ) -> None:
        super().__init__()
        self._sheet = sheet
        self._searchable = searchable
        self._chosen = chosen
        self._preview = preview

    def compose(self) -> ComposeResult:
        with Vertical():
            if self._searchable:
                yield Input(placeholder="type a part of its name")
            yield LineTable()

    def on_mount(self) -> None:
        super().on_mount()
        for line in self.query(Input):
            line.cursor_blink = False
        table = self.query_one(LineTable)
        table.styles.height = self._height(len(self._sheet.rows) + 1)
        table.show(self._sheet)
        self.call_after_refresh(self._laid_out)

    def _height(self, lines: int) -> int:
        return min(lines + 2, max(4, self.app.size.height - 4))

    def _laid_out(self) -> None:
        table = self.query_one(LineTable)
        if self._chosen is not None:
            table.select(self._chosen)
        table.styles.height = self._height(table.lines_in_all)

    def offer(self, sheet: Sheet) -> None:
        """Offer something else from now on, where it differs; what was typed still chooses among it."""
        if sheet != self._sheet and self.is_mounted:
            self._sheet = sheet
            for line in self.query(Input):
                self._find(line.value)

    def on_input_changed(self, event: Input.Changed) -> None:
        """What is called so comes before what is only described so."""
        self._find(event.value)

    def _find(self, wanted: str) -> None:
        rows = found(self._sheet.rows, wanted)
        table = self.query_one(LineTable)
        table.show(replace(self._sheet, rows=rows, empty="nothing is called so, or described so"))
        table.action_cursor(-len(self._sheet.rows))

    def on_input_submitted(self) -> None:
        self.query_one(LineTable).action_choose()

    def key_down(self) -> None:
        if self._searchable:
            self.query_one(LineTable).action_cursor(1)

    def key_up(self) -> None:
        if self._searchable:
            self.query_one(LineTable).action_cursor(-1)

    def on_line_table_chosen(self, event: LineTable.Chosen) -> None:
        event.stop()
        self.dismiss(event.key or None)

    def on_line_table_moved(self, event: LineTable.Moved) -> None:
        event.stop()
        if self._preview is not None:
            self._preview(event.key)
