"""The lines at the top and the bottom of the screen."""

from textual import events
from textual.message import Message

from dslsconsole.tui.lines import OneLine
from dslsconsole.tui.render.cells import Cell, Tone, filled
from dslsconsole.tui.render.footer import Key, Place, footer
from dslsconsole.tui.render.words import clean


class HeaderBar(OneLine):
    DEFAULT_CSS = "HeaderBar { background: $bar-background; }"


class SentenceBar(OneLine):
    DEFAULT_CSS = "SentenceBar { background: $background; }"


class FooterBar(OneLine):
    """The keys; a click on one does what the key does. `say` puts a sentence there until `keys` is called again."""

    DEFAULT_CSS = "FooterBar { background: $bar-background; }"

    class Clicked(Message):
        """An entry was clicked."""

        def __init__(self, action: str) -> None:
            super().__init__()
            self.action = action

    def __init__(self) -> None:
        super().__init__()
        self._places: tuple[Place, ...] = ()
        self.said: str | None = None

    def keys(self, keys: list[Key]) -> None:
        self.said = None
        line, self._places = footer(keys, self.size.width)
        self.show(line)

    def say(self, text: str, tone: Tone = Tone.WARNING) -> None:
        """Say something for a moment, in the place of the keys."""
        self.said = text
        self._places = ()
        self.show(filled((Cell(f" {clean(text)}", tone),), self.size.width))

    def on_click(self, event: events.Click) -> None:
        for place in self._places:
            if place.start <= event.x < place.end:
                self.post_message(self.Clicked(place.action))
                return
