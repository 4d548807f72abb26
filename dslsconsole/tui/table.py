"""The one table of the program, drawn line by line on Textual's Line API.

A changed row costs its own line, not the table (a DataTable repaints itself whole for one changed cell). Rows have
keys, so the cursor stays with its row; a list that grows at its end can follow it.
"""

from typing import ClassVar

from msgspec import Struct
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from dslsconsole.tui.lines import Drawn
from dslsconsole.tui.render.cells import (
    Cell,
    Line,
    Row,
    Sheet,
    Tone,
    filled,
    header_line,
    laid_out,
    row_lines,
    wanted_widths,
)
from dslsconsole.tui.render.sorting import Order, in_order, marked
from dslsconsole.tui.render.words import clean


class Place(Struct, frozen=True):
    """Where one is in a table: the row of the cursor, the first line in sight, and how it is narrowed and sorted."""

    cursor: str | None = None
    top: int = 0
    filter: str = ""
    order: Order | None = None


class _Drawing(Struct, frozen=True):
    """The sheet laid out for a width."""

    header: Line | None
    lines: tuple[Line, ...]
    owners: tuple[int, ...]
    """Which row each line belongs to."""


_NOTHING = _Drawing(None, (), ())


def _as_text(row: Row) -> str:
    texts = [clean(cell.text).strip() for cell in row.cells]
    return " ".join(text for text in texts if text) if row.spans else "\t".join(texts).strip("\t")


