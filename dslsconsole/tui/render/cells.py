"""What a table shows: columns, rows of cells, and how they are laid out in a width."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace
from rich.cells import cell_len

from dslsconsole.tui.render import words


class Tone(StrEnum):
    """How a text is meant. A theme gives each its colour; a glyph and a word always say the same."""

    TEXT = "text"
    MUTED = "muted"
    STALE = "stale"
    TITLE = "title"
    ACCENT = "accent"
    OK = "ok"
    WARNING = "warning"
    CRITICAL = "critical"
    UNKNOWN = "unknown"


GLYPHS = {Tone.OK: "●", Tone.WARNING: "▲", Tone.CRITICAL: "✖", Tone.UNKNOWN: "?", Tone.MUTED: "○"}
_ORDER = (Tone.MUTED, Tone.OK, Tone.UNKNOWN, Tone.WARNING, Tone.CRITICAL)


def worst(tones: Iterable[Tone]) -> Tone:
    """The gravest of these judgements; MUTED of none."""
    return max(tones, key=lambda tone: _ORDER.index(tone) if tone in _ORDER else 0, default=Tone.MUTED)


class Cell(Struct, frozen=True):
    text: str
    tone: Tone = Tone.TEXT
    short: str = ""
    """What stands there where `text` does not fit; empty: `text` is cut."""


class Cut(StrEnum):
    """Where a text that is too long loses some of it."""

    MIDDLE = "middle"
    END = "end"
    PLOT = "plot"
    WRAP = "wrap"
    """Nowhere: it goes on below."""


CHANGED = "•"
"""Between the first two columns of a row that changed."""
OPTIONAL = 4
HANGS = 2
"""How far the lines after the first of a wrapped row are set in."""


class Column(Struct, frozen=True):
    """A column and its width rules, in terminal cells."""

    key: str
    label: str = ""
    least: int = 1
    most: int = 40
    right: bool = False
    cut: Cut = Cut.MIDDLE
    importance: int = 9
    """Columns of the least importance go first where there is no room; 9 stays to the last. Up to OPTIONAL a column
    is shown only where no other has to be cut for it."""
    grows: bool = False
    """Takes the room that is left over."""


class Row(Struct, frozen=True):
    """A line of a table: one cell a column, or with `spans` texts one after another over the whole width."""

    key: str
    cells: tuple[Cell, ...]
    spans: bool = False
    wraps: bool = False
    """A spanning row that takes as many lines as it needs: nothing of it may be left out."""
    indent: int = 0
    changed: bool = False
    """Whether it changed since somebody looked: it is marked."""


class Sheet(Struct, frozen=True):
    """All that one panel shows."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    tone: Tone = Tone.TITLE
    empty: str = ""
    """What stands there where there is no row."""


def glyph(tone: Tone) -> Cell:
    return Cell(GLYPHS.get(tone, " "), tone)


def note(key: str, *cells: Cell, indent: int = 2) -> Row:
    """A row of free text below the columns."""
    return Row(key, cells, spans=True, indent=indent)


def wanted_widths(columns: Sequence[Column], rows: Iterable[Row], before: Mapping[str, int]) -> dict[str, int]:
    """The width each column would like: never less than `before`, so that columns do not move with every value."""
    widths = {c.key: max(before.get(c.key, 0), c.least, min(c.most, cell_len(c.label))) for c in columns}
    for row in rows:
        if row.spans:
            continue
        for column, cell in zip(columns, row.cells, strict=False):
            widths[column.key] = max(widths[column.key], min(column.most, cell_len(words.clean(cell.text))))
    return widths


def laid_out(columns: Sequence[Column], wanted: Mapping[str, int], total: int) -> list[tuple[int, int]]:
    """Which columns are shown, by index, and how wide, with one cell between them, in `total` cells."""
    shown = list(range(len(columns)))
    room = {
        i: column.least if column.cut is Cut.PLOT or column.grows else wanted[column.key]
        for i, column in enumerate(columns)
    }
    while sum(room[i] for i in shown) + len(shown) - 1 > total:
        optional = [i for i in reversed(shown) if columns[i].importance <= OPTIONAL]
        if not optional:
            break
        shown.remove(min(optional, key=lambda i: columns[i].importance))
    while len(shown) > 1 and sum(columns[i].least for i in shown) + len(shown) - 1 > total:
        shown.remove(min(reversed(shown), key=lambda i: columns[i].importance))
    widths = {i: wanted[columns[i].key] for i in shown}
    excess = sum(widths.values()) + len(shown) - 1 - total
    while excess > 0:
        slack = {i: widths[i] - columns[i].least for i in shown}
        index = max(shown, key=lambda i: slack[i])
        if slack[index] <= 0:
            break
        widths[index] -= 1
        excess -= 1
    growing = [i for i in shown if columns[i].grows]
    if excess < 0 and growing:
        widths[growing[-1]] += -excess
    return [(i, widths[i]) for i in shown]


