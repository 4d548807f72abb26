"""What the terminal shows, cell by cell, so that only what differs is sent.

Textual sends whole widgets again when a dialog opens over them or goes, although most of their cells stay as they are.
"""

import re
from collections.abc import Iterable, Iterator

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.strip import Strip

NEAR = 6
"""Cells that stay as they are between two that change are sent again, where that is shorter than a jump over them."""

Cell = tuple[str, str]
"""Its characters and the codes of its style. Of a character two cells wide, the second has none."""
_UNKNOWN: Cell = ("\0", "")
_SECOND = ""
_JOINED = re.compile("[\u200d\ufe0f\u20e3\U0001f1e6-\U0001f1ff\U0001f3fb-\U0001f3ff]")
"""What makes one character of several: joiner, emoji and keycap marks, letters of flags, shades of skin."""


class TerminalCells:
    """What was sent to the terminal last. It holds until something else draws there: then `forget`."""

    def __init__(self) -> None:
        self._lines: list[list[Cell]] = []
        self._width = 0

    def forget(self) -> None:
        """Nothing is known of what the terminal shows: all of the next picture is sent."""
        self._lines = []

    def take(self, update: LayoutUpdate | ChopsUpdate, size: tuple[int, int], console: Console) -> str:
        """What to send so that the terminal, of `size` columns and lines, shows the update."""
        width, height = size
        if (self._width, len(self._lines)) != (width, height):
            self._width, self._lines = width, [[_UNKNOWN] * width for _ in range(height)]
        colours = console._color_system or ColorSystem.TRUECOLOR
        sent: list[str] = []
        for y, x, segments in _pieces(update):
            if not 0 <= y < height:
                continue
            found = tuple(segments)
            cells = _cells(found, colours)[: max(0, width - x)]
            if any(_is_uncertain(segment.text) for segment in found):
                # Terminals differ in how wide they draw it: all of the line is sent, each time, as Textual would.
                sent.append(_sent(x, y, cells))
                self._lines[y][x:] = [_UNKNOWN] * (width - x)
            else:
                sent.extend(self._differing(y, x, cells))
        return "".join(sent)

    def _differing(self, y: int, x: int, now: list[Cell]) -> Iterator[str]:
        """The sequences that change a line from `x` on, which is then as it is now."""
        line = self._lines[y]
        before = line[x : x + len(now)]
        if before == now:
            return
        line[x : x + len(now)] = now
        if any(cell[0] == _SECOND for cells in (before, now) for cell in cells) or len(before) != len(now):
            # What is left of half a wide character is up to the terminal.
            yield _sent(x, y, now)
            return
        start = end = -1
        for at, (old, new) in enumerate(zip(before, now, strict=True)):
            if old == new:
                continue
            if start >= 0 and at - end > NEAR:
                yield _sent(x + start, y, now[start:end])
                start = at
            elif start < 0:
                start = at
            end = at + 1
        yield _sent(x + start, y, now[start:end])


class Differing(CompositorUpdate):
    """An update of which only that is written in which the terminal differs from it."""

    def __init__(self, update: LayoutUpdate | ChopsUpdate, cells: TerminalCells, size: tuple[int, int]) -> None:
        self._update = update
        self._cells = cells
        self._size = size

    def render_segments(self, console: Console) -> str:
        return self._cells.take(self._update, self._size, console)


def _pieces(update: LayoutUpdate | ChopsUpdate) -> Iterator[tuple[int, int, Iterable[Segment]]]:
    """What an update writes: line, column, and the segments there, as its own `render_segments` has them."""
    if isinstance(update, LayoutUpdate):
        for y, line in enumerate(update.strips, update.region.y):
            yield y, update.region.x, (segment for strip in line for segment in strip)
        return
    for y, x1, x2 in update.spans:
        for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if strip is None or x > x2 or end <= x1:
                continue
            is_within = x1 <= x < x2 and end <= x2
            yield y, x, strip if is_within else strip.crop(0, min(end, x2) - x)


def _is_uncertain(text: str) -> bool:
    """Whether a text is not as wide as its characters one by one: emoji made of several."""
    return not text.isascii() and (cell_len(text) != sum(map(cell_len, text)) or bool(_JOINED.search(text)))


def _cells(segments: Iterable[Segment], colours: ColorSystem) -> list[Cell]:
    cells: list[Cell] = []
    for text, style, control in segments:
        if control:
            continue
        codes = Strip.render_ansi(style, colours) if style is not None else ""
        if text.isascii():
            cells.extend((character, codes) for character in text)
            continue
        for character in text:
            width = cell_len(character)
            if width == 0 and cells:
                cells[-1] = (cells[-1][0] + character, cells[-1][1])
            elif width:
                cells.append((character, codes))
                cells.extend([(_SECOND, codes)] * (width - 1))
    return cells


def _sent(x: int, y: int, cells: list[Cell]) -> str:
    """The cells from column `x` of line `y` on, both from 0, as ECMA-48 writes them (CUP, SGR)."""
    parts = [f"\x1b[{y + 1};{x + 1}H"]
    start = 0
    for at in range(1, len(cells) + 1):
        if at == len(cells) or cells[at][1] != cells[start][1]:
            text, codes = "".join(cell[0] for cell in cells[start:at]), cells[start][1]
            parts.append(f"\x1b[{codes}m{text}\x1b[0m" if codes else text)
            start = at
    return "".join(parts)
