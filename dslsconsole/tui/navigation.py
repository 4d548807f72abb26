"""What the unguarded actions do: go somewhere, show something, change the colours, leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dslsconsole.model.verdict import Health
from dslsconsole.tui import finding
from dslsconsole.tui.actions import Action
from dslsconsole.tui.dialogs.choice import Choice
from dslsconsole.tui.dialogs.question import Question
from dslsconsole.tui.finding import colours, places
from dslsconsole.tui.render.about import about
from dslsconsole.tui.render.cells import Cell, Column, Cut, Row, Sheet, Tone
from dslsconsole.tui.render.pools import source_of
from dslsconsole.tui.render.subject import Subject, named
from dslsconsole.tui.screens.cluster import ALONE, PANELS, SUBJECT
from dslsconsole.tui.table import LineTable
from dslsconsole.tui.terminal import has_shell_behind

if TYPE_CHECKING:
    from dslsconsole.tui.app import ConsoleApp

KEYS = (
    Column("key", "key", least=5, most=8),
    Column("label", "does", least=10, most=20),
    Column("what", "", least=20, most=400, cut=Cut.WRAP, grows=True),
)
THEMES = (Column("name", "theme", least=12, most=20), Column("label", "", least=10, most=60, grows=True))
PLAIN_KEYS = (
    ("Tab", "next panel", "Go to the next panel; Shift+Tab to the one before, ← → to the one beside."),
    ("↑ ↓", "move", "Move within a panel; PgUp and PgDn a page, Home and End to its ends."),
    ("Enter", "go in", "Show the panel alone; there, all about the node, pool, server or alert of the row."),
    ("Esc", "back", "Come back from where Enter went in, close a filter or a dialog. Never confirms anything."),
)


class Navigation:
    """Moves about the screens of one application."""

    def __init__(self, app: ConsoleApp) -> None:
        self._app = app

    def perform(self, action: Action) -> None:
        """Do what the action says."""
        app = self._app
        if action.id in (*PANELS, *ALONE):
            shown = app.cluster_screen.zoomed == action.id
            app.cluster_screen.zoom(action.id)
            if action.id == "audit" and app.cluster_name is not None:
                app.auditing.ask(app.cluster_name, again=shown)
                app.draw()
            if action.id == "estate":
                app.cluster_screen.panel("estate").select(app.cluster_name or "")
            return
        {
            "cluster": lambda: app.cluster_screen.zoom(None),
            "zoom": app.cluster_screen.toggle_zoom,
            "inspect": self.inspect,
            "sort": self.sort,
            "invert": self.invert,
            "latest": self.latest,
            "copy": lambda: self.copy(whole=False),
            "copy-panel": lambda: self.copy(whole=True),
            "filter": app.cluster_screen.open_filter,
            "previous-cluster": lambda: self.go_by(-1),
            "next-cluster": lambda: self.go_by(1),
            "clock": self.change_clock,
            "theme": self.choose_theme,
            "help": self.help,
            "about": self.about,
            "palette": self.palette,
            "redraw": app.draw_anew,
            "suspend": self.suspend,
            "quit": self.quit,
        }[action.id]()

    # -- clusters

    def keep_cluster(self) -> None:
        """After a new beginning of the stream: the cluster shown before, if it is still there, else the first."""
        estate = self._app.picture.estate
        if estate is not None and (self._app.cluster_name is None or estate.cluster(self._app.cluster_name) is None):
            self._app.cluster_name = estate.clusters[0].name if estate.clusters else None

    def go_by(self, by: int) -> None:
        names = self._names()
        if len(names) < 2:
            self._app.say("the estate has only one cluster")
            return
        index = names.index(self._app.cluster_name) if self._app.cluster_name in names else 0
        self.go(names[(index + by) % len(names)])

    def rotate(self) -> None:
        """Show the next cluster, of those in trouble where there are any: with one it stops there."""
        names = self._in_trouble() or self._names()
        here = names.index(self._app.cluster_name) if self._app.cluster_name in names else -1
        if names and names[(here + 1) % len(names)] != self._app.cluster_name:
            self.go(names[(here + 1) % len(names)])

    def heed_trouble(self) -> None:
        """Go to a cluster that got into trouble at once, from one that is in none."""
        troubled = self._in_trouble()
        if troubled and self._app.cluster_name not in troubled:
            self.go(troubled[0])

    def _names(self) -> list[str]:
        return [cluster.name for cluster in self._app.picture.estate.clusters] if self._app.picture.estate else []

    def _in_trouble(self) -> list[str]:
        verdicts = self._app.picture.verdicts
        return [name for name in self._names() if name in verdicts and verdicts[name].health is Health.CRITICAL]

    def go(self, name: str) -> None:
        """Show another cluster."""
        self._app.cluster_name = name
        self._app.draw_all()

    def inspect(self) -> None:
        """Look closely at what Enter went into, again where it was looked at before."""
        node = self._node_of_subject()
        if node is None:
            self._app.say("Enter on a node or a pool first: r reads closely what is shown")
        elif self._app.cluster_name is not None:
            self._app.inspecting.ask(self._app.cluster_name, node)
            self._app.draw()

    def look_closely(self) -> None:
        """What Enter went into is looked at closely, unless it was before."""
        node, cluster = self._node_of_subject(), self._app.cluster_name
        if node is not None and cluster is not None and node not in self._app.inspecting.of(cluster):
            self._app.inspecting.ask(cluster, node)
            self._app.draw()

    def _node_of_subject(self) -> str | None:
        """The node that tells more of what is shown; of a pool the one that counts it."""
        subject, view = self._app.cluster_screen.subject, self._app.view()
        if subject is None or view is None:
            return None
        return {"node": subject.name, "pool": source_of(view)[0]}.get(subject.kind)

    def sort(self) -> None:
        label = self._focused().sort_by_next()
        self._app.say(f"sorted by {label}" if label else "in the panel's own order", Tone.ACCENT)

    def invert(self) -> None:
        if not self._focused().sort_inverted():
            self._app.say("the panel is not sorted: s sorts it")

    def latest(self) -> None:
        """Go into what the last event was of."""
        view = self._app.view()
        events = [event for event in view.events if event.cluster == view.cluster.name] if view is not None else []
        if view is None or not events:
            self._app.say("nothing has changed since this console looks")
        elif (found := named(view, "events", f"{events[-1].panel} {events[-1].subject}")) is not None:
            self._app.cluster_screen.enter(SUBJECT, found)
        else:
            self._app.cluster_screen.zoom("events")

    def change_clock(self) -> None:
        """Show times as clocks go here, or in UTC again."""
        app = self._app
        if app.here is None:
            app.say("clocks go by UTC here: set TZ to your zone, as TZ=Europe/Berlin, and start the console again")
            return
        app.zone = app.here if app.zone is None else None
        app.draw()
        app.say("times in UTC" if app.zone is None else f"times of {app.here}", Tone.ACCENT)

    def _focused(self) -> LineTable:
        return self._app.cluster_screen.panel(self._app.cluster_screen.focused_panel())

    def copy(self, *, whole: bool) -> None:
        """Hand what is selected to the clipboard of the terminal that shows the console.

        Terminals take OSC 52 where they are allowed to (tmux: `set-clipboard on`), and none says whether it did.
        """
        text = self._focused().copied(whole=whole)
        if not text:
            self._app.say("there is no row to copy")
            return
        self._app.copy_to_clipboard(text)
        lines = text.count("\n") + 1
        self._app.say(f"sent to the terminal's clipboard: {'1 line' if lines == 1 else f'{lines} lines'}", Tone.ACCENT)

    # -- help, palette, colours

    def help(self) -> None:
        rows = [
            Row(failure, (Cell(failure, Tone.WARNING),), spans=True, wraps=True) for failure in self._app.key_failures
        ]
        rows += [Row(key, (Cell(key, Tone.ACCENT), Cell(label), Cell(text))) for key, label, text in PLAIN_KEYS]
        self._app.push_screen(Choice(Sheet("Help · what the keys do", KEYS, (*self._rows(), *rows))), self._chosen)

    def about(self) -> None:
        """What the screen shows that one is on."""
        screen = self._app.cluster_screen
        name = screen.subject.kind if screen.subject is not None else screen.zoomed or "cluster"
        title = {"cluster": "the cluster", "balancers": "load balancers", "dr": "the DR site"}.get(name, name)
        here = ("sort", "invert", "filter", "copy", "copy-panel", "zoom", "latest", "clock", "help")
        keys = tuple((one.name_of_key, one.description) for one in self._app.actions if one.id in here)
        self.explain(name, title, keys)

    def explain(self, name: str, title: str, keys: tuple[tuple[str, str], ...] = ()) -> None:
        """Say what is to be known of a screen or a dialog."""
        self._app.push_screen(Choice(about(name, title, keys)))

    def palette(self) -> None:
        rows = (
            *self._rows(runbooks=True),
            *places(self._app.picture, self._app.cluster_name),
            *colours(self._app.themes.values()),
        )
        self._app.push_screen(Choice(Sheet("Commands", KEYS, rows), searchable=True), self._found)

    def _found(self, key: str | None) -> None:
        """Go to what was found, or do it."""
        screen, (kind, _, name) = self._app.cluster_screen, (key or "").partition(":")
        match f"{kind}:":
            case finding.CLUSTER:
                self.go(name)
            case finding.NODE:
                screen.enter(SUBJECT, Subject("node", name))
            case finding.THEME:
                self._app.theme = f"dslsconsole-{name}"
            case _:
                self._chosen(key)

    def _rows(self, *, runbooks: bool = False) -> list[Row]:
        rows: list[Row] = []
        for action in (*self._app.actions, *(self._app.books.actions if runbooks else ())):
            why = self._app.why_not(action)
            tone = Tone.TEXT if why is None else Tone.STALE
            what = action.description if why is None else f"{action.description} ({why})"
            rows.append(
                Row(action.id, (Cell(action.name_of_key, Tone.ACCENT), Cell(action.label, tone), Cell(what, tone)))
            )
        return rows

    def _chosen(self, identity: str | None) -> None:
        if identity is not None:
            self._app.call_later(self._app.action_act, identity)

    def choose_theme(self) -> None:
        before = self._app.theme
        rows = [Row(theme.name, (Cell(theme.name), Cell(theme.label))) for theme in self._app.themes.values()]
        rows += [
            Row(failure, (Cell(failure, Tone.WARNING),), spans=True, wraps=True) for failure in self._app.theme_failures
        ]

        def preview(name: str) -> None:
            if name in self._app.themes:
                self._app.theme = f"dslsconsole-{name}"

        def done(name: str | None) -> None:
            if name is None:
                self._app.theme = before
            else:
                preview(name)

        chosen = before.removeprefix("dslsconsole-")
        self._app.push_screen(Choice(Sheet("Colours", THEMES, tuple(rows)), chosen=chosen, preview=preview), done)

    # -- leaving

    def suspend(self) -> None:
        """Stop, for a shell to take over. Where there is none, a stopped console could not be waked again."""
        if has_shell_behind():
            self._app.action_suspend_process()
        else:
            self._app.say("there is no shell to go to; q leaves the console")

    def quit(self) -> None:
        running = self._app.acting.running
        if running is None:
            self._app.exit()
            return
        text = f"{running} is running. It goes on to its end without this console, and can be followed from any other."

        def answered(answer: str | None) -> None:
            if answer is not None:
                self._app.exit()

        self._app.push_screen(Question("Leave while an operation runs?", text, phrase="leave"), answered)
