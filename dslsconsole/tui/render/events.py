"""The events panel: what happened while this console looked, the newest last."""

from dslsconsole.tui.render import words
from dslsconsole.tui.render.cells import GLYPHS, Cell, Column, Cut, Row, Sheet, Tone
from dslsconsole.tui.render.view import View

COLUMNS = (
    Column("at", "time", least=9, most=9),
    Column("ago", "ago", least=4, most=4, right=True, importance=3),
    Column("glyph"),
    Column("text", "what happened", least=20, most=400, cut=Cut.WRAP, grows=True),
)


def events(view: View) -> Sheet:
    """Of one cluster, in the order of their readings. Ages are told in minutes: nothing ticks."""
    rows = [
        Row(
            f"{number} {event.panel} {event.subject}",
            (
                Cell(view.time(event.at), Tone.MUTED),
                Cell(words.coarse(max(0.0, view.now - event.at)), Tone.MUTED),
                Cell(GLYPHS.get(event.tone, "·"), event.tone),
                Cell(event.text, event.tone),
            ),
        )
        for number, event in enumerate(view.events)
        if event.cluster == view.cluster.name
    ]
    return Sheet("Events", COLUMNS, tuple(rows), empty="nothing has changed since this console looks")
