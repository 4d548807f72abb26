"""The console on a recording: the same screens, fed by the player. It has no means to connect or to act."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from textual import events
from textual.driver import Driver

from dslsconsole.model.inspection import Inspection
from dslsconsole.sessions import remarks
from dslsconsole.sessions.marks import Kind, Mark, frames_of, marks
from dslsconsole.sessions.reading import Recording
from dslsconsole.sessions.recording import Found, Logged, Looked, NotARecording, Note, Record, Seen, Whole
from dslsconsole.tui.app import ConsoleApp
from dslsconsole.tui.audited import AuditReport
from dslsconsole.tui.consulted import DIALOGS, Consulted
from dslsconsole.tui.dialogs.dialog import Dialog
from dslsconsole.tui.dialogs.question import Question
from dslsconsole.tui.events import Event
from dslsconsole.tui.journal_feed import LogEntry, News
from dslsconsole.tui.lines import OneLine
from dslsconsole.tui.player import Player
from dslsconsole.tui.render.cells import Tone
from dslsconsole.tui.render.player import Told, bar, moment_in
from dslsconsole.tui.render.sorting import Order
from dslsconsole.tui.render.subject import RENDERERS, Subject
from dslsconsole.tui.render.view import View
from dslsconsole.tui.render.words import time_of_day
from dslsconsole.tui.screens.cluster import ALONE, PANELS, SUBJECT
from dslsconsole.tui.source import Arrival, PlayedFrames
from dslsconsole.tui.table import Place
from dslsconsole.tui.themes import DEFAULT, LoadedThemes

TICK_S = 0.1
BACK_S = 10.0
KEEPS_FOLLOWING = frozenset({"question_mark", "colon", "q", "ctrl+q", "ctrl+c", "c", "ctrl+z"})
"""Keys that do not lead away from what the operator looked at, besides those of the player."""


class ReplayConsole(ConsoleApp):
    """Plays one recording."""

    shows_dialogs: ClassVar[bool] = True
    """Whether it shows what stood in the operator's dialogs, in the place of what lay under them."""

    def __init__(
        self,
        player: Player,
        themes: LoadedThemes,
        theme: str = DEFAULT,
        *,
        with_bar: bool = True,
        reader: str = "",
        here: ZoneInfo | None = None,
        colours: bool = True,
        driver: type[Driver] | None = None,
    ) -> None:
        super().__init__(
            PlayedFrames([]),
            clock=player.now,
            themes=themes,
            theme=theme,
            plays=with_bar,
            here=here,
            colours=colours,
            driver=driver,
        )
        self._is_watched = False  # what was seen is told by the recording
        self._reader = reader
        self._player = player
        self._follows = True
        self._halted = False
        self._looked: Looked | None = None
        self._consulted: dict[str, Consulted] = {}
        self._does: dict[str, Callable[[], None]] = {
            "play": lambda: self._player.play(not self._player.playing),
            "faster": lambda: self._player.change_speed(2.0),
            "slower": lambda: self._player.change_speed(0.5),
            "next-event": lambda: self._to_next("nothing changes any more"),
            "next-alert": lambda: self._to_next("no alert is raised any more", Kind.ALERT),
            "next-operation": lambda: self._to_next("no operation goes on any more", Kind.OPERATION),
            "next-note": lambda: self._to_next("there is no note any more", Kind.NOTE),
            "note": self._ask_note,
            "back": lambda: self.jump(self._player.now() - BACK_S),
            "jump": self._ask_where,
            "idle": self._change_idle,
            "follow": self._follow_again,
        }
        self._own_keys = frozenset(one.key for one in self.actions if one.id in self._does)

    def on_mount(self) -> None:
        super().on_mount()
        self.call_after_refresh(self._begin)
        self.set_interval(TICK_S, self._tick)
        self.run_worker(self._find_marks(), exit_on_error=False, name="what happens in the recording")

    async def _find_marks(self) -> None:
        """Read all of it once, beside the playing: a long one takes seconds."""
        self._player.marks = await asyncio.to_thread(_marks, self._player.recording.path)
        self._show_bar()

    @property
    def looked(self) -> Looked | None:
        """Where the operator looked at this moment."""
        return self._looked

    def halt(self) -> None:
        """Let nothing pass by itself: somebody else says what comes next."""
        self._halted = True

    def _begin(self) -> None:
        if self._halted:
            return
        self.jump(self._player.begins)
        self._player.play(True)
        self._show_bar()

    def _tick(self) -> None:
        if self._halted or not self._stands or isinstance(self.screen, Dialog):
            return
        before = self._player.reached
        if records := self._player.due():
            self.play(records)
            self.draw()
        for mark in self._player.marks:
            if mark.event == remarks.SUFFIX and before < mark.at <= self._player.reached:
                self.say(f"note: {mark.text}", Tone.ACCENT)
        self._show_bar()

    # -- what is known at a moment

    def play(self, records: Iterable[Record]) -> None:
        """Know what these tell, and look where the operator looked."""
        for record in records:
            try:
                self._take_record(record)
            except ValueError as error:
                self._player.play(False)
                self._player.damage = f"what it tells of {time_of_day(record.at)} can't be read ({str(error)[:80]})"

    def _take_record(self, record: Record) -> None:
        """Raises ValueError where it holds what no console has written."""
        match record:
            case Seen():
                self.take(Arrival(tuple(frames_of(record)), record.trouble))
            case Logged():
                self.take(News(_entries(record.entries), record.trouble))
            case Whole():
                self.take(Arrival(tuple(frames_of(record)), record.trouble))
                self.entries = _entries(record.entries)
                self.events = tuple(msgspec.json.decode(raw, type=Event) for raw in record.events)
                for found in record.found:
                    self._know(found)
                self._look(record.looked)
            case Found():
                self._know(record)
            case Looked():
                self._look(record)
            case Note():
                self.say(f"note: {record.text}", Tone.ACCENT)
            case _:
                return

    def _know(self, found: Found) -> None:
        """Raises ValueError where it holds what no console has written."""
        if found.what == "audit":
            self.auditing.know(found.cluster, msgspec.json.decode(found.report, type=AuditReport))
        elif found.what == "inspection":
            self.inspecting.know(msgspec.json.decode(found.report, type=Inspection))
        elif found.what == "dialog":
            consulted = msgspec.json.decode(found.report, type=Consulted)
            self._consulted[consulted.kind] = consulted

    def view(self) -> View | None:
        view, subject = super().view(), self.cluster_screen.subject
        consulted = self._consulted.get(subject.kind) if subject is not None else None
        if view is None or consulted is None:
            return view
        return msgspec.structs.replace(view, dialog=consulted.sheet(self.entries, self.clock()))

    def forget(self) -> None:
        super().forget()
        self._consulted.clear()

    def jump(self, at: float) -> None:
        """Be at another moment."""
        records = self._player.seek(at)
        self.forget()
        self.play(records)
        self.draw()
        self._show_bar()

    def _to_next(self, nothing: str, *kinds: Kind) -> None:
        at = self._player.after(
            *(kinds or (Kind.ALERT, Kind.OVER, Kind.UNSEEN, Kind.OPERATION, Kind.LOOKED, Kind.TROUBLE, Kind.NOTE))
        )
        if at is None:
            self.say(nothing)
        else:
            self.jump(at)
            told = [mark.text for mark in self._player.marks if mark.at == at and mark.kind is not Kind.PRESSED]
            if told:
                self.say(told[0], Tone.ACCENT)

    def _ask_where(self) -> None:
        was = self._player.playing
        self._player.play(False)

        def answered(answer: str | None) -> None:
            if answer is not None:
                at = moment_in(answer, self._player.begins)
                if at is None:
                    self.say("a time is written as 12:03:10, or +90 for seconds from the beginning")
                else:
                    self.jump(at)
            self._player.play(was)

        text = "Go to the time of day (UTC) as 12:03:10, or +90 for seconds from the beginning."
        self.push_screen(Question("Go to a time", text, tone=Tone.TITLE), answered)

    def _ask_note(self) -> None:
        """Take a note on this moment, into a file beside the recording."""
        was, at = self._player.playing, self._player.now()
        self._player.play(False)

        def answered(answer: str | None) -> None:
            if answer:
                self._take_note(at, answer)
            self._player.play(was)

        text = f"It is kept beside the recording, at {time_of_day(at)}, and told in its report."
        self.push_screen(Question("A note on this moment", text, tone=Tone.TITLE), answered)

    def _take_note(self, at: float, text: str) -> None:
        path = self._player.recording.path
        try:
            remarks.add(path, remarks.Remark(at, text[: remarks.LONGEST], self._reader, time.time()))
        except OSError as error:
            self.say(f"the note is not kept: {remarks.beside(path)}: {error.strerror}")
            return
        self._player.marks = _with_notes(self._player.marks, path)
        self.say(f"noted at {time_of_day(at)}; ; goes to the next note", Tone.ACCENT)

    def _change_idle(self) -> None:
        self._player.skips_idle = not self._player.skips_idle

    # -- where the operator looked

    def _look(self, looked: Looked | None) -> None:
        if looked is None:
            return
        self._looked = looked
        if self._follows:
            self._look_there(looked)

    def _look_there(self, looked: Looked) -> None:
        if (
            looked.cluster is not None
            and self.picture.estate is not None
            and self.picture.estate.cluster(looked.cluster)
        ):
            self.cluster_name = looked.cluster
        self.zone, self.seen = _zone(looked.zone), looked.seen
        screen = self.cluster_screen
        dialog = DIALOGS.get(looked.dialog or "")
        if self.shows_dialogs and dialog in self._consulted:
            screen.go_to(SUBJECT, Subject(dialog, dialog))
            return
        subject = Subject(*looked.subject) if looked.subject is not None and looked.subject[0] in RENDERERS else None
        if looked.alone is not None and looked.alone not in (*PANELS, *ALONE, SUBJECT):
            return  # of a console that had other screens
        screen.go_to(looked.alone, subject)
        for table in screen.shown():
            if (there := looked.tables.get(table.id or "")) is not None:
                order = Order(there.sorted_by, there.inverted) if there.sorted_by is not None else None
                table.go_to(Place(there.cursor, there.top, there.filter, order))

    def _follow_again(self) -> None:
        self._follows = True
        if self._looked is not None:
            self._look_there(self._looked)
        self.draw()

    async def on_event(self, event: events.Event) -> None:
        leads = isinstance(event, events.Key) and event.key not in self._own_keys | KEEPS_FOLLOWING
        if leads and not isinstance(self.screen, Dialog):
            self._follows = False
            self._show_bar()
        await super().on_event(event)

    # -- keys

    def action_act(self, identity: str) -> None:
        if identity not in self._does:
            super().action_act(identity)
        elif not isinstance(self.screen, Dialog) and self._stands:
            self.cluster_screen.unsay()
            self._does[identity]()
            self._show_bar()

    def _show_bar(self) -> None:
        player = self._player
        told = Told(
            at=player.now(),
            begins=player.begins,
            ends=player.ends,
            playing=player.playing,
            speed=player.speed,
            skips_idle=player.skips_idle,
            operator=player.recording.head.operator,
            follows=self._follows,
            dialog=self._looked.dialog if self._looked is not None else None,
            damage=None
            if player.damage is None
            else player.damage.removeprefix(str(player.recording.path)).lstrip(":, "),
            marks=player.marks,
        )
        for line in self.cluster_screen.query("#player").results(OneLine):
            line.show(bar(told, self.cluster_screen.size.width))


def _zone(key: str | None) -> ZoneInfo | None:
    """The zone of this name; None for UTC, and where this machine knows no such zone."""
    try:
        return ZoneInfo(key) if key is not None else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _marks(path: Path) -> tuple[Mark, ...]:
    found: list[Mark] = []
    with contextlib.suppress(NotARecording, ValueError, OSError), Recording(path) as recording:
        # Of a damaged one as far as it goes: the player says that it is.
        found.extend(marks(recording.records()))
    return _with_notes(tuple(found), path)


def _with_notes(found: tuple[Mark, ...], path: Path) -> tuple[Mark, ...]:
    """With what was noted on it since, in the order of time."""
    own = [mark for mark in found if mark.kind is not Kind.NOTE or mark.event != remarks.SUFFIX]
    return tuple(sorted((*own, *remarks.marks(path)), key=lambda mark: mark.at))


def _entries(raws: Iterable[msgspec.Raw]) -> tuple[LogEntry, ...]:
    return tuple(msgspec.json.decode(raw, type=LogEntry) for raw in raws)
