"""The last line: the keys that matter, or for a moment what there is to say."""

from collections.abc import Callable, Sequence

from msgspec import Struct
from msgspec.structs import replace
from rich.cells import cell_len

from dslsconsole.tui.actions import Action
from dslsconsole.tui.render.cells import Cell, Line, Tone, filled


class Key(Struct, frozen=True):
    """One entry of the footer."""

    action: Action
    enabled: bool


class Place(Struct, frozen=True):
    """Where an entry stands, for the mouse: from this cell up to that one."""

    start: int
    end: int
    action: str


def entries(
    actions: Sequence[Action], why_not: Callable[[Action], str | None], *, armed: bool, operation: bool
) -> list[Key]:
    """The actions as the footer has them: an armed console can be disarmed, and what was cut off is offered where there
    is something."""
    shown = [one for one in actions if operation or one.id != "operation"]
    named = (replace(one, label="disarm") if armed and one.id == "arm" else one for one in shown)
    return [Key(one, why_not(one) is None) for one in named]


def footer(keys: Sequence[Key], width: int) -> tuple[Line, tuple[Place, ...]]:
    """The keys in the order of the registry; those of the least weight are left out first."""
    shown = [key for key in keys if key.action.footer]
    while shown and _length(shown) > width:
        shown.remove(min(reversed(shown), key=lambda key: (key.action.footer, key.enabled)))
    cells: list[Cell] = [Cell(" ")]
    places: list[Place] = []
    at = 1
    for key in shown:
        name, label = key.action.name_of_key, f" {key.action.label}"
        length = cell_len(name + label)
        cells += [
            Cell(name, Tone.ACCENT if key.enabled else Tone.STALE),
            Cell(label, Tone.TEXT if key.enabled else Tone.STALE),
            Cell("  "),
        ]
        places.append(Place(at, at + length, key.action.id))
        at += length + 2
    return filled(tuple(cells), width), tuple(places)


def _length(keys: Sequence[Key]) -> int:
    return 1 + sum(cell_len(f"{key.action.name_of_key} {key.action.label}") + 2 for key in keys)
