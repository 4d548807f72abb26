"""A run as it goes, and the card that says how it ended."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message

from dslsconsole.tui.dialogs.dialog import Dialog
from dslsconsole.tui.journal_feed import LogEntry
from dslsconsole.tui.lines import OneLine
from dslsconsole.tui.operation import Plan
from dslsconsole.tui.render import plan as rendered
from dslsconsole.tui.render.cells import Cell, Tone
from dslsconsole.tui.table import LineTable


class RunDialog(Dialog[None]):
    """Follows one run. Closing it leaves the run alone."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", show=False),
        Binding("h", "hide", show=False),
    ]
    DEFAULT_CSS = """
    RunDialog {
        & Vertical { width: 96%; max-width: 120; height: 1fr; margin: 2 0 1 0; background: $background; }
        & LineTable { width: 100%; height: 1fr; }
    }
    """
    AUTO_FOCUS = "LineTable"

    class StopAsked(Message):
        """Esc while it runs."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self._plan = plan
        self._ended = False
        self._step: int | None = None

    def compose(self) -> ComposeResult:
        with Vertical():
            yield LineTable()
            yield OneLine(id="hint")

    def follow(self, entries: Sequence[LogEntry], outcome: Plan | None, failure: str | None) -> None:
        """Draw the run as it stands."""
        if not self.is_mounted:
            return
        ended_before = self._ended
        self._ended = outcome is not None or failure is not None
        table = self.query_one(LineTable)
        table.show(rendered.progress(self._plan, entries, outcome, failure))
        if self._ended and not ended_before:
            table.select("ending")
        elif (step := rendered.running_step(self._plan, entries)) != self._step:
            self._step = step
            table.select(f"step {step}")
        text = "Esc closes" if self._ended else "Esc asks it to stop after this step · h hides this, the run goes on"
        self.query_one("#hint", OneLine).show((Cell(f" {text}", Tone.MUTED),))

    def action_cancel(self) -> None:
        if self._ended:
            self.dismiss(None)
        else:
            self.post_message(self.StopAsked())

    def action_hide(self) -> None:
        self.dismiss(None)