class LineTable(Drawn, can_focus=True):
    """A table of cells with a title, a cursor and a scroll position of its own."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "cursor(-1)", "up", show=False),
        Binding("down,j", "cursor(1)", "down", show=False),
        Binding("pageup", "page(-1)", "page up", show=False),
        Binding("pagedown,space", "page(1)", "page down", show=False),
        Binding("home", "cursor(-1000000)", "first", show=False),
        Binding("end", "cursor(1000000)", "last", show=False),
        Binding("enter", "choose", "choose", show=False),
    ]
    DEFAULT_CSS = """
    LineTable {
        background: $background;
        border: round $edge;
        border-title-color: $tone-title;
        border-title-style: bold;
        border-subtitle-color: $tone-muted;
        &:focus { border: round $focus; }
        &:nocolor:focus { border: heavy $focus; }
        &.tone-warning { border-title-color: $tone-warning; }
        &.tone-critical { border-title-color: $tone-critical; }
        &.tone-unknown { border-title-color: $tone-unknown; }
    }
    """

    class Chosen(Message):
        """Enter, or a second click, on a row."""

        def __init__(self, table: "LineTable", key: str) -> None:
            super().__init__()
            self.table = table
            self.key = key

        @property
        def control(self) -> "LineTable":
            return self.table

    class Moved(Message):
        """The cursor is on another row."""

        def __init__(self, table: "LineTable", key: str) -> None:
            super().__init__()
            self.table = table
            self.key = key

        @property
        def control(self) -> "LineTable":
            return self.table

    def __init__(self, *, id: str | None = None, classes: str | None = None, follows: bool = False) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self.follows = follows
        """Whether the last row stays in sight as rows are added."""
        self.filter = ""
        self._order: Order | None = None
        self._sheet = Sheet("", (), ())
        self._rows: tuple[Row, ...] = ()
        self._drawing = _NOTHING
        self._width = 0
        self._widest: dict[str, int] = {}
        self._cursor: str | None = None
        self._top = 0
        self._subtitle = ""
        self._title = ""

    @property
    def sheet(self) -> Sheet:
        return self._sheet

    @property
    def cursor_key(self) -> str | None:
        """The key of the row the cursor is on."""
        return self._cursor

    def show(self, sheet: Sheet) -> None:
        """Show this sheet. Only lines that differ from what stands there are drawn again."""
        if sheet == self._sheet:
            return
        if sheet.tone is not self._sheet.tone:
            for tone in (Tone.WARNING, Tone.CRITICAL, Tone.UNKNOWN):
                self.set_class(sheet.tone is tone, f"tone-{tone.value}")
        self._sheet = sheet
        if not self._width:
            self._entitle("")
        self._lay_out()

    def fits(self, sheet: Sheet) -> bool:
        """Whether all of a sheet can be seen at once."""
        layout = laid_out(sheet.columns, wanted_widths(sheet.columns, sheet.rows, {}), self._width)
        lines = sum(len(row_lines(row, sheet.columns, layout, self._width)) for row in sheet.rows)
        labelled = any(not row.spans for row in sheet.rows)
        return lines + labelled <= self.size.height

    @property
    def lines_in_all(self) -> int:
        """How many lines the whole sheet takes at the present width, with the line of labels."""
        return len(self._drawing.lines) + (self._drawing.header is not None)

    def narrow_to(self, words: str) -> None:
        """Show only rows that contain these words; none shows all."""
        self.filter = words.casefold()
        self._lay_out()

    @property
    def place(self) -> Place:
        """Where one is in it."""
        return Place(self._cursor, self._top, self.filter, self._order)

    def go_to(self, place: Place) -> None:
        """Be there again, as far as the rows are the same."""
        if place != self.place:
            self._cursor, self._top = place.cursor, place.top
            self.filter, self._order = place.filter, place.order
            self._lay_out()

    def sort_by_next(self) -> str | None:
        """Sort by the next column, after the last by none; the column's label, or None."""
        keys = [column.key for column in self._sheet.columns if column.label]
        at = keys.index(self._order.column) + 1 if self._order is not None and self._order.column in keys else 0
        self._order = Order(keys[at]) if at < len(keys) else None
        self._lay_out()
        return next((c.label for c in self._sheet.columns if self._order and c.key == self._order.column), None)

    def sort_inverted(self) -> bool:
        """Turn the order round; whether there is one."""
        if self._order is None:
            return False
        self._order = Order(self._order.column, inverted=not self._order.inverted)
        self._lay_out()
        return True

    def select(self, key: str) -> None:
        """Put the cursor on a row, if there is one with this key."""
        if not self._width:  # it was never in sight; the first layout keeps the cursor where it is wished
            self._cursor = key
        elif any(row.key == key for row in self._rows):
            self._move_to(key)

    def copied(self, *, whole: bool) -> str:
        """The row with the cursor, or all of the sheet that the filter leaves, uncut; cells are parted by a tab."""
        chosen = self._rows if whole else [row for row in self._rows if row.key == self._cursor]
        lines = [_as_text(row) for row in chosen]
        return "\n".join([clean(self._sheet.title), *lines] if whole else lines)

    def text(self) -> list[str]:
        """The lines in sight, as text."""
        return ["".join(cell.text for cell in self._line(y)) for y in range(self.size.height)]

    def on_resize(self) -> None:
        if self.size.width != self._width:
            self._width = self.size.width
            self._widest.clear()
        self._lay_out()

    def _matches(self, row: Row) -> bool:
        return not self.filter or self.filter in " ".join(cell.text for cell in row.cells).casefold()

    def _lay_out(self) -> None:
        """Lay the sheet out anew and mark the lines that differ."""
        if not self._width:
            return
        height = self.size.height
        before = [self._line(y) for y in range(height)]
        cursor_before = self._cursor_lines()
        was_last = bool(self._rows) and self._cursor == self._rows[-1].key
        rows = tuple(row for row in self._sheet.rows if self._matches(row))
        self._rows = rows if self._order is None else in_order(rows, self._sheet.columns, self._order)
        self._drawing = self._drawn()
        self._keep_cursor(was_last)
        self._keep_in_sight()
        cursor_now = self._cursor_lines()
        changed = [y for y in range(height) if before[y] != self._line(y) or (y in cursor_before) != (y in cursor_now)]
        self._mark(changed)
        self._count()

    def _drawn(self) -> _Drawing:
        columns, width = self._sheet.columns, self._width
        if self._order is not None:
            columns = marked(columns, self._order)
        self._widest = wanted_widths(columns, self._rows, self._widest)
        if sum(self._widest.values()) + len(columns) - 1 > width:  # what was wide once must not cut what is there now
            self._widest = wanted_widths(columns, self._rows, {})
        layout = laid_out(columns, self._widest, width) if columns else []
        lines: list[Line] = []
        owners: list[int] = []
        for index, row in enumerate(self._rows):
            for line in row_lines(row, columns, layout, width):
                lines.append(line)
                owners.append(index)
        if not lines:
            text = "nothing matches the filter" if self.filter else self._sheet.empty
            rows = row_lines(Row("", (Cell(text, Tone.MUTED),), spans=True, wraps=True, indent=1), (), (), width)
            return _Drawing(None, tuple(rows) if text else (), (-1,) * len(rows))
        labelled = any(columns[i].label for i, _ in layout) and any(not row.spans for row in self._rows)
        return _Drawing(header_line(columns, layout, width) if labelled else None, tuple(lines), tuple(owners))

    def _mark(self, lines: list[int]) -> None:
        if lines:
            self.refresh(*(Region(0, y, self._width, 1) for y in lines))

    def _mark_border(self, line: int) -> None:
        """Draw a line of the border again. Set as Textual means it, a title costs all of the table: 13 kB at 160x50."""
        self.refresh(Region(0, line, max(1, self._width), 1))

    def _count(self) -> None:
        """Say which part is seen where not all is: below, or in the title where nothing is drawn below."""
        shown, total = self._room(), len(self._drawing.lines)
        all_seen = not total > shown > 0
        text = "" if all_seen else f"{self._top + 1} to {min(total, self._top + shown)} of {total}"
        if self.filter:
            text = f"filter: {clean(self.filter)}  {text}".rstrip()
        if text != self._subtitle:
            self._subtitle = text
            self._border_subtitle = Content(text) if text else None
            self._mark_border(self.size.height)
        above, below = self._top, total - shown - self._top
        beyond = "" if all_seen else f"{f' ↑{above}' if above else ''}{f' ↓{below}' if below > 0 else ''}"
        filtered = f" · filter: {clean(self.filter)}" if self.filter else ""
        self._entitle("" if self.styles.border_bottom[0] else f"{filtered}{beyond}")

    def _entitle(self, beyond: str) -> None:
        """Title the panel, with how many lines are out of sight."""
        title = f"{clean(self._sheet.title)}{beyond}"
        if title != self._title:
            self._title = title
            self._border_title = Content(title)
            self._mark_border(-1)

    # -- cursor and scrolling

    def _room(self) -> int:
        """Lines there are for rows."""
        return max(0, self.size.height - (self._drawing.header is not None))

    def _keep_cursor(self, was_last: bool) -> None:
        keys = [row.key for row in self._rows]
        if self._cursor not in keys:
            self._cursor = (keys[-1] if self.follows else keys[0]) if keys else None
        elif self.follows and self._rows and (was_last or not self.has_focus):
            self._cursor = keys[-1]

    def _index(self) -> int:
        return next((i for i, row in enumerate(self._rows) if row.key == self._cursor), 0)

    def _keep_in_sight(self) -> None:
        room, total = self._room(), len(self._drawing.lines)
        index = self._index()
        own = [line for line, owner in enumerate(self._drawing.owners) if owner == index]
        if own and room:
            self._top = max(min(self._top, own[0]), own[-1] - room + 1 if own[-1] - own[0] < room else own[0])
        self._top = max(0, min(self._top, total - room))

    def _cursor_lines(self) -> set[int]:
        """The lines on the screen that the cursor covers."""
        if not self.has_focus or self._cursor is None:
            return set()
        index, first = self._index(), self._drawing.header is not None
        return {line - self._top + first for line, owner in enumerate(self._drawing.owners) if owner == index}

    def _move_to(self, key: str) -> None:
        if key == self._cursor:
            return
        before, top = self._cursor_lines(), self._top
        self._cursor = key
        self._keep_in_sight()
        if top != self._top:
            self.refresh()
            self._count()
        else:
            self._mark(sorted(before | self._cursor_lines()))
        self.post_message(self.Moved(self, key))

    def action_cursor(self, by: int) -> None:
        if self._rows:
            self._move_to(self._rows[max(0, min(len(self._rows) - 1, self._index() + by))].key)

    def action_page(self, by: int) -> None:
        self.action_cursor(by * max(1, self._room() - 1))

    def scroll_lines(self, by: int, *, pages: bool = False) -> None:
        """Show what lies so many lines, or pages, further down; the first row that is seen then is selected."""
        room, owners = self._room(), self._drawing.owners
        top = max(0, min(len(owners) - room, self._top + by * (max(1, room - 1) if pages else 1)))
        if top == self._top or owners[top] < 0:
            return
        self._top, self._cursor = top, self._rows[owners[top]].key
        self.refresh()
        self._count()

    def action_choose(self) -> None:
        self.post_message(self.Chosen(self, self._cursor or ""))

    def on_click(self, event: events.Click) -> None:
        content = event.get_content_offset(self)
        if content is None:
            return
        line = content.y - (self._drawing.header is not None) + self._top
        if 0 <= line < len(self._drawing.owners) and self._drawing.owners[line] >= 0:
            self._move_to(self._rows[self._drawing.owners[line]].key)
        if event.chain == 2:
            self.action_choose()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.action_cursor(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.action_cursor(-3)

    # -- drawing

    def _line(self, y: int) -> Line:
        """What stands on a line of the screen."""
        if self._drawing.header is not None:
            if y == 0:
                return self._drawing.header
            y -= 1
        index = self._top + y
        return self._drawing.lines[index] if index < len(self._drawing.lines) else filled((), self._width)

    def render_line(self, y: int) -> Strip:
        return self.strip_of(self._line(y), selected=y in self._cursor_lines())
