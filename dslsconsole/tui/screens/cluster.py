"""The cluster at a glance: six panels, or one thing alone: a panel, the estate, the events, or what Enter went into."""

from collections.abc import Callable
from typing import ClassVar

from msgspec.structs import replace
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid
from textual.events import Resize
from textual.geometry import Size
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input

from dslsconsole.tui.bars import FooterBar, HeaderBar, SentenceBar
from dslsconsole.tui.layout import ROOMY, SMALLEST, is_compact, row_heights
from dslsconsole.tui.lines import OneLine
from dslsconsole.tui.render.alerts import alerts, alerts_within
from dslsconsole.tui.render.audit import audit
from dslsconsole.tui.render.balancers import balancers
from dslsconsole.tui.render.cells import Cell, Sheet, Tone, filled, within
from dslsconsole.tui.render.changed import with_changes
from dslsconsole.tui.render.dr import dr
from dslsconsole.tui.render.estate import estate
from dslsconsole.tui.render.events import events
from dslsconsole.tui.render.footer import Key
from dslsconsole.tui.render.header import Standing, header, sentence
from dslsconsole.tui.render.nodes import nodes
from dslsconsole.tui.render.pools import pools
from dslsconsole.tui.render.subject import Subject, named, subject
from dslsconsole.tui.render.view import View
from dslsconsole.tui.render.wall import HEIGHT as WALL
from dslsconsole.tui.render.wall import silent, wall
from dslsconsole.tui.table import LineTable
from dslsconsole.tui.wall import Wall

PANELS = ("nodes", "pools", "balancers", "dr", "alerts", "log")
ALONE = ("estate", "audit", "events")
"""What has the whole screen or is not there."""
SUBJECT = "subject"
"""The table of what Enter went into."""
RENDERERS: dict[str, Callable[[View], Sheet]] = {
    "nodes": nodes,
    "pools": pools,
    "balancers": balancers,
    "dr": dr,
    "alerts": alerts,
    "estate": estate,
    "audit": audit,
    "events": events,
}

LogRenderer = Callable[[bool], Sheet]
"""The action log, and whether it has the whole screen."""


class FilterLine(Input):
    """Where the words of a filter are typed."""

    DEFAULT_CSS = """
    FilterLine, FilterLine:focus { border: none; }
    FilterLine { display: none; height: 1; padding: 0 1; background: $bar-background; color: $tone-text; }
    FilterLine.open { display: block; }
    """


