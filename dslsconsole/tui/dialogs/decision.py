"""What is to become of an operation that was cut off."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input

from dslsconsole.tui.dialogs.dialog import DEAF_S, Dialog
from dslsconsole.tui.dialogs.question import Typed
from dslsconsole.tui.journal_feed import LogEntry
from dslsconsole.tui.lines import OneLine
from dslsconsole.tui.operation import DECISIONS, KnownOperation, Plan
from dslsconsole.tui.render import plan as rendered
from dslsconsole.tui.render.cells import Cell, Tone
from dslsconsole.tui.table import LineTable


class DecisionDialog(Dialog[str]):
    """Shows what is known of each step; the answer is the word that was typed."""

    deaf_s: ClassVar[float] = DEAF_S
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "scroll(-1)", show=False, priority=True),
        Binding("down", "scroll(1)", show=False, priority=True),
        Binding("pageup", "scroll(-10)", show=False, priority=True),
        Binding("pagedown", "scroll(10)", show=False, priority=True),
    ]
    DEFAULT_CSS = """
    DecisionDialog {
        & Vertical { width: 100%; height: 1fr; margin: 2 0 1 0; background: $background; }
        & LineTable { width: 100%; height: 1fr; }
    }
    """
    AUTO_FOCUS = "Input"
    way_out: ClassVar[str] = "Esc or Enter alone leaves it as it is · ↑ ↓ PgUp PgDn to read all of it"

    def __init__(
        self, one: KnownOperation, plan: Plan, entries: Sequence[LogEntry], why_not: Callable[[], str | None]
    ) -> None:
        """`why_not` says why nothing may be decided now, or None."""
        super().__init__()
        self._one = one
        self._plan = plan
        self._entries = entries
        self._why_not = why_not

    def compose(self) -> ComposeResult:
        with Vertical():
            yield LineTable()
            yield OneLine(id="choice")
            yield Typed(max_length=40, placeholder="type here")
            yield OneLine(id="hint")

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one(Typed).cursor_blink = False
        table = self.query_one(LineTable)
        table.can_focus = False
        table.show(rendered.choices(self._plan, self._entries, self._one))
        text = f" type {', '.join(DECISIONS)} and Enter; then the cluster's name is asked for"
        self.query_one("#choice", OneLine).show((Cell(text, Tone.WARNING),))
        why = self._why_not()
        self.tell(why or self.way_out, Tone.MUTED if why is None else Tone.WARNING)

    def action_scroll(self, by: int) -> None:
        self.query_one(LineTable).action_cursor(by)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        typed = event.value.strip()
        if not typed:
            self.dismiss(None)
        elif typed not in DECISIONS:
            event.input.value = ""
            self.tell(f"“{typed}” is none of {', '.join(DECISIONS)}; nothing was done", Tone.WARNING)
        elif (why := self._why_not()) is not None:
            self.tell(why, Tone.WARNING)
        else:
            self.dismiss(typed)
