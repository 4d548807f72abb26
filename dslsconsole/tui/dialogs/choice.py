"""Choose one row of a table: help, command palette, clusters, colours."""

from collections.abc import Callable

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from dslsconsole.tui.dialogs.dialog import Dialog
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
        table.styles.height = min(len(self._sheet.rows) + 3, max(4, self.app.size.height - 4))
        table.show(self._sheet)
        self.call_after_refresh(self._select)

    def _select(self) -> None:
        if self._chosen is not None:
            self.query_one(LineTable).select(self._chosen)

    def on_input_changed(self, event: Input.Changed) -> None:
        self.query_one(LineTable).narrow_to(event.value)

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
