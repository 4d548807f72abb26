"""The terminal program: frames and journal in, a screen out. What it may do is in the registry of actions."""

import asyncio
import contextlib
import signal
from collections.abc import Callable
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from textual import events
from textual.binding import BindingType
from textual.driver import Driver
from textual.message import Message
from textual.theme import Theme
from textual.widgets import Input
from textual.worker import Worker, WorkerState

from dslsconsole.model.frames import Hello
from dslsconsole.model.picture import Picture
from dslsconsole.tui.acting import Acting
from dslsconsole.tui.actions import Action, Guard, offered, why_disabled
from dslsconsole.tui.auditing import Auditing, Auditor
from dslsconsole.tui.bars import FooterBar
from dslsconsole.tui.books import Books
from dslsconsole.tui.dialogs.dialog import Dialog
from dslsconsole.tui.driver import PacedApp
from dslsconsole.tui.events import KEPT, Event, happened
from dslsconsole.tui.inspecting import Inspecting, Inspector
from dslsconsole.tui.journal_feed import JournalFeed, LogEntry, News
from dslsconsole.tui.keys import LoadedKeys, applied
from dslsconsole.tui.navigation import Navigation
from dslsconsole.tui.operation import Runner
from dslsconsole.tui.recorder import Recorder, Recordings
from dslsconsole.tui.render.cells import Sheet, Tone
from dslsconsole.tui.render.changed import READ_S
from dslsconsole.tui.render.footer import Key, entries
from dslsconsole.tui.render.header import Standing
from dslsconsole.tui.render.log import log
from dslsconsole.tui.render.view import View
from dslsconsole.tui.screens.cluster import ClusterScreen
from dslsconsole.tui.source import Arrival, Source
from dslsconsole.tui.terminal import LastResort
from dslsconsole.tui.themes import DEFAULT, ConsoleTheme, LoadedThemes

COARSE_S = 4.0
"""How often the ages of late readings are looked at while nothing arrives."""
KEPT_ENTRIES = 2000
WALL_ANEW_S = 300.0
"""How often a wallboard is drawn whole: nobody is there to see that a message of the system lies on it."""


ENDS_WITHIN_S = 2.0
"""What still works when the console is left is waited for so long."""


