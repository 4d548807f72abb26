"""A close look at a node as the console asks for it: a process that reads its log, its configuration and who holds
licences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import msgspec
from msgspec.structs import replace

from dslsconsole.model.inspection import Inspection
from dslsconsole.tui.inspected import Inspected
from dslsconsole.tui.operation import RunFailed
from dslsconsole.tui.run_process import said

if TYPE_CHECKING:
    from dslsconsole.tui.app import ConsoleApp

WITHIN_S = 40.0


class Inspector(Protocol):
    """Who looks."""

    async def inspect(self, cluster: str, node: str) -> Inspection:
        """Look at one node now.

        Raises:
            RunFailed: it could not be done; the text says why.
        """
        ...


class InspectProcess:
    """`dslsconsole inspect`, which reads as the probe user and changes nothing."""

    def __init__(self, argv: Sequence[str]) -> None:
        """`argv` is the command up to and with `inspect`."""
        self._argv = tuple(argv)

    async def inspect(self, cluster: str, node: str) -> Inspection:
        argv = (*self._argv, node, "--cluster", cluster, "--json")
        late = f"no close look at {node}"
        output, status, errors = await said(argv, WITHIN_S, f"{node} can't be looked at", late)
        try:
            return msgspec.json.decode(output, type=Inspection)
        except ValueError as error:
            told = errors.strip() or f"its answer can't be read ({error})"
            raise RunFailed(f"the look at {node} ended with status {status}: {told}") from error


class Inspecting:
    """The close looks of one application, a node at a time."""

    def __init__(self, app: ConsoleApp, inspector: Inspector | None) -> None:
        self._app = app
        self._inspector = inspector
        self._known: dict[tuple[str, str], Inspected] = {}

    @property
    def inspections(self) -> tuple[Inspection, ...]:
        """All that is known."""
        return tuple(one.inspection for one in self._known.values() if one.inspection is not None)

    def of(self, cluster: str) -> dict[str, Inspected]:
        """What is known of the nodes of a cluster, by their names."""
        return {node: one for (where, node), one in self._known.items() if where == cluster}

    def know(self, inspection: Inspection) -> None:
        """This was seen."""
        self._known[inspection.cluster, inspection.node] = Inspected(inspection)

    def forget(self) -> None:
        """Know nothing."""
        self._known.clear()

    def ask(self, cluster: str, node: str) -> None:
        """Look at it, unless that is going on."""
        known = self._known.get((cluster, node), Inspected())
        if known.running or self._inspector is None:
            return
        self._known[cluster, node] = replace(known, running=True, failure=None)
        self._app.run_worker(self._ask(self._inspector, cluster, node), exit_on_error=False, name=f"a look at {node}")

    async def _ask(self, inspector: Inspector, cluster: str, node: str) -> None:
        try:
            seen = await inspector.inspect(cluster, node)
        except RunFailed as failed:
            known = self._known.get((cluster, node), Inspected())
            self._known[cluster, node] = replace(known, running=False, failure=str(failed))
        else:
            self.know(seen)
            if self._app.recorder is not None:
                self._app.recorder.found(seen, self._app.clock())
        self._app.draw()
