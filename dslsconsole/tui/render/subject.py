"""What a row is of, and everything about that: where Enter goes from a panel."""

from collections.abc import Callable

from msgspec import Struct

from dslsconsole.tui.render.cells import Sheet, Tone
from dslsconsole.tui.render.one_node import one_node
from dslsconsole.tui.render.one_pool import one_pool
from dslsconsole.tui.render.one_server import one_server
from dslsconsole.tui.render.view import View

RENDERERS: dict[str, Callable[[View, str], Sheet | None]] = {
    "node": one_node,
    "pool": one_pool,
    "server": one_server,
}
_KINDS = {"nodes": ("node",), "dr": ("node",), "pools": ("pool",), "balancers": ("server",)}
"""What the rows of a panel are of."""


class Subject(Struct, frozen=True):
    """One node, pool or server, by its name; or a dialog."""

    kind: str
    name: str


def named(view: View, panel: str, row: str) -> Subject | None:
    """What the row of a panel is of, by the row's key; None where it is nothing of which more is known."""
    if panel in ("alerts", "events"):
        # `rule subject`, and of an event `number panel subject`: a host, a pool, or a server.
        names = row.split(" ")
        return next((found for name in names for kind in RENDERERS if (found := _found(view, kind, name))), None)
    name = row.removeprefix("sync ").split(" ")[0]
    return next((found for kind in _KINDS.get(panel, ()) if (found := _found(view, kind, name))), None)


def _found(view: View, kind: str, name: str) -> Subject | None:
    return Subject(kind, name) if name and RENDERERS[kind](view, name) is not None else None


def subject(view: View, what: Subject | None) -> Sheet:
    """All about it, live; of a recording also what stood in a dialog."""
    if what is not None and what.kind not in RENDERERS:
        return view.dialog or Sheet(what.name, (), (), Tone.UNKNOWN, "what stood there was not recorded")
    sheet = RENDERERS[what.kind](view, what.name) if what is not None else None
    if sheet is not None:
        return sheet
    return Sheet(what.name if what else "", (), (), Tone.UNKNOWN, "it is not part of this cluster any more")
