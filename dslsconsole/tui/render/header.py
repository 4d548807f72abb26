"""The two lines at the top: where we are, what holds, and in a sentence whether licences are served."""

from msgspec import Struct
from msgspec.structs import replace
from rich.cells import cell_len

from dslsconsole.model.node import Quorum
from dslsconsole.model.verdict import ClusterVerdict, Health, Severity
from dslsconsole.tui.render import words
from dslsconsole.tui.render.cells import GLYPHS, Cell, Line, Tone, filled
from dslsconsole.tui.render.view import HEALTHS, SEVERITIES, View

WORDS = {Health.OK: "OK", Health.WARNING: "WARNING", Health.CRITICAL: "CRITICAL", Health.UNKNOWN: "UNKNOWN"}
LEAST_NAME = 10
GRAVEST = {Health.CRITICAL: Severity.CRITICAL, Health.WARNING: Severity.WARNING}


class Operating(Struct, frozen=True):
    """An operation that has not ended, in the words of the header."""

    runbook: str
    step: int = 0
    steps: int = 0
    running: bool | None = None
    """Whether its process lives; None where that is not known."""
    who: str = ""
    """Who runs it, where that is somebody else."""
    seconds: int | None = None
    """For how long, where that is known."""


class Standing(Struct, frozen=True):
    """What the console itself may do now."""

    read_only: bool = True
    viewer: bool = False
    """Whether that is because of who looks."""
    armed_minutes: int | None = None
    """Minutes left, counted up; None where it is not armed."""
    elsewhere: str | None = None
    """The cluster it is armed for, if that is another one."""
    operation: Operating | None = None
    """What runs on the cluster, or did and has not ended."""


def header(view: View, standing: Standing, width: int, panels_at: float | None = None) -> Line:
    """The first line. What is least needed is left out first where the line is short.

    `panels_at` is of when the panels below are, where a dialog holds them while time goes on.
    """
    tone, word = _health(view)
    verdict = view.verdict
    whole = view.picture.snapshot.round_at
    quorum = verdict.quorum if verdict else None
    parts = [
        _Part(Cell("dslsconsole", Tone.MUTED), 2),
        _Part(Cell(view.cluster.name, Tone.TITLE), 9, is_name=True),
        *_environment(view),
        _Part(Cell(f"{GLYPHS[tone]} {word}", tone), 9),
        _Part(_primary(verdict, view.silence), 7, is_name=True),
        _Part(_quorum(quorum, view.silence), 9 if quorum is not None and quorum.held is False else 6),
        *([_Part(_operating(standing.operation), 9)] if standing.operation is not None else []),
        _Part(_standing(standing), 9 if standing.armed_minutes is not None else 8),
        *([_Part(_held(view, panels_at), 9)] if panels_at is not None else []),
        _Part(_clock(view, whole), 9),
    ]
    safe = [replace(part, cell=_clean(part.cell)) for part in parts]
    return _spread([part.cell for part in _made_to_fit(safe, width)], width)


PRACTICE = "practice"
"""What a practice estate that stands for a cluster says that it is there for: nobody may take it for the cluster."""


def _environment(view: View) -> "tuple[_Part, ...]":
    """What the cluster is there for: who looks at production must know it."""
    if (said := view.cluster.environment) is None:
        return ()
    loud = view.cluster.is_production or said == PRACTICE
    return (_Part(Cell(f"[{said.upper()}]" if loud else f"[{said}]", Tone.ACCENT), 9 if loud else 8),)


def _clock(view: View, whole: float | None) -> Cell:
    """When all was read last: in UTC with the local time beside it, or in local time where all times are."""
    if whole is None:
        return Cell(words.time_of_day(None), Tone.UNKNOWN)
    if view.zone is not None:
        return Cell(words.clock(whole, view.zone), Tone.ACCENT)
    utc = words.time_of_day(whole)
    return Cell(utc) if view.here is None else Cell(f"{utc} · {words.clock(whole, view.here)}", Tone.TEXT, utc)


def _held(view: View, panels_at: float) -> Cell:
    """That the panels are not of now."""
    at = view.time(panels_at)
    return Cell(f"panels of {at}", Tone.UNKNOWN, f"({at})")


class _Part(Struct, frozen=True):
    """A piece of the line. The least important is left out first; only names are ever cut."""

    cell: Cell
    importance: int
    is_name: bool = False


def _clean(cell: Cell) -> Cell:
    return Cell(words.clean(cell.text), cell.tone, words.clean(cell.short))


def _made_to_fit(parts: list[_Part], width: int) -> list[_Part]:
    """First the program's own name goes, then words become shorter, then names are cut, then something is left out."""
    if _length(parts) > width:
        parts = parts[1:]
    for index, part in enumerate(parts):
        if _length(parts) > width and part.cell.short:
            parts = [*parts[:index], replace(part, cell=Cell(part.cell.short, part.cell.tone)), *parts[index + 1 :]]
    while (excess := _length(parts) - width) > 0 and len(parts) > 2:
        names = [part for part in parts if part.is_name and cell_len(part.cell.text) > LEAST_NAME]
        if names:
            longest = max(names, key=lambda part: cell_len(part.cell.text))
            length = max(LEAST_NAME, cell_len(longest.cell.text) - excess)
            cut = Cell(words.cut_middle(longest.cell.text, length), longest.cell.tone)
            parts = [replace(part, cell=cut) if part is longest else part for part in parts]
        else:
            least = min(parts, key=lambda part: part.importance)
            parts = [part for part in parts if part is not least]
    return parts


