"""A run as it goes, and the card that says how it ended."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message

from dslsconsole.tui.dialogs.dialog import DEAF_S, Dialog
from dslsconsole.tui.journal_feed import LogEntry, is_open
from dslsconsole.tui.lines import OneLine
from dslsconsole.tui.operation import Plan
from dslsconsole.tui.render import plan as rendered
from dslsconsole.tui.render.cells import Tone
from dslsconsole.tui.table import LineTable

TAKE_UP = "operation"
"""The answer of the dialog where what was cut off is to be taken up."""


class RunDialog(Dialog[str]):
    """Follows one run. Closing it leaves the run alone."""

    deaf_s: ClassVar[float] = DEAF_S
    explained: ClassVar[str] = "run"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", show=False),
        Binding("h", "hide", show=False),
        Binding("o", "take_up", show=False),
    ]
    DEFAULT_CSS = """
    RunDialog {
        & Vertical { width: 100%; height: 1fr; margin: 2 0 1 0; background: $background; }
        & LineTable { width: 100%; height: 1fr; }
    }
    """
    AUTO_FOCUS = "LineTable"

    class StopAsked(Message):
        """Esc while it runs."""

    def __init__(self, plan: Plan, *, may_stop: bool = True) -> None:
        super().__init__()
        self._plan = plan
        self._may_stop = may_stop
        self._ended = False
        self._over = False
        self._cut_off = False
        self._step: int | None = None
        self._stopping = False

    def stopping(self) -> None:
        """It was asked to stop, and does so after its current step."""
        self._stopping = True
        if self.is_mounted:
            self.tell(self._keys(), Tone.WARNING)

    def compose(self) -> ComposeResult:
        with Vertical():
            yield LineTable()
            yield OneLine(id="hint")

    def follow(
        self, entries: Sequence[LogEntry], outcome: Plan | None, failure: str | None, now: float | None = None
    ) -> None:
        """Draw the run as it stands."""
        if not self.is_mounted or not self.query(LineTable):
            return  # it is not there yet, or is being taken away
        ended_before = self._ended
        self._ended = outcome is not None or failure is not None
        self._over = self._ended or any(entry.event == "outcome" for entry in entries)
        left_open = failure is not None if outcome is None else outcome.outcome == "needs_person"
        self._cut_off = left_open and is_open(entries)
        table = self.query_one(LineTable)
        table.show(rendered.progress(self._plan, entries, outcome, failure, now))
        if self._ended and not ended_before:
            table.select("ending")
        elif (step := rendered.running_step(self._plan, entries)) != self._step:
            self._step = step
            table.select(f"step {step}")
        self.tell(self._keys(), Tone.WARNING if self._stopping and not self._ended else Tone.MUTED)

    def _keys(self) -> str:
        if self._cut_off:
            return "o verifies, continues, undoes or abandons it · Esc closes"
        if self._ended:
            return "Esc closes"
        if self._stopping:
            return (
                "it was asked to stop: this step runs to its end first; the card says what that leaves · h hides this"
            )
        hides = "h hides this, the run goes on; o shows it again"
        return f"Esc asks it to stop after this step · {hides}" if self._may_stop else hides

    def action_cancel(self) -> None:
        if self._over or not self._may_stop:
            # Nothing is left to stop, though its process may still be saying so.
            self.dismiss(None)
        else:
            self.post_message(self.StopAsked())

    def action_hide(self) -> None:
        self.dismiss(None)

    def action_take_up(self) -> None:
        if self._cut_off:
            self.dismiss(TAKE_UP)

    def action_leave(self) -> None:
        self.tell("Esc closes this" if self._ended or not self._may_stop else self._keys(), Tone.WARNING)