def fitted(cell: Cell, width: int, column: Column) -> str:
    """The cell's text, safe to draw, in exactly `width` cells."""
    safe = words.clean(cell.text)
    if cell.short and cell_len(safe) > width:
        safe = words.clean(cell.short)
    cut = _CUTS[column.cut](safe, width)
    blanks = " " * (width - cell_len(cut))
    return blanks + cut if column.right else cut + blanks


def within(sheet: Sheet, detailed: Sheet, fits: Callable[[Sheet], bool]) -> Sheet:
    """The sheet with as many of the rows that the detailed one has below it as there is room for."""
    known = len(sheet.rows)
    if detailed.rows[:known] != sheet.rows:  # its details stand between the rows
        return sheet
    for row in detailed.rows[known:]:
        cut = replace(row, wraps=False)
        longer = next((more for one in (row, cut) if fits(more := replace(sheet, rows=(*sheet.rows, one)))), None)
        if longer is None:
            break
        sheet = longer
    return sheet


_CUTS = {
    Cut.MIDDLE: words.cut_middle,
    Cut.END: words.cut_end,
    Cut.PLOT: words.condensed,
    Cut.WRAP: words.cut_end,
}

Line = tuple[Cell, ...]
"""Pieces of text one after another that fill a line exactly."""


def header_line(columns: Sequence[Column], layout: Sequence[tuple[int, int]], total: int) -> Line:
    texts = [fitted(Cell(columns[i].label), width, columns[i]) for i, width in layout]
    return filled((Cell(" ".join(texts), Tone.MUTED),), total)


def row_lines(row: Row, columns: Sequence[Column], layout: Sequence[tuple[int, int]], total: int) -> list[Line]:
    """The lines a row takes: one, but for a row that wraps."""
    if not row.spans:
        pieces: list[Cell] = []
        below: list[Line] = []
        at = 0
        for index, width in layout:
            cell = row.cells[index] if index < len(row.cells) else Cell("")
            if columns[index].cut is Cut.WRAP:
                first, *others = words.wrapped(words.clean(cell.text), width)
                below += [filled((Cell(" " * at), Cell(other, cell.tone)), total) for other in others]
                cell = Cell(first, cell.tone)
            if row.changed and len(pieces) == 1:
                pieces += [Cell(CHANGED, Tone.ACCENT), Cell(fitted(cell, width, columns[index]), cell.tone)]
            else:
                pieces.append(Cell((" " if pieces else "") + fitted(cell, width, columns[index]), cell.tone))
            at += width + 1
        return [filled(tuple(pieces), total), *below]
    if row.changed:  # the first blank is the mark's
        row = replace(row, changed=False, cells=_with_mark(row.cells) if not row.indent else row.cells)
        drawn = row_lines(row, columns, layout, total)
        if row.indent:
            drawn[0] = (Cell(CHANGED, Tone.ACCENT), Cell(drawn[0][0].text[1:]), *drawn[0][1:])
        return drawn
    lead = Cell(" " * row.indent)
    if not row.wraps:
        cells = tuple(Cell(words.clean(cell.text), cell.tone) for cell in row.cells)
        return [filled((lead, *cells), total)]
    tone = row.cells[0].tone if row.cells else Tone.TEXT
    text = words.clean("".join(cell.text for cell in row.cells))
    first, *others = words.wrapped(text, max(8, total - row.indent - HANGS))
    hanging = Cell(" " * (row.indent + HANGS))
    return [filled((lead, Cell(first, tone)), total), *(filled((hanging, Cell(o, tone)), total) for o in others)]


def _with_mark(cells: tuple[Cell, ...]) -> tuple[Cell, ...]:
    return tuple(
        replace(cell, text=cell.text.replace(" ", CHANGED, 1)) if n == 0 else cell for n, cell in enumerate(cells)
    )


def filled(pieces: Line, total: int) -> Line:
    """The pieces cut or padded to exactly `total` cells. Their texts must be clean already."""
    line: list[Cell] = []
    left = total
    for piece in pieces:
        width = cell_len(piece.text)
        if width > left:
            cut = words.cut_end(piece.text, left)
            line.append(Cell(cut + " " * (left - cell_len(cut)), piece.tone))
            return tuple(line)
        line.append(piece)
        left -= width
    return (*line, Cell(" " * left)) if left else tuple(line)
