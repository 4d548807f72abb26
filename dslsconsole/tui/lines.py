"""What every line-rendered widget shares: lines of toned cells become strips in the theme's colours."""

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from dslsconsole.tui.render.cells import Line, Tone, filled

_CURSOR = "drawn--cursor"


class Drawn(Widget):
    """A widget that draws lines of cells. The colours come from the theme alone."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {_CURSOR, *(f"drawn--{tone.value}" for tone in Tone)}
    DEFAULT_CSS = """
    Drawn {
        & .drawn--text { color: $tone-text; }
        & .drawn--muted { color: $tone-muted; }
        & .drawn--stale { color: $tone-stale; text-style: italic; }
        & .drawn--title { color: $tone-title; text-style: bold; }
        & .drawn--accent { color: $tone-accent; }
        & .drawn--ok { color: $tone-ok; }
        & .drawn--warning { color: $tone-warning; text-style: bold; }
        & .drawn--critical { color: $tone-critical; text-style: bold; }
        & .drawn--unknown { color: $tone-unknown; }
        & .drawn--cursor { color: $cursor-text; background: $cursor-background; }
        &:nocolor .drawn--cursor { text-style: reverse; }
    }
    """

    def style_of(self, tone: Tone) -> Style:
        return self.get_component_rich_style(f"drawn--{tone.value}")

    def strip_of(self, line: Line, selected: bool = False) -> Strip:
        """The strip of one line; neighbours of the same style are one segment, which halves the bytes."""
        if selected:
            style = self.get_component_rich_style(_CURSOR)
            return Strip([Segment("".join(cell.text for cell in line), style)])
        segments: list[Segment] = []
        text, tone = "", Tone.TEXT
        for cell in line:
            words = cell.text.lstrip(" ")
            text += " " * (len(cell.text) - len(words))  # blanks look the same in any tone
            if words and (cell.tone is not tone or text.isspace()):
                if text:
                    segments.append(Segment(text, self.style_of(tone)))
                text, tone = "", cell.tone
            text += words
        if text:
            segments.append(Segment(text, self.style_of(tone)))
        return Strip(segments)


class OneLine(Drawn):
    """A single line. Showing what it shows already costs nothing."""

    DEFAULT_CSS = """
    OneLine { height: 1; width: 1fr; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._line: Line = ()

    @property
    def text(self) -> str:
        """What stands there."""
        return "".join(cell.text for cell in self._line)

    def show(self, line: Line) -> None:
        if line != self._line:
            self._line = line
            self.refresh()

    def render_line(self, y: int) -> Strip:
        return self.strip_of(filled(self._line, self.size.width))
