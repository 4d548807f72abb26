"""Operations that this console does not run itself: what the journal shows of them, and `operations` tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dslsconsole.model.lock import HeldLock
from dslsconsole.tui.journal_feed import Begun, begun, unfinished
from dslsconsole.tui.operation import KnownOperation, Operations, RunFailed
from dslsconsole.tui.render.header import Operating

if TYPE_CHECKING:
    from collections.abc import Callable

    from dslsconsole.tui.app import ConsoleApp

ASKS_EVERY_S = 15.0
"""While one has not ended. Asking reads the locks on the hosts."""


class KnownOperations:
    """Knows what has not ended. Without somebody to ask, only what the journal shows."""

    def __init__(self, app: ConsoleApp, asked: Operations | None, cut_off: Callable[[str], None]) -> None:
        """`cut_off` is told of each operation whose process is found to be gone."""
        self._app = app
        self._asked = asked
        self._cut_off = cut_off
        self._told: dict[str, KnownOperation] = {}
        self._asking = False
        self._about: tuple[str, str] | None = None
        self._asked_at = 0.0

    def on(self, cluster: str) -> KnownOperation | None:
        """What has not ended there. Its state is empty where it is not known."""
        one = unfinished(self._app.entries, cluster)
        if one is not None:
            return self._together(one)
        history = begun(self._app.entries)
        open_ = (known for known in self._told.values() if known.cluster == cluster)
        told = next((known for known in open_ if known.operation not in history), None)
        if told is not None and self._app.picture.is_unlocked(cluster, self._app.clock()):
            told = None  # it ended, or was taken up, after it was told of
        lock = self._lock(cluster)
        if lock is None or (told is not None and told.operation == lock.operation):
            return told
        return KnownOperation(
            operation=lock.operation,
            cluster=cluster,
            runbook=lock.runbook,
            operator=lock.operator,
            origin=lock.from_host,
            # Its silence is no proof: whether it was cut off is told by `operations`, which looks for longer.
            state="running" if lock.is_alive(self._app.clock()) else "",
            step=lock.step,
            steps=lock.steps,
        )

    def _lock(self, cluster: str) -> HeldLock | None:
        """The lock on the cluster's nodes, where it is none of this journal's."""
        lock = self._app.picture.lock_on(cluster, self._app.clock())
        return lock if lock is not None and lock.operation not in begun(self._app.entries) else None

    def _together(self, one: Begun) -> KnownOperation:
        known = self._told.get(one.operation)
        return KnownOperation(
            operation=one.operation,
            cluster=one.cluster,
            runbook=one.runbook,
            operator=known.operator if known else "",
            origin=known.origin if known else "",
            started_at=known.started_at if known else "",
            state=known.state if known else "",
            step=max(one.step, known.step if known else 0),
            steps=len(one.steps) or (known.steps if known else 0),
        )

    def operating(self, cluster: str) -> Operating | None:
        """The same in the words of the header."""
        one = self.on(cluster)
        if one is None:
            return None
        running = {"running": True, "unfinished": False}.get(one.state)
        lock = self._lock(cluster)
        if lock is None or lock.operation != one.operation or running is False:
            return Operating(one.runbook, one.step, one.steps, running)
        seconds = max(0, int(self._app.clock() - lock.started_at))
        who = f"{lock.operator} on {lock.from_host}"
        return Operating(lock.runbook, lock.step, lock.steps, lock.is_alive(self._app.clock()), who, seconds)

    def heed(self, own: str | None) -> None:
        """Something was written, or time went by: ask, if one that is not our own has not ended and it is time."""
        one = unfinished(self._app.entries, self._app.cluster_name or "")
        if self._asked is None or one is None or one.operation == own or self._asking:
            return
        about = (one.cluster, one.operation)
        if about != self._about or self._app.clock() - self._asked_at >= ASKS_EVERY_S:
            self._about = about
            self._app.run_worker(self._ask_quietly(self._asked), exit_on_error=False, name="what runs")

    async def _ask_quietly(self, asked: Operations) -> None:
        self._asking = True
        try:
            await self.ask(asked)
        except RunFailed:
            # The header goes on to say that it has not ended; whoever presses the key is told why it is not known.
            self._told.clear()
        finally:
            self._asking = False
            self._asked_at = self._app.clock()

    async def ask(self, asked: Operations) -> tuple[KnownOperation, ...]:
        """What has not ended, now.

        Raises:
            RunFailed: it can't be told.
        """
        told = await asked.operations()
        self._told = {one.operation: one for one in told}
        for one in told:
            if not one.running:
                self._cut_off(one.operation)
        self._app.draw_all()
        return told
