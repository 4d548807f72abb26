"""Records a session as it happens: what came in, what was pressed, where the operator looked, and what was drawn."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct
from textual import events
from textual.widgets import Input

from dslsconsole.model.frames import Full, Hello, encode
from dslsconsole.model.inspection import Inspection
from dslsconsole.sessions.recording import Drawn, Found, Head, Logged, Looked, Pressed, Seen, Table, Whole
from dslsconsole.sessions.writing import NotRecorded, Writer, removed_old
from dslsconsole.tui.audited import AuditReport
from dslsconsole.tui.consulted import Consulted
from dslsconsole.tui.dialogs.dialog import Dialog
from dslsconsole.tui.journal_feed import News
from dslsconsole.tui.source import Arrival

if TYPE_CHECKING:
    from dslsconsole.tui.app import ConsoleApp

WRITES_EVERY_S = 1.0
CHECKS_EVERY_S = 5.0
"""At most so often it is noted what stands on the screen."""
SETTLED_S = 1.0
"""How long the operator must have looked at the same thing before that is noted: sizes settle after a change."""
_ENDS_A_LINE = frozenset({"enter", "escape", "tab", "shift+tab"})


class Recordings(Struct, frozen=True):
    """Where sessions are recorded, for how long they are kept, and whose this one is."""

    directory: Path
    keep_s: float
    program: str
    operator: str
    host: str


STOOD_STILL_S = 1.0
"""What a key led to is drawn sooner, unless the shell had the terminal meanwhile."""


class Recorder:
    """The recording of one session. Where it can't be written the session goes on, and says so once."""

    def __init__(self, app: ConsoleApp, recordings: Recordings) -> None:
        self._app = app
        self._recordings = recordings
        self._writer: Writer | None = None
        self._looked: Looked | None = None
        self._drawn_at = 0.0
        self._pressed: deque[events.Key] = deque(maxlen=64)
        self._consulted: dict[str, Consulted] = {}

    @property
    def path(self) -> Path | None:
        """The file that is written."""
        return self._writer.path if self._writer is not None else None

    def begin(self) -> None:
        """Begin the file, and remove old ones."""
        wanted, now = self._recordings, self._app.clock()
        size = self._app.size
        read_only = all(action.guard == "none" for action in self._app.actions)
        head = Head(1, wanted.program, wanted.operator, wanted.host, now, read_only, size.width, size.height)
        try:
            self._writer = Writer(wanted.directory, head, self._whole)
        except NotRecorded as why:
            self._app.call_after_refresh(self._app.say, str(why))
            return
        removed_old(wanted.directory, wanted.keep_s)
        self._app.set_interval(WRITES_EVERY_S, self._write_out)

    def end(self) -> None:
        if self._writer is not None:
            writer, self._writer = self._writer, None
            try:
                writer.close()
            except NotRecorded:
                return  # it was said when it began

    def arrived(self, what: Arrival | News, at: float) -> None:
        """Frames or entries came in."""
        if self._writer is None:
            return
        if isinstance(what, News):
            self._writer.add(Logged(at, _raw(what.entries), what.trouble))
        else:
            frames = tuple(msgspec.Raw(encode(frame).rstrip()) for frame in what.frames)
            self._writer.add(Seen(at, frames, what.trouble))

    def pressed(self, event: events.Key, at: float) -> None:
        """A key was pressed. What is typed into a line of text is not kept: a reason is in the journal, and an
        approval's words are nobody's business."""
        if self._writer is None or any(event is one for one in self._pressed):
            return  # it comes again where nothing below heeded it, and in a burst not at once
        self._pressed.append(event)
        typing = isinstance(self._app.focused, Input) and event.key not in _ENDS_A_LINE
        self._writer.add(Pressed(at, "typed" if typing else event.key[:200]))
        self._app.call_after_refresh(self._look_after, at)

    def _look_after(self, at: float) -> None:
        """What a key led to is of the key's own time, unless the console stood still before it was drawn."""
        now = self._app.clock()
        self.look(at if now - at < STOOD_STILL_S else now)

    def audited(self, cluster: str, report: AuditReport, at: float) -> None:
        """A cluster was audited."""
        self._add(_audit(cluster, report, at))

    def found(self, inspection: Inspection, at: float) -> None:
        """A node was looked at closely."""
        self._add(_inspection(inspection, at))

    def consulted(self, what: Consulted, at: float) -> None:
        """A dialog shows this from now on."""
        if self._consulted.get(what.kind) != what:
            self._consulted[what.kind] = what
            self._add(_dialog(what, at))

    def armed(self, cluster: str, at: float, *, armed: bool) -> None:
        """The console is armed for a cluster from now on, or is not any more."""
        self._add(Found(at, "arming", cluster, msgspec.Raw(msgspec.json.encode(armed))))

    def _add(self, record: Found) -> None:
        if self._writer is not None:
            self._writer.add(record)

    def drawn(self, at: float) -> None:
        """The panels were drawn for this time."""
        self.look(at)
        if self._writer is None:
            return
        settled = self._looked is not None and at - self._looked.at >= SETTLED_S
        if settled and at - self._drawn_at >= CHECKS_EVERY_S:
            self._drawn_at = at
            self._writer.add(Drawn(at, lines(self._app)))

    def look(self, at: float) -> None:
        """The operator may look at something else now."""
        looked = looked_at(self._app, at)
        if self._looked is None or msgspec.structs.replace(looked, at=self._looked.at) != self._looked:
            self._looked = looked
            if self._writer is not None:
                self._writer.add(looked)

    def _whole(self) -> Whole:
        app = self._app
        picture, at = app.picture, app.clock()
        frames: tuple[msgspec.Raw, ...] = ()
        if picture.estate is not None:
            hello = Hello(picture.at, picture.estate)
            full = Full(picture.at, picture.snapshot, tuple(picture.verdicts.values()), picture.alerts)
            frames = tuple(msgspec.Raw(encode(frame).rstrip()) for frame in (hello, full))
        found = (
            *(_audit(cluster, report, at) for cluster, report in app.auditing.reports.items()),
            *(_inspection(one, at) for one in app.inspecting.inspections),
            *(_dialog(one, at) for one in self._consulted.values()),
        )
        return Whole(at, frames, _raw(app.entries), _raw(app.events), self._looked, app.trouble, found)

    def _write_out(self) -> None:
        if self._writer is None:
            return
        try:
            self._writer.write_out()
        except NotRecorded as why:
            self._writer = None
            self._app.say(str(why))


