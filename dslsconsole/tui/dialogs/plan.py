"""The plan of a runbook, and the question whether to run it."""

from typing import ClassVar

from msgspec import Struct
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from dslsconsole.tui.dialogs.dialog import DEAF_S, Dialog
from dslsconsole.tui.dialogs.question import Typed
from dslsconsole.tui.lines import OneLine
from dslsconsole.tui.operation import Plan, Request
from dslsconsole.tui.render import plan as rendered
from dslsconsole.tui.render.cells import Tone
from dslsconsole.tui.render.words import clean
from dslsconsole.tui.table import LineTable


class Confirmed(Struct, frozen=True):
    """The phrase was typed."""


class Override(Struct, frozen=True):
    """A failed guard's name was typed."""

    guard: str


class Attest(Struct, frozen=True):
    """The name of a host that is really down was typed."""

    host: str


class Setting(Struct, frozen=True):
    """`NAME=VALUE` was typed, for something the runbook asks for."""

    name: str
    value: str


class Again(Struct, frozen=True):
    """The plan is to be read again."""


class Rehearse(Struct, frozen=True):
    """The plan is to be tried on a model first."""


Decision = Confirmed | Override | Attest | Setting | Again | Rehearse


class PlanDialog(Dialog[Decision]):
    """Shows all of a plan. What is typed decides; nothing typed, and Esc, cancel."""

    deaf_s: ClassVar[float] = DEAF_S
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "scroll(-1)", show=False, priority=True),
        Binding("down", "scroll(1)", show=False, priority=True),
        Binding("pageup", "scroll(-1, True)", show=False, priority=True),
        Binding("pagedown", "scroll(1, True)", show=False, priority=True),
        Binding("ctrl+r", "again", show=False, priority=True),
    ]
    DEFAULT_CSS = """
    PlanDialog {
        & Vertical { width: 100%; height: 1fr; margin: 2 0 1 0; background: $background; }
        & LineTable { width: 100%; height: 1fr; }
        & #choice { width: 100%; height: auto; padding: 0 1; color: $tone-warning; text-style: bold; }
        & #choice.refused { color: $tone-critical; }
    }
    """
    AUTO_FOCUS = "Input"

    explained: ClassVar[str] = "plan"
    way_out: ClassVar[str] = "r rehearses it on a model · Esc or Enter alone cancels · ↑ ↓ PgUp PgDn to read all of it"

    def __init__(self, plan: Plan, request: Request, read_at: float | None = None, note: str = "") -> None:
        """`read_at` is when the plan was asked for, in seconds since the epoch; `note` is to be read first."""
        super().__init__()
        self._plan = plan
        self._request = request
        self._read_at = read_at
        self._note = note

    def compose(self) -> ComposeResult:
        with Vertical():
            yield LineTable()
            yield Static(id="choice", markup=False)
            yield Typed(max_length=200, placeholder="type here")
            yield OneLine(id="read")
            yield OneLine(id="hint")

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one(Typed).cursor_blink = False
        table = self.query_one(LineTable)
        table.can_focus = False
        table.show(rendered.plan(self._plan, self._request))
        tone, text = self._choice()
        choice = self.query_one("#choice", Static)
        choice.set_class(tone is Tone.CRITICAL, "refused")
        choice.update(text)
        self.tell(self._note or self.way_out, Tone.WARNING if self._note else Tone.MUTED)
        self.follow(self._read_at, changed=False)

    def _choice(self) -> tuple[Tone, str]:
        plan = self._plan
        parts = []
        if plan.may_run:
            waits = plan.approval is not None and plan.approval.waits
            does = "ask for a second operator's approval" if waits else "run it"
            parts.append(f"to {does} type {plan.confirm} and Enter")
        else:
            parts.append("✖ refused: it can't be run as things are")
        if not plan.may_run or plan.attest:
            attest = [host for host in plan.attest if host not in self._request.attests]
            overridable = [guard for guard in plan.overridable if guard not in self._request.overrides]
            if attest:
                parts.append(f"to attest that a host is down type its name: {', '.join(attest)}")
            if overridable:
                parts.append(f"to override a guard type its name: {', '.join(overridable)}")
        return (Tone.WARNING if plan.may_run else Tone.CRITICAL), "\n".join(clean(part) for part in parts)

    def follow(self, now: float | None, *, changed: bool, stale_after_s: float = 15.0) -> None:
        """Say when it was read, and whether that is still worth something."""
        if self._read_at is None or now is None:
            return
        line = rendered.freshness(self._read_at, now, changed=changed, stale_after_s=stale_after_s)
        for place in self.query("#read").results(OneLine):  # none, while it is not yet composed
            place.show((line,))

    def action_again(self) -> None:
        self.dismiss(Again())

    def on_input_changed(self, event: Input.Changed) -> None:
        """`r` alone rehearses at once, unless what can be typed begins with it: then Enter follows."""
        plan = self._plan
        answers = (plan.confirm, *plan.attest, *plan.overridable, *(ask.name for ask in plan.asks))
        if event.value == "r" and not any(answer.startswith("r") for answer in answers):
            self.dismiss(Rehearse())

    def action_scroll(self, by: int, pages: bool = False) -> None:
        self.query_one(LineTable).scroll_lines(by, pages=pages)

    def _setting(self, typed: str) -> Setting | None:
        name, separator, value = typed.partition("=")
        ask = next((ask for ask in self._plan.asks if ask.name == name.strip()), None)
        if ask is None or not separator or not ask.takes(value.strip()):
            return None
        return Setting(ask.name, value.strip())

    def _wrong(self, typed: str) -> str:
        """Why a text is no answer, with what would be one."""
        name, separator, value = (part.strip() for part in typed.partition("="))
        if not separator:
            return f"“{typed}” is none of these"
        for ask in self._plan.asks:
            if ask.name == name:
                return f"{name} is one of {', '.join(ask.choices)}, not {value}"
        names = ", ".join(f"{ask.name}=" for ask in self._plan.asks)
        return f"there is no setting called {name}; there is {names or 'none at all'}"

    def on_input_submitted(self, event: Input.Submitted) -> None:
        typed = event.value.strip()
        if not typed:
            self.dismiss(None)
        elif self._plan.may_run and typed == self._plan.confirm:
            self.dismiss(Confirmed())
        elif typed in self._plan.attest and typed not in self._request.attests:
            self.dismiss(Attest(typed))
        elif typed in self._plan.overridable and typed not in self._request.overrides:
            self.dismiss(Override(typed))
        elif (setting := self._setting(typed)) is not None:
            self.dismiss(setting)
        elif typed == "r":
            self.dismiss(Rehearse())
        else:
            event.input.value = ""
            self.tell(f"{self._wrong(typed)}; nothing was done", Tone.WARNING)
