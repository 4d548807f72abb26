"""Marks the rows of what changed since somebody looked: a change must not be missed because nobody saw it happen."""

from msgspec.structs import replace

from dslsconsole.tui.render.cells import Sheet
from dslsconsole.tui.render.view import View

READ_S = 2.0
"""So long somebody must have had to see a change before a key says that it was seen."""


def with_changes(view: View, panel: str, sheet: Sheet) -> Sheet:
    """The sheet of a panel, with a mark on the rows of which an event tells that came after `view.seen`."""
    if view.seen is None:
        return sheet
    fresh = {number: event for number, event in enumerate(view.events) if event.at > view.seen}
    if not fresh:
        return sheet
    if panel == "events":
        names = {f"{number} {event.panel} {event.subject}" for number, event in fresh.items()}
    elif panel == "estate":
        names = {event.cluster for event in fresh.values()}
    else:
        ours = [event for event in fresh.values() if event.cluster == view.cluster.name]
        names = {event.subject for event in ours if event.panel == panel}
        # An alert, `rule subject`, is about a row of another panel too.
        names |= {event.subject.partition(" ")[2] for event in ours if event.panel == "alerts"}
    rows = tuple(replace(row, changed=True) if row.key in names else row for row in sheet.rows)
    return replace(sheet, rows=rows)
