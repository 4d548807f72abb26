"""The two lines at the top: where we are, what holds, and in a sentence whether licences are served."""

from msgspec import Struct
from rich.cells import cell_len

from dslsconsole.model.verdict import ClusterVerdict, Health, Severity
from dslsconsole.tui.render import words
from dslsconsole.tui.render.cells import GLYPHS, Cell, Line, Tone, filled
from dslsconsole.tui.render.view import HEALTHS, View

WORDS = {Health.OK: "OK", Health.WARNING: "WARNING", Health.CRITICAL: "CRITICAL", Health.UNKNOWN: "UNKNOWN"}
LEAST_NAME = 13


class Standing(Struct, frozen=True):
    """What the console itself may do now."""

    read_only: bool = True
    armed_minutes: int | None = None
    """Minutes left, counted up; None where it is not armed."""
    elsewhere: str | None = None
    """The cluster it is armed for, if that is another one."""
    operation: str | None = None
    """What is running, in a few words."""


def header(view: View, standing: Standing, width: int) -> Line:
    """The first line. What is least needed is left out first where the line is short."""
    tone, word = _health(view)
    verdict = view.verdict
    whole = view.picture.snapshot.round_at
    parts = [
        (2, Cell("dslsconsole", Tone.MUTED)),
        (9, Cell(view.cluster.name, Tone.TITLE)),
        (9, Cell(f"{GLYPHS[tone]} {word}", tone)),
        (7, _primary(verdict)),
        (6, _quorum(view)),
        (8, _standing(standing)),
        (9, Cell(words.time_of_day(whole), Tone.TEXT if whole is not None else Tone.UNKNOWN)),
    ]
    cells = [(rank, Cell(words.clean(cell.text), cell.tone, words.clean(cell.short))) for rank, cell in parts]
    return _spread([cell for _, cell in _made_to_fit(cells, width)], width)


Ranked = list[tuple[int, Cell]]


def _made_to_fit(cells: Ranked, width: int) -> Ranked:
    """First the program's own name goes, then words become shorter, then names are cut, then something is left out."""
    if _length(cells) > width:
        cells = cells[1:]
    for index, (rank, cell) in enumerate(cells):
        if _length(cells) > width and cell.short:
            cells = [*cells[:index], (rank, Cell(cell.short, cell.tone)), *cells[index + 1 :]]
    while (excess := _length(cells) - width) > 0 and len(cells) > 2:
        longest = max(range(len(cells)), key=lambda i: cell_len(cells[i][1].text))
        rank, cell = cells[longest]
        length = cell_len(cell.text)
        if length > LEAST_NAME:
            cut = words.cut_middle(cell.text, max(LEAST_NAME, length - excess))
            cells = [*cells[:longest], (rank, Cell(cut, cell.tone)), *cells[longest + 1 :]]
        else:
            least = min(cells, key=lambda pair: pair[0])
            cells = [pair for pair in cells if pair is not least]
    return cells


def _length(cells: Ranked) -> int:
    return sum(cell_len(cell.text) + 2 for _, cell in cells)


def _primary(verdict: ClusterVerdict | None) -> Cell:
    primary = verdict.primary if verdict else None
    if primary is None:
        return Cell("primary unknown", Tone.UNKNOWN)
    epoch = "" if verdict is None or verdict.epoch is None else f" ep {verdict.epoch}"
    return Cell(f"primary {primary}{epoch}", Tone.TEXT, primary)


def _spread(cells: list[Cell], width: int) -> Line:
    """The cells with two blanks between them, the last at the right end."""
    line: list[Cell] = [Cell(" ")]
    for cell in cells[:-1]:
        line += [cell, Cell("  ")]
    used = sum(cell_len(cell.text) for cell in line)
    gap = max(0, width - used - cell_len(cells[-1].text) - 1)
    return filled((*line, Cell(" " * gap), cells[-1]), width)


def _health(view: View) -> tuple[Tone, str]:
    """The verdict's health; unknown where it is no longer current."""
    verdict = view.verdict
    if verdict is None or _silent(view):
        return Tone.UNKNOWN, WORDS[Health.UNKNOWN]
    worst = Severity.CRITICAL if verdict.health is Health.CRITICAL else Severity.WARNING
    count = sum(alert.severity is worst for alert in view.alerts)
    return HEALTHS[verdict.health], f"{WORDS[verdict.health]}{f' {count}' if count else ''}"


def _silent(view: View) -> bool:
    """Whether nothing has come for so long that the last verdict can't be called one about now."""
    return view.picture.at > 0 and view.now - view.picture.at > view.stale_after


def _quorum(view: View) -> Cell:
    quorum = view.verdict.quorum if view.verdict else None
    if quorum is None or quorum.held is None:
        return Cell("quorum ?", Tone.UNKNOWN)
    votes = f"{words.number(quorum.votes)}/{words.number(quorum.members)}"
    if not quorum.held:
        return Cell(f"✖ quorum lost {votes}", Tone.CRITICAL)
    edge = None not in (quorum.votes, quorum.needed) and (quorum.votes or 0) <= (quorum.needed or 0)
    return Cell(
        f"{'▲ ' if edge else ''}quorum {votes}", Tone.WARNING if edge else Tone.TEXT, f"{'▲ ' if edge else ''}q {votes}"
    )


def _standing(standing: Standing) -> Cell:
    if standing.operation is not None:
        return Cell(f"▶ {standing.operation}", Tone.WARNING)
    if standing.read_only:
        return Cell("read-only", Tone.MUTED)
    if standing.armed_minutes is not None:
        return Cell(f"▲ ARMED {standing.armed_minutes} min", Tone.WARNING)
    if standing.elsewhere is not None:
        return Cell(f"▲ ARMED for {standing.elsewhere}", Tone.WARNING)
    return Cell("not armed", Tone.MUTED)


def sentence(view: View | None, trouble: str | None, width: int) -> Line:
    """The second line: trouble of our own first, because while we can't read all else is old."""
    if trouble is not None:
        return filled((Cell(f" ✖ {words.clean(trouble)}", Tone.CRITICAL),), width)
    if view is None or view.verdict is None:
        return filled((Cell(" ? nothing has been read yet", Tone.UNKNOWN),), width)
    if _silent(view):
        since = words.time_of_day(view.picture.at)
        return filled((Cell(f" ? no reading since {since}: what is shown is old", Tone.UNKNOWN),), width)
    tone = HEALTHS[view.verdict.health]
    return filled((Cell(f" {GLYPHS[tone]} ", tone), Cell(words.clean(view.verdict.sentence), tone)), width)