class ClusterScreen(Screen[None]):
    """One cluster. It draws what it is given and knows nothing of where that comes from."""

    DEFAULT_CSS = """
    ClusterScreen {
        background: $background;
        #panels { grid-size: 2 3; grid-columns: 1fr 1fr; height: 1fr; }
        #panels LineTable { height: 100%; width: 100%; }
        #small { display: none; }
        &.compact #panels { grid-gutter: 0 1; }
        &.compact LineTable { border: none; border-top: solid $edge; }
        &.compact LineTable:focus { border: none; border-top: heavy $focus; }
        &.production LineTable { border: double $production; }
        &.production LineTable:focus { border: heavy $focus; }
        &.compact.production LineTable { border: none; border-top: double $production; }
        &.compact.production LineTable:focus { border: none; border-top: heavy $focus; }
        &.zoomed #panels { grid-size: 1 1; grid-columns: 1fr; }
        &.zoomed #panels LineTable { display: none; }
        &.zoomed #panels LineTable.alone { display: block; }
        #panels LineTable.only-alone { display: none; }
        &.silent { #panels, HeaderBar, SentenceBar { display: none; } }
        &.small { #panels, Wall, HeaderBar, SentenceBar, FooterBar { display: none; } #small { display: block; } }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "back", show=False),
        Binding("tab", "app.focus_next", "next panel", show=False),
        Binding("shift+tab", "app.focus_previous", "previous panel", show=False),
        Binding("left", "sideways", "panel beside", show=False),
        Binding("right", "sideways", "panel beside", show=False),
    ]
    AUTO_FOCUS = "#nodes"

    class Shown(Message):
        """It is in front again: what was held back can be drawn."""

    class Went(Message):
        """Something else is shown."""

    class EntryChosen(Message):
        """Enter on a line of the action log."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    class ClusterChosen(Message):
        """Enter on a line of the estate."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, keys: Callable[[], list[Key]], *, hands_off: bool = False, plays: bool = False) -> None:
        super().__init__()
        self._hands_off = hands_off
        self._plays = plays
        self._keys = keys
        self._view: View | None = None
        self._log: LogRenderer = lambda _: Sheet("Action log", (), ())
        self._standing = Standing()
        self._trouble: str | None = None
        self._panels_at: float | None = None
        """Of when what the panels show is."""
        self._heights: tuple[int, ...] = ()
        self.zoomed: str | None = None
        self._trail: list[tuple[str | None, Subject | None]] = []
        """Where Esc goes back to, the nearest last."""
        self._subject: Subject | None = None

    def compose(self) -> ComposeResult:
        yield HeaderBar()
        yield SentenceBar()
        if self._plays:
            yield OneLine(id="player")
        yield OneLine(id="small")
        if self._hands_off:
            yield Wall()
        with Grid(id="panels"):
            for name in (*PANELS, *ALONE, SUBJECT):
                only = "only-alone" if name not in PANELS else None
                table = LineTable(id=name, classes=only, follows=name in ("log", "events"))
                table.can_focus = not self._hands_off
                yield table
        yield FilterLine(id="filter", placeholder="words to look for; Enter keeps, Esc shows all")
        yield FooterBar()

    def on_mount(self) -> None:
        self.query_one(FilterLine).cursor_blink = False

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A wallboard has no hands: nothing of it moves."""
        return not self._hands_off

    def on_screen_resume(self) -> None:
        self.post_message(self.Shown())

    def panel(self, name: str) -> LineTable:
        return self.query_one(f"#{name}", LineTable)

    # -- drawing

    def show(self, view: View | None, log: LogRenderer, standing: Standing, trouble: str | None) -> None:
        """Draw all of it. What has not changed costs nothing."""
        self._view, self._log, self._standing, self._trouble = view, log, standing, trouble
        self._panels_at = view.picture.at if view is not None else None
        self.set_class(view is not None and view.cluster.is_production, "production")
        self.show_bars(view, standing, trouble)
        if self._hands_off:
            self._show_wall(view, trouble)
        if view is None or self.has_class("silent"):
            return
        self._set_heights(view)
        for name in PANELS if self.zoomed is None else (self.zoomed,):
            self.panel(name).show(self._sheet(name, view))

    def _show_wall(self, view: View | None, trouble: str | None) -> None:
        """The large figures above; or, where the data stopped, nothing but that."""
        board, width = self.query_one(Wall), self.size.width
        stopped = trouble is not None and (view is None or trouble != view.picture.trouble)
        is_silent = view is None or view.silence is not None or stopped
        self.set_class(is_silent, "silent")
        if is_silent or view is None:
            last = view.picture.at or None if view is not None else None
            age = None if view is None or last is None else max(0.0, view.now - last)
            room = max(1, self.size.height - 1)
            board.styles.height = room
            board.show(silent(last, age, trouble or "", width, room))
        else:
            board.styles.height = WALL
            board.show(wall(view, width))

    def show_bars(self, view: View | None, standing: Standing, trouble: str | None) -> None:
        """Draw the two lines at the top alone: they stay true while a dialog holds the panels."""
        width = self.size.width
        if view is not None:
            is_held = self._panels_at is not None and view.picture.at > self._panels_at
            self.query_one(HeaderBar).show(header(view, standing, width, self._panels_at if is_held else None))
        else:
            self.query_one(HeaderBar).show(filled((Cell(" dslsconsole", Tone.TITLE),), width))
        self.query_one(SentenceBar).show(sentence(view, trouble, width))

    @property
    def subject(self) -> Subject | None:
        """What Enter went into, where it is shown."""
        return self._subject

    def shown(self) -> tuple[LineTable, ...]:
        """The tables on the screen."""
        return tuple(self.panel(name) for name in (PANELS if self.zoomed is None else (self.zoomed,)))

    def go_to(self, alone: str | None, what: Subject | None) -> None:
        """Show this, without a way back of its own."""
        self._trail.clear()
        self._show_alone(alone, what)

    def show_keys(self) -> None:
        """Draw the keys, but for what is said in their place: that stays until the next key."""
        if self.query_one(FooterBar).said is None:
            self.query_one(FooterBar).keys(self._keys())

    def say(self, text: str, tone: Tone = Tone.WARNING) -> None:
        self.query_one(FooterBar).say(text, tone)

    def unsay(self) -> None:
        """Show the keys again, also where something is said in their place."""
        self.query_one(FooterBar).keys(self._keys())

    def _sheet(self, name: str, view: View) -> Sheet:
        return with_changes(view, name, self._plain_sheet(name, view))

    def _plain_sheet(self, name: str, view: View) -> Sheet:
        if name == "log":
            return self._log(self.zoomed == name)
        if name == SUBJECT:
            return subject(view, self._subject)
        detailed = RENDERERS[name](replace(view, detail=True))
        fits = self.panel(name).fits
        if self.zoomed == name:
            return detailed
        if name == "alerts":
            return alerts_within(view, fits)
        if self.has_class("compact") and name != "nodes":  # on a small screen only what is wrong may tell more
            return RENDERERS[name](view)
        return detailed if fits(detailed) else within(RENDERERS[name](view), detailed, fits)

    def _again(self) -> None:
        self.show(self._view, self._log, self._standing, self._trouble)

    def on_resize(self, event: Resize) -> None:
        self._arrange(event.size)
        self.call_after_refresh(self._resized)

    def _resized(self) -> None:
        self._again()
        self.show_keys()

    def _arrange(self, size: Size) -> None:
        small = size.width < SMALLEST[0] or size.height < SMALLEST[1]
        self.set_class(small, "small")
        self.set_class(is_compact(size.width, size.height), "compact")
        if small:
            text = f" {SMALLEST[0]} by {SMALLEST[1]} is needed: {size.width} by {size.height} is too small"
            self.query_one("#small", OneLine).show(filled((Cell(text, Tone.WARNING),), max(1, size.width)))
        if self._hands_off:  # below the large figures all panels, or where there is little room the alerts
            self._show_alone(None if size.height >= WALL + ROOMY else "alerts", None)
        if self._view is not None:
            self._set_heights(self._view)

    def _set_heights(self, view: View) -> None:
        room = max(3, self.size.height - 3 - self._plays - (WALL if self._hands_off else 0))
        compact = self.has_class("compact")
        heights = (room,) if self.zoomed else row_heights(view.cluster, room, compact)
        if heights != self._heights:
            self._heights = heights
            rows = " ".join(str(height) for height in heights)
            self.query_one("#panels", Grid).styles.grid_rows = rows

    # -- moving about

    def zoom(self, name: str | None) -> None:
        """Show one panel alone, or all."""
        self._trail.clear()
        self._show_alone(name, None)

    def enter(self, name: str, what: Subject | None = None) -> None:
        """Go into something, from where Esc comes back to here."""
        self._trail.append((self.zoomed, self._subject))
        self._show_alone(name, what)

    def _show_alone(self, name: str | None, what: Subject | None) -> None:
        if (name, what) == (self.zoomed, self._subject):
            return
        if self.zoomed is not None:
            self.panel(self.zoomed).remove_class("alone")
        if what != self._subject and name == SUBJECT:
            self.panel(SUBJECT).narrow_to("")
        self.zoomed, self._subject = name, what
        self.set_class(name is not None, "zoomed")
        if name is not None:
            self.set_focus(self.panel(name).add_class("alone"))
        elif self.focused is None or self.focused.id not in PANELS:
            self.set_focus(self.panel(PANELS[0]))
        self._again()
        self.post_message(self.Went())

    def focused_panel(self) -> str:
        return self.focused.id if isinstance(self.focused, LineTable) and self.focused.id else PANELS[0]

    def toggle_zoom(self) -> None:
        self.zoom(None if self.zoomed else self.focused_panel())

    def action_back(self) -> None:
        table = self.panel(self.focused_panel())
        if self.query_one(FilterLine).has_class("open"):
            self._close_filter(keep=False)
        elif table.filter:
            table.narrow_to("")
        elif self._trail:
            self._show_alone(*self._trail.pop())
        else:
            self.zoom(None)

    def action_sideways(self) -> None:
        """The two columns of panels: 0 1 / 2 3 / 4 5."""
        if self.zoomed is None:
            self.panel(PANELS[PANELS.index(self.focused_panel()) ^ 1]).focus()

    def on_line_table_chosen(self, event: LineTable.Chosen) -> None:
        event.stop()
        if self._hands_off or self._view is None:
            return
        panel = event.table.id or ""
        if panel == "log" and event.key:
            self.post_message(self.EntryChosen(event.key))
        elif panel == "estate" and event.key:
            self.zoom(None)
            self.post_message(self.ClusterChosen(event.key))
        elif self.zoomed is None:
            self.enter(panel)
        elif (found := named(self._view, panel, event.key)) is not None:
            self.enter(SUBJECT, found)

    # -- filter

    def open_filter(self) -> None:
        self._filtered = self.focused_panel()
        line = self.query_one(FilterLine)
        line.value = self.panel(self._filtered).filter
        line.add_class("open")
        line.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        if self.query_one(FilterLine).has_class("open"):
            self.panel(self._filtered).narrow_to(event.value)

    def on_input_submitted(self) -> None:
        self._close_filter(keep=True)

    def _close_filter(self, *, keep: bool) -> None:
        self.query_one(FilterLine).remove_class("open")
        if not keep:
            self.panel(self._filtered).narrow_to("")
        self.panel(self._filtered).focus()