def _length(parts: list[_Part]) -> int:
    return sum(cell_len(part.cell.text) + 2 for part in parts)


def _primary(verdict: ClusterVerdict | None, silence: float | None) -> Cell:
    primary = verdict.primary if verdict else None
    if primary is None:
        return Cell("primary unknown", Tone.UNKNOWN)
    if silence is not None:
        return Cell(f"primary was {primary} {words.duration(silence)} ago", Tone.STALE, f"was {primary}")
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
    """The verdict's health and how many alerts make it; unknown where it is no longer current."""
    verdict = view.verdict
    counts = {severity: sum(alert.severity is severity for alert in view.alerts) for severity in SEVERITIES}
    if verdict is None or view.silence is not None or verdict.health not in GRAVEST:
        told = " ".join(f"{GLYPHS[SEVERITIES[one]]} {count}" for one in GRAVEST.values() if (count := counts[one]))
        was = "was " if told and view.silence is not None else ""
        health = Health.UNKNOWN if verdict is None or view.silence is not None else verdict.health
        return HEALTHS[health], f"{WORDS[health]}{f' · {was}{told}' if told else ''}"
    count = counts[GRAVEST[verdict.health]]
    return HEALTHS[verdict.health], f"{WORDS[verdict.health]}{f' {count}' if count else ''}"


def _quorum(quorum: Quorum | None, silence: float | None) -> Cell:
    if quorum is None or quorum.held is None:
        return Cell("quorum ?", Tone.UNKNOWN)
    votes = f"{words.number(quorum.votes)}/{words.number(quorum.members)}"
    if silence is not None:
        return Cell(f"quorum was {votes if quorum.held else 'lost'}", Tone.STALE, f"q was {votes}")
    if not quorum.held:
        return Cell(f"✖ quorum lost {votes}", Tone.CRITICAL, "✖ no quorum")
    edge = None not in (quorum.votes, quorum.needed) and (quorum.votes or 0) <= (quorum.needed or 0)
    return Cell(
        f"{'▲ ' if edge else ''}quorum {votes}", Tone.WARNING if edge else Tone.TEXT, f"{'▲ ' if edge else ''}q {votes}"
    )


def _operating(one: Operating) -> Cell:
    """How far it is, and whether anything still drives it."""
    step = f", step {one.step} of {one.steps}" if one.step else ""
    short = f" {one.step}/{one.steps}" if one.step else ""
    if one.who:
        return Cell(f"▶ {elsewhere(one)}", Tone.WARNING, f"▶ {one.who.partition(' on ')[0]}{short}")
    if one.running:
        return Cell(f"▶ {one.runbook} running{step}", Tone.WARNING, f"▶ running{short}")
    if one.running is None:
        return Cell(f"▲ {one.runbook} not ended{step}", Tone.WARNING, f"▲ not ended{short}")
    where = f" at step {one.step}" if one.step else ""
    return Cell(f"▲ {one.runbook} cut off{where}", Tone.CRITICAL, f"▲ cut off{short}")


def elsewhere(one: Operating) -> str:
    """`anna on jump-02 runs failover, step 3 of 8, 41 s`, of somebody else's operation."""
    step = f", step {one.step} of {one.steps}" if one.step else ""
    since = f", {one.seconds} s" if one.seconds is not None else ""
    silent = "" if one.running else ", no sign of life now"
    return f"{one.who} runs {one.runbook}{step}{since}{silent}"


def _standing(standing: Standing) -> Cell:
    if standing.read_only:
        return Cell("viewer · read-only" if standing.viewer else "read-only", Tone.MUTED, "viewer" * standing.viewer)
    if standing.armed_minutes is not None:
        short = f"▲ ARMED {standing.armed_minutes}" if standing.operation is not None else ""
        return Cell(f"▲ ARMED {standing.armed_minutes} min", Tone.WARNING, short)
    if standing.elsewhere is not None:
        return Cell(f"▲ ARMED for {standing.elsewhere}", Tone.WARNING)
    return Cell("not armed", Tone.MUTED)


def sentence(view: View | None, trouble: str | None, width: int) -> Line:
    """The second line: trouble of our own first, because while we can't read all else is old."""
    if trouble is not None:
        return filled((Cell(f" ✖ {words.clean(trouble)}", Tone.CRITICAL),), width)
    if view is None or view.verdict is None:
        return filled((Cell(" ? nothing has been read yet", Tone.UNKNOWN),), width)
    if view.silence is not None:
        since = view.time(view.picture.at)
        return filled((Cell(f" ? no reading since {since}: what is shown is old", Tone.UNKNOWN),), width)
    tone = HEALTHS[view.verdict.health]
    return filled((Cell(f" {GLYPHS[tone]} ", tone), Cell(words.clean(view.verdict.sentence), tone)), width)