def _raw(things: Iterable[object]) -> tuple[msgspec.Raw, ...]:
    return tuple(msgspec.Raw(msgspec.json.encode(one)) for one in things)


def _audit(cluster: str, report: AuditReport, at: float) -> Found:
    return Found(at, "audit", cluster, msgspec.Raw(msgspec.json.encode(report)))


def _inspection(inspection: Inspection, at: float) -> Found:
    return Found(at, "inspection", inspection.cluster, msgspec.Raw(msgspec.json.encode(inspection)))


def _dialog(what: Consulted, at: float) -> Found:
    return Found(at, "dialog", what.plan.cluster, msgspec.Raw(msgspec.json.encode(what)))


def looked_at(app: ConsoleApp, at: float) -> Looked:
    """Where the operator looks."""
    screen = app.cluster_screen
    subject = (screen.subject.kind, screen.subject.name) if screen.subject is not None else None
    tables = {}
    for table in screen.shown():
        place = table.place
        order = (place.order.column, place.order.inverted) if place.order is not None else (None, False)
        tables[table.id or ""] = Table(place.cursor, place.top, place.filter, *order)
    dialog = type(app.screen).__name__ if isinstance(app.screen, Dialog) else None
    width, height = screen.size
    theme = app.theme.removeprefix("dslsconsole-")
    zone = app.zone.key if app.zone is not None else None
    return Looked(at, width, height, theme, app.cluster_name, screen.zoomed, subject, dialog, zone, app.seen, tables)


def lines(app: ConsoleApp) -> dict[str, tuple[str, ...]]:
    """The lines of each table on the screen."""
    return {table.id or "": tuple(line.rstrip() for line in table.text()) for table in app.cluster_screen.shown()}
