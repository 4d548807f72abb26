"""What the command palette offers besides commands, and how a few letters find it."""

from collections.abc import Iterable, Iterator, Sequence

from textual.fuzzy import Matcher

from dslsconsole.model.picture import Picture
from dslsconsole.tui.render.cells import Cell, Row, Tone
from dslsconsole.tui.themes import ConsoleTheme

CLUSTER, NODE, THEME = "cluster:", "node:", "theme:"
"""What a row's key begins with that leads to a place, or to a theme."""


def places(picture: Picture, cluster: str | None) -> Iterator[Row]:
    """A row for each cluster of the estate, and for each host of the one that is shown."""
    if picture.estate is None:
        return
    for shape in picture.estate.clusters:
        yield _row(CLUSTER, shape.name, "Go to this cluster.")
    here = picture.estate.cluster(cluster) if cluster is not None else None
    for node in here.all_nodes if here is not None else ():
        yield _row(NODE, node.name, "All that is known of this node.")


def colours(themes: Iterable[ConsoleTheme]) -> Iterator[Row]:
    """A row for each theme."""
    for theme in themes:
        yield _row(THEME, theme.name, f"Colours: {theme.label}.")


def _row(kind: str, name: str, does: str) -> Row:
    return Row(f"{kind}{name}", (Cell("", Tone.ACCENT), Cell(name), Cell(does, Tone.MUTED)))


def found(rows: Sequence[Row], wanted: str) -> tuple[Row, ...]:
    """The rows that some letters may mean, the likeliest first: what is called so, what is described so, and then what
    has these letters in this order in its name. Equals keep their order; nothing wanted is all of it."""
    if not wanted:
        return tuple(rows)
    matcher = Matcher(wanted)
    ranked = sorted(((_distance(row, wanted.casefold(), matcher), row) for row in rows), key=lambda one: one[0])
    return tuple(row for distance, row in ranked if distance < _FARTHEST)


_FARTHEST = 1000.0


def _distance(row: Row, wanted: str, matcher: Matcher) -> float:
    # Its key or its name, and what it is called.
    names = [cell.text.casefold() for cell in row.cells[:2] if len(cell.text) > 1]
    if wanted in names:
        return 0.0
    if any(name.startswith(wanted) for name in names):
        return 0.5
    if any(wanted in name for name in names):
        return 1.0
    if wanted in " ".join(cell.text for cell in row.cells).casefold():
        return 2.0
    score = max((matcher.match(name) for name in names), default=0.0)
    return 3.0 + 1.0 / score if score > 0 else _FARTHEST
