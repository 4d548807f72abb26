"""The large figures of a wallboard, drawn line by line."""

from textual.geometry import Region
from textual.strip import Strip

from dslsconsole.tui.lines import Drawn
from dslsconsole.tui.render.cells import Line, filled


class Wall(Drawn):
    """Lines that are drawn again where they differ."""

    DEFAULT_CSS = """
    Wall { width: 1fr; background: $background; }
    """

    def __init__(self) -> None:
        super().__init__(id="wall")
        self._lines: tuple[Line, ...] = ()

    def text(self) -> list[str]:
        """What stands there."""
        return ["".join(cell.text for cell in line) for line in self._lines]

    def show(self, lines: tuple[Line, ...]) -> None:
        before, self._lines = self._lines, lines
        changed = [y for y in range(max(len(before), len(lines))) if before[y : y + 1] != lines[y : y + 1]]
        if changed:
            self.refresh(*(Region(0, y, self.size.width, 1) for y in changed))

    def render_line(self, y: int) -> Strip:
        line = self._lines[y] if y < len(self._lines) else ()
        return self.strip_of(filled(line, self.size.width))