class ConsoleApp(PacedApp):
    """The console, and without a runner the read-only console or the wallboard."""

    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False  # what is drawn line by line can't be selected, and each click would paint the whole screen
    BINDINGS: ClassVar[list[BindingType]] = []
    CSS = "Input > .input--placeholder { color: $tone-muted; }"  # Textual's own is too faint to be read

    class Arrived(Message):
        """A batch of frames, or of journal entries."""

        def __init__(self, what: Arrival | News) -> None:
            super().__init__()
            self.what = what

    def __init__(
        self,
        source: Source,
        *,
        clock: Callable[[], float],
        themes: LoadedThemes,
        theme: str = DEFAULT,
        cluster: str | None = None,
        runner: Runner | None = None,
        feed: JournalFeed | None = None,
        auditor: Auditor | None = None,
        inspector: Inspector | None = None,
        viewer: str | None = None,
        wallboard: bool = False,
        rotate_s: float | None = None,
        terminal_gone: Callable[[], bool] = lambda: False,
        last_resort: LastResort | None = None,
        recordings: Recordings | None = None,
        keys: LoadedKeys | None = None,
        plays: bool = False,
        here: ZoneInfo | None = None,
        greeting: str = "",
        driver: type[Driver] | None = None,
        colours: bool = True,
    ) -> None:
        """`viewer` says why the person may only look: then the keys that act are there, and say so. `here` is the
        zone of who looks, where that is not UTC."""
        self._themes = themes
        # Without colours Textual makes greys, and black of the terminal's own; of native ones it leaves none.
        super().__init__(driver_class=driver, ansi_color=None if colours else True)
        self.animation_level = "none"
        self.clock = clock
        self.picture = self._known = Picture()
        self.entries: tuple[LogEntry, ...] = ()
        self.events: tuple[Event, ...] = ()
        self.trouble: str | None = None
        self.seen: float | None = None
        """Up to when somebody has seen what happened; None where nobody is there to see it."""
        self._is_watched = not wallboard
        self.here = here
        self.zone: ZoneInfo | None = None
        """The zone of the times that are shown; None for UTC."""
        self.cluster_name = cluster
        self._viewer = viewer
        known = offered(read_only=runner is None and viewer is None, wallboard=wallboard, replay=plays)
        self.actions, refused = applied(known, keys.keys if keys is not None else {})
        self.key_failures = (*(keys.failures if keys is not None else ()), *refused)
        self.acting = Acting(self, runner, viewer)
        self.books = Books(self, runner)
        self.auditing = Auditing(self, auditor)
        self.inspecting = Inspecting(self, inspector)
        self.cluster_screen = ClusterScreen(self.footer_keys, hands_off=wallboard, plays=plays)
        self._navigation = Navigation(self)
        self._source = source
        self._feed = feed
        self._feed_trouble: str | None = None
        self._standing = Standing()
        self._rotate_s = rotate_s
        self._terminal_gone = terminal_gone
        self._last_resort = last_resort
        self._handlers: dict[signal.Signals, Any] = {}
        self.recorder = Recorder(self, recordings) if recordings is not None else None
        self._leaving = False
        self._greeting = greeting
        for one in self.actions:
            self.bind(one.key, f"act('{one.id}')", description=one.label, show=False)
        for loaded in themes.themes.values():
            self.register_theme(loaded.textual())
        if theme in themes.themes:
            self.theme = f"dslsconsole-{theme}"

    @property
    def themes(self) -> dict[str, ConsoleTheme]:
        return self._themes.themes

    @property
    def theme_failures(self) -> tuple[str, ...]:
        """A sentence for each theme that can't be used, or hardly."""
        return self._themes.failures

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """The colours of our own, so that the style sheet can be read under any theme of Textual's."""
        loaded = self._themes.themes.get(DEFAULT) or next(iter(self._themes.themes.values()))
        theme: Theme = loaded.textual()
        return dict(theme.variables)

    def on_mount(self) -> None:
        self.push_screen(self.cluster_screen)
        self.set_interval(COARSE_S, self._look_at_ages)
        if not self._is_watched:
            self.set_interval(WALL_ANEW_S, self.draw_anew)
        if self._rotate_s:
            self.set_interval(self._rotate_s, self._navigation.rotate)
        self.run_worker(self._read(), exit_on_error=False, name="readings")
        if self._feed is not None:
            self.run_worker(self._follow(self._feed), exit_on_error=False, name="the action log")
        if self.recorder is not None:
            self.recorder.begin()
        self._heed_signals()
        if self.key_failures:
            more = f" (? help has {len(self.key_failures) - 1} more)" if len(self.key_failures) > 1 else ""
            self.call_after_refresh(self.say, f"{self.key_failures[0]}{more}")
        elif self._themes.failures:  # one line can hold one of them; all are in the list that `c` shows
            self.call_after_refresh(self.say, f"c colours tells more: {self._themes.failures[0]}")
        elif self._greeting:
            self.call_after_refresh(self.say, self._greeting, Tone.ACCENT)

    def _heed_signals(self) -> None:
        """End in order when told to. Handlers of the loop alone would wait for a loop that a terminal may hold up."""
        loop = asyncio.get_running_loop()

        def told(number: int, _: object) -> None:
            if self._last_resort is not None:
                self._last_resort.expect_end(128 + number)
            loop.call_soon_threadsafe(self.exit)

        with contextlib.suppress(ValueError):  # signals are heeded in the main thread alone
            for wanted in (signal.SIGHUP, signal.SIGTERM):
                self._handlers[wanted] = signal.signal(wanted, told)

    async def on_unmount(self) -> None:
        if self.recorder is not None:
            self.recorder.end()
        for number, before in self._handlers.items():
            signal.signal(number, before)
        self._handlers.clear()
        # A process that reads is ended before the loop that hears of its end is. Who is cancelled already is just doing
        # so, and a second time would cut that short.
        workers = tuple(self.workers)
        for worker in workers:
            if not worker.is_cancelled:
                worker.cancel()
        with contextlib.suppress(TimeoutError):
            over = asyncio.gather(*(worker.wait() for worker in workers), return_exceptions=True)
            await asyncio.wait_for(over, ENDS_WITHIN_S)

    def exit(self, *answer: Any, **more: Any) -> None:
        """End. What still arrives is not drawn: the screen loses its lines one by one before it is gone itself."""
        self._leaving = True
        super().exit(*answer, **more)

    @property
    def _stands(self) -> bool:
        """Whether there is a screen to draw on."""
        return self.cluster_screen.is_mounted and not self._leaving

    async def _read(self) -> None:
        async with contextlib.aclosing(self._source.arrivals()) as arrivals:
            async for arrival in arrivals:
                self.post_message(self.Arrived(arrival))

    async def _follow(self, feed: JournalFeed) -> None:
        async for news in feed.news():
            self.post_message(self.Arrived(news))

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A part of ours that fails is said in words; the rest goes on."""
        if event.state is WorkerState.ERROR:
            self.trouble = f"{event.worker.name}: {event.worker.error}; leave the console and start it again"
            self.draw()

    # -- what comes in

    def on_console_app_arrived(self, event: Arrived) -> None:
        if self.recorder is not None:
            self.recorder.arrived(event.what, self.clock())
        self.take(event.what)
        self.draw()

    def take(self, what: Arrival | News) -> None:
        """Know what came in."""
        if isinstance(what, News):
            self.entries = (*self.entries, *what.entries)[-KEPT_ENTRIES:]
            self._feed_trouble = what.trouble
            self.acting.heed()
        else:
            for frame in what.frames:
                self.picture = self.picture.apply(frame)
                if told := happened(self._known, self.picture, frame):
                    self.events = (*self.events, *told)[-KEPT:]
                if not isinstance(frame, Hello):  # after a new beginning it is told what changed meanwhile
                    self._known = self.picture
                if isinstance(frame, Hello):
                    self._navigation.keep_cluster()
            if self.seen is None and self._is_watched and self.picture.at:
                self.seen = self.picture.at
            self.trouble = what.trouble or self.picture.trouble
            if self._rotate_s:
                self._navigation.heed_trouble()

    def forget(self) -> None:
        """Know nothing, as at the start."""
        self.picture = self._known = Picture()
        self.entries, self.events, self.trouble, self._feed_trouble = (), (), None, None
        self.seen = None
        self.auditing.forget()
        self.inspecting.forget()

    def _have_seen(self) -> None:
        """Somebody is there, and has seen what has stood there long enough."""
        if self.seen is None:
            return
        before, self.seen = self.seen, max(self.seen, self.clock() - READ_S)
        if any(before < event.at <= self.seen for event in self.events):
            self.draw()

    def _look_at_ages(self) -> None:
        """Nothing arrives and something is late: its age is all that changes. Is anybody looking, at all?"""
        if self._terminal_gone():
            self.exit()
            return
        self.acting.expire()
        if self.picture.at and self.clock() - self.picture.at > COARSE_S:
            self.draw()

    # -- what goes out

    def view(self) -> View | None:
        shape = self.picture.estate.cluster(self.cluster_name) if self.picture.estate and self.cluster_name else None
        if shape is None:
            return None
        audited = self.auditing.of(shape.name)
        return View(
            shape,
            self.picture,
            self.clock(),
            events=self.events,
            audited=audited,
            inspected=self.inspecting.of(shape.name),
            zone=self.zone,
            here=self.here,
            seen=self.seen,
        )

    def draw(self) -> None:
        """Draw what changed. While a dialog is open only the lines at the top: painting under it costs sixfold."""
        if not self._stands:
            return
        standing = self.acting.standing(self.cluster_name, self.clock())
        if standing != self._standing:  # what the keys may do may have changed with it
            self._standing = standing
            self.cluster_screen.show_keys()
        view = self.view()
        if self.screen is self.cluster_screen:
            self.cluster_screen.show(view, self._log_sheet, standing, self.trouble)
            if self.recorder is not None and view is not None:
                self.recorder.drawn(view.now)
        else:
            self.cluster_screen.show_bars(view, standing, self.trouble)
            self.acting.draw()
            self._note_look()

    def _log_sheet(self, detail: bool) -> Sheet:
        elsewhere = self.acting.elsewhere(self.cluster_name or "")
        return log(
            self.entries,
            self.cluster_name or "",
            self._feed_trouble,
            detail=detail,
            elsewhere=elsewhere,
            zone=self.zone,
        )

    def draw_all(self) -> None:
        """Draw what changed, and the keys too: what they may do has changed."""
        self.draw()
        if self._stands:
            self.cluster_screen.show_keys()

    def say(self, text: str, tone: Tone = Tone.WARNING) -> None:
        """Say something in the footer until the next key."""
        if self._stands:
            self.cluster_screen.say(text, tone)

    # -- what is asked for

    def footer_keys(self) -> list[Key]:
        armed = self.acting.is_armed(self.cluster_name, self.clock())
        return entries(self.actions, self.why_not, armed=armed, operation=self.acting.knows_operation())

    def why_not(self, one: Action) -> str | None:
        if self._viewer is not None and one.guard is not Guard.NONE:
            return f"{one.name_of_key} {one.label} is for operators. {self._viewer}"
        armed = self.acting.is_armed(self.cluster_name, self.clock())
        arm = next((known.name_of_key for known in self.actions if known.id == "arm"), "")
        running, stoppable = self.acting.running, self.acting.stoppable
        return why_disabled(one, armed=armed, running=running, stoppable=stoppable, arm_key=arm)

    def action_act(self, identity: str) -> None:
        """The one door through which keys, footer and palette act."""
        one = next((one for one in (*self.actions, *self.books.actions) if one.id == identity), None)
        if one is None or isinstance(self.screen, Dialog) or not self._stands:
            return  # a dialog says itself how it is left
        self.cluster_screen.unsay()
        why = self.why_not(one)
        if why is not None:
            self.say(why)
        elif one.id == "runbooks":
            self.books.choose()
        elif not self.acting.perform(one):
            self._navigation.perform(one)

    def on_footer_bar_clicked(self, event: FooterBar.Clicked) -> None:
        self.action_act(event.action)

    def on_cluster_screen_shown(self) -> None:
        self.draw()

    def on_cluster_screen_went(self) -> None:
        self._navigation.look_closely()
        self._note_look()

    def on_line_table_moved(self) -> None:
        self._note_look()

    def _note_look(self) -> None:
        if self.recorder is not None:
            self.recorder.look(self.clock())

    def on_cluster_screen_entry_chosen(self, event: ClusterScreen.EntryChosen) -> None:
        entry = next((entry for entry in self.entries if f"{entry.seq}" == event.key), None)
        if entry is not None and entry.operation:
            self.acting.show(entry.operation)

    def on_cluster_screen_cluster_chosen(self, event: ClusterScreen.ClusterChosen) -> None:
        self._navigation.go(event.name)

    def on_dialog_told(self, event: Dialog.Told) -> None:
        self.say(event.text)

    def on_dialog_about_asked(self, event: Dialog.AboutAsked) -> None:
        self._navigation.explain(event.name, {"plan": "a plan", "run": "an operation"}[event.name])

    def on_run_dialog_stop_asked(self) -> None:
        self.acting.ask_to_stop()

    async def on_event(self, event: events.Event) -> None:
        """Keys that come before a dialog could be read go nowhere, whichever widget has the focus."""
        if (
            isinstance(event, (events.Key, events.Paste))
            and isinstance(self.screen, Dialog)
            and not self.screen.hears()
        ):
            self.screen.drop()
            return
        if isinstance(event, (events.Key, events.MouseDown)) and self._stands and not isinstance(self.screen, Dialog):
            self._have_seen()
        if isinstance(event, events.Key) and self._stands:
            self.cluster_screen.unsay()
            if self.recorder is not None:
                self.recorder.pressed(event, self.clock())
        if isinstance(event, events.Key) and isinstance(self.screen, Dialog):
            if event.key == "escape":  # at once: a key right behind it would still be the dialog's own
                self.screen.action_cancel()
                return
            if any(one.id == "redraw" and event.key in one.key.split(",") for one in self.actions):
                self.draw_anew()
                return
        if isinstance(event, events.Key) and await self._done_at_once(event.key):
            return
        await super().on_event(event)

    async def _done_at_once(self, key: str) -> bool:
        """Whether a key of the panels was done, one after another: typed ahead, it is for what the one before shows."""
        if not self._stands or self.screen is not self.cluster_screen or isinstance(self.focused, Input):
            return False
        return await self._check_bindings(key)

    async def action_quit(self) -> None:
        self.action_act("quit")

    def action_help_quit(self) -> None:
        self.action_act("quit")
