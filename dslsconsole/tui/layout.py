"""How the six panels share the screen. It follows from the screen and the estate's shape, never from a value."""

from dslsconsole.model.shape import ClusterShape

SMALLEST = (80, 24)
COMPACT_BELOW = (100, 32)
ROOMY = 34
FRAME = {True: 1, False: 2}
"""Lines a panel needs besides its rows: a title line alone where it is compact."""


def is_compact(width: int, height: int) -> bool:
    return width < COMPACT_BELOW[0] or height < COMPACT_BELOW[1]


def row_heights(shape: ClusterShape, height: int, compact: bool) -> tuple[int, int, int]:
    """The heights of the three rows of panels, in lines; together `height`.

    The first two rows get what their tables can fill, alerts and action log what is left, and never less than a third.
    """
    servers = len(shape.balancers.servers) if shape.balancers else 0
    dr = len(shape.dr.nodes) if shape.dr else 0
    above = FRAME[compact] + 1
    wanted_first = above + max(len(shape.nodes), 4)
    wanted_second = above + max(servers + 1, dr + 2, 3)
    if height >= ROOMY:  # room for what the panels can tell beyond their rows
        wanted_first += height // 8
        wanted_second += height // 8
    last = max(height // 3, height - wanted_first - wanted_second)
    rest = height - last
    first = max(1, min(rest - 1, round(rest * wanted_first / (wanted_first + wanted_second))))
    return first, rest - first, last
