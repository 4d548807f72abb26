"""What a wallboard tells to somebody five metres away: large words and figures, and in words when the data stops."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from msgspec import Struct
from rich.cells import cell_len

from dslsconsole.model.reading import Reading
from dslsconsole.tui.render import words
from dslsconsole.tui.render.cells import Cell, Line, Tone, filled
from dslsconsole.tui.render.header import WORDS
from dslsconsole.tui.render.pools import pool_tone, source_of
from dslsconsole.tui.render.view import HEALTHS, SEVERITIES, View

FONT = "ansi_regular"
"""Solid blocks, five lines high; where there are no blocks, `#` stands for them."""
TALL = 5
BETWEEN = 4
HEIGHT = 2 * TALL + 5
"""Lines of `wall`."""


class Figure(Struct, frozen=True):
    """A figure to be read from afar, and below it what it is."""

    text: str
    label: str
    tone: Tone

    @property
    def width(self) -> int:
        return max(cell_len(large(self.text)[0]), cell_len(self.label))


@cache
def large(text: str) -> tuple[str, ...]:
    """The text in `TALL` lines of equal width."""
    from pyfiglet import Figlet  # only a wallboard needs it, and it takes a while to import

    lines: list[str] = Figlet(font=FONT, width=1000).renderText(text).split("\n")[:TALL]
    width = max((len(line.rstrip()) for line in lines), default=0)
    return tuple(line.rstrip().ljust(width) for line in (*lines, *[""] * (TALL - len(lines))))


def wall(view: View, width: int) -> tuple[Line, ...]:
    """How the cluster is, its figures, and when each part of it was read: `HEIGHT` lines."""
    health = view.verdict.health if view.verdict is not None else None
    tone = HEALTHS[health] if health is not None else Tone.UNKNOWN
    word = WORDS[health] if health is not None else "UNKNOWN"
    blank = filled((), width)
    return (
        blank,
        *_centred([Cell(line, tone) for line in large(word)], width),
        blank,
        *_figures(_that_fit(list(_told(view)), width), width),
        blank,
        filled(_read(view), width),
    )


def silent(last: float | None, age: float | None, why: str, width: int, height: int) -> tuple[Line, ...]:
    """The whole screen where nothing is known any more: since when, and why. `last` is when something was read."""
    when = "nothing was read yet" if last is None else f"last good reading {words.moment(last)}"
    old = "" if age is None or last is None else f", {words.duration(age)} ago"
    lines = [*(Cell(line, Tone.CRITICAL) for line in large("NO DATA")), Cell("")]
    if last is not None:
        lines += [*(Cell(line, Tone.UNKNOWN) for line in large(words.time_of_day(last))), Cell("")]
    lines.append(Cell(f"✖ {when}{old}", Tone.CRITICAL))
    lines.append(Cell("Whether licences are served is not known here. The wallboard tries on.", Tone.TEXT))
    lines += [Cell(line, Tone.MUTED) for line in words.wrapped(words.clean(why), max(8, width - 4))]
    above = max(0, (height - len(lines)) // 2)
    drawn = [filled((), width)] * above + _centred(lines, width)
    return tuple((drawn + [filled((), width)] * height)[:height])


def _told(view: View) -> Iterator[Figure]:
    """The most important first: how full the pools are, how many vote, how much is wrong."""
    _, reading = source_of(view)
    state, now = reading.value, view.now_value(reading) is not None
    pools = state.pools if state is not None else ()
    for pool in sorted(pools, key=lambda pool: -(words.share(pool.used, pool.total) or 0.0)):
        part = words.share(pool.used, pool.total)
        tone = pool_tone(view, pool, part)
        shown = Tone.STALE if not now else Tone.ACCENT if tone is Tone.OK else tone
        label = f"{words.clean(pool.name)} in use" if now else f"{words.clean(pool.name)} was in use"
        yield Figure("?" if part is None else f"{part:.0%}", label, shown)
    quorum = view.verdict.quorum if view.verdict is not None else None
    if quorum is None:
        yield Figure("?", "votes", Tone.UNKNOWN)
    else:
        edge = None not in (quorum.votes, quorum.needed) and (quorum.votes or 0) <= (quorum.needed or 0)
        held = Tone.WARNING if edge else Tone.ACCENT
        tone = {True: held, False: Tone.CRITICAL, None: Tone.UNKNOWN}[quorum.held]
        yield Figure(f"{words.number(quorum.votes)}/{words.number(quorum.members)}", "votes", tone)
    gravest = SEVERITIES[view.alerts[0].severity] if view.alerts else Tone.OK
    yield Figure(str(len(view.alerts)), "alert" if len(view.alerts) == 1 else "alerts", gravest)


def _that_fit(figures: Sequence[Figure], width: int) -> list[Figure]:
    """As many as there is room for; quorum and alerts stay, pools go first, the emptiest first."""
    shown = list(figures)
    while len(shown) > 2 and sum(one.width + BETWEEN for one in shown) - BETWEEN > width:
        del shown[-3]
    return shown


def _figures(figures: Sequence[Figure], width: int) -> list[Line]:
    """Side by side, with what they are below them."""
    between = Cell(" " * BETWEEN)
    indent = Cell(" " * max(0, (width - sum(one.width + BETWEEN for one in figures) + BETWEEN) // 2))
    lines: list[Line] = []
    for number in range(TALL + 1):
        cells = [indent]
        for one in figures:
            text = large(one.text)[number] if number < TALL else one.label
            cells += [Cell(text.center(one.width), one.tone if number < TALL else Tone.TEXT), between]
        lines.append(filled(tuple(cells), width))
    return lines


def _read(view: View) -> Line:
    """When each kind of reading was made, and how late it is."""
    nodes = [view.node(shape.name) for shape in view.cluster.nodes]
    balancers = [view.picture.snapshot.balancer(view.cluster.name, host) for host in view.cluster.all_balancers]
    dr = [view.node(shape.name) for shape in view.cluster.dr.nodes] if view.cluster.dr else []
    parts = (
        _when(view, "nodes", [node.link for node in nodes]),
        _when(view, "tokens", [source_of(view)[1]]),
        _when(view, "load balancers", [balancer.backend for balancer in balancers]),
        _when(view, "DR", [node.link for node in dr]),
    )
    cells: list[Cell] = [Cell(" ")]
    for part in parts:
        if part is not None:
            cells += [part, Cell("   ")]
    return tuple(cells)


def _when(view: View, what: str, readings: Sequence[Reading[Any]]) -> Cell | None:
    """When the newest of them was made; of some that are late, how old the oldest is."""
    if not readings:
        return None
    late = view.late(*readings)
    if late is not None:
        return Cell(f"{what} {words.duration(late)} late", Tone.WARNING)
    times = [reading.at for reading in readings if reading.at is not None]
    if not times:
        return Cell(f"{what} not read", Tone.UNKNOWN)
    return Cell(f"{what} {words.time_of_day(max(times))}", Tone.MUTED)


def _centred(cells: Sequence[Cell], width: int) -> list[Line]:
    return [filled((Cell(" " * max(0, (width - cell_len(cell.text)) // 2)), cell), width) for cell in cells]
