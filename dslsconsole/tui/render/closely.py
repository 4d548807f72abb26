"""What a close look at a node told: the end of its log, its configuration file, and who holds licences."""

from collections.abc import Iterator
from typing import TypeVar

from dslsconsole.model.inspection import Holder
from dslsconsole.model.reading import Reading
from dslsconsole.tui.inspected import Inspected
from dslsconsole.tui.render import words
from dslsconsole.tui.render.cells import Cell, Row, Tone, note
from dslsconsole.tui.render.view import View

T = TypeVar("T")
SHOWN_HOLDERS = 200


def node_rows(view: View, name: str) -> Iterator[Row]:
    """The log and the configuration of a node, the newest line of the log last."""
    seen = view.inspected.get(name)
    if seen is None:
        return
    yield from _state(view, seen)
    if (found := seen.inspection) is None:
        return
    yield from _part("log", f"log of {found.unit}", found.log)
    for number, line in enumerate(found.log.value or ()):
        yield _row(f"log {number}", "", Cell(line))
    yield from _part("file", "its configuration file", found.config)
    for number, line in enumerate(found.config.value or ()):
        yield _row(f"file {number}", "", Cell(line))


def holder_rows(view: View, node: str, features: frozenset[str]) -> Iterator[Row]:
    """Who holds licences of these features, whoever does nothing with them longest first."""
    seen = view.inspected.get(node)
    if seen is None:
        return
    if seen.inspection is None:
        if seen.failure is not None or seen.running:
            text = seen.failure or "who holds licences is being asked"
            yield note("holders", Cell(text, Tone.UNKNOWN if seen.failure else Tone.MUTED))
        return
    reading = seen.inspection.holders
    if reading.failure is not None:
        yield note("holders", Cell(f"who holds licences is not known: {reading.failure.text}", Tone.UNKNOWN))
    if reading.value is None:
        return
    ours = sorted(
        (one for one in reading.value if one.feature is not None and one.feature.casefold() in features),
        key=lambda one: (-(one.idle_s or 0.0), one.user or ""),
    )
    users = len({one.user for one in ours})
    again = " · reading again" if seen.running else " · r reads again"
    head = f"held by {users} users in {len(ours)} checkouts, as of {view.time(seen.inspection.taken_at)}{again}"
    yield note("holders", Cell(head, Tone.MUTED))
    for number, one in enumerate(ours[:SHOWN_HOLDERS]):
        yield note(f"holder {number}", *_holder(view, one))
    if len(ours) > SHOWN_HOLDERS:
        yield note("more holders", Cell(f"{len(ours) - SHOWN_HOLDERS} more: dslsconsole inspect {node}", Tone.MUTED))


def _holder(view: View, one: Holder) -> tuple[Cell, ...]:
    tokens = words.NOTHING if one.tokens is None else str(one.tokens)
    return (
        Cell(f"{words.cut_middle(words.clean(one.user or '?'), 14):<15}"),
        Cell(f"{words.cut_middle(words.clean(one.host or '?'), 14):<15}", Tone.MUTED),
        Cell(f"{words.cut_middle(words.clean(one.feature or '?'), 20):<21}{tokens:>4}"),
        Cell(f"  since {view.time(one.since)}  idle {words.duration(one.idle_s)}", Tone.MUTED),
    )


def _state(view: View, seen: Inspected) -> Iterator[Row]:
    if seen.failure is not None:
        yield _row("closely", "looked at closely", Cell(seen.failure, Tone.UNKNOWN))
    elif seen.running:
        yield _row("closely", "looked at closely", Cell("being read", Tone.MUTED))
    elif seen.inspection is not None:
        at = view.time(seen.inspection.taken_at)
        yield _row("closely", "looked at closely", Cell(f"{at} · r reads again", Tone.MUTED))


def _part(key: str, what: str, reading: Reading[T]) -> Iterator[Row]:
    if reading.failure is not None:
        yield _row(key, what, Cell(reading.failure.text, Tone.UNKNOWN))
    elif reading.value is not None:
        yield _row(key, what, Cell(""))


def _row(key: str, what: str, value: Cell) -> Row:
    return Row(key, (Cell(what, Tone.MUTED), value, Cell("")))
