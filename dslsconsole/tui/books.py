"""Runbooks without a key of their own, the site's among them: learnt from the program that runs them, and chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dslsconsole.tui.actions import KEYED, Action, for_runbook
from dslsconsole.tui.dialogs.choice import Choice
from dslsconsole.tui.operation import KnownRunbook, Library, RunFailed, Runner
from dslsconsole.tui.render.cells import Cell, Column, Cut, Row, Sheet, Tone

if TYPE_CHECKING:
    from dslsconsole.tui.app import ConsoleApp

COLUMNS = (
    Column("name", "runbook", least=12, most=24),
    Column("title", "", least=20, most=60),
    Column("about", "", least=20, most=400, cut=Cut.WRAP, grows=True),
)
OWN = "site"


class Books:
    """What the palette and the key of all runbooks offer; nothing without a runner, or before it was learnt."""

    def __init__(self, app: ConsoleApp, runner: Runner | None) -> None:
        self._app = app
        self._runner = runner
        self.actions: tuple[Action, ...] = ()
        self._known: tuple[KnownRunbook, ...] = ()
        self._open: Choice | None = None
        """The list that one is being chosen from."""

    def learn(self) -> None:
        """Read which there are now: files are added while a console runs."""
        if self._runner is not None:
            self._app.run_worker(self._learn(self._runner), exit_on_error=False, group="runbooks", name="runbooks")

    def choose(self) -> None:
        """Let one be chosen: of those that are known at once, since what is typed next is meant for the list, and of
        those that there are now as soon as they have been read."""
        if self._runner is not None:
            self._app.run_worker(self._choose(self._runner), exit_on_error=False, name="a choice of runbooks")

    async def _learn(self, runner: Runner) -> None:
        try:
            library = await runner.runbooks()
        except RunFailed as failed:
            self._app.say(str(failed))
            return
        self._known = tuple(book for book in library.runbooks if book.name not in KEYED)
        self.actions = tuple(for_runbook(book.name, _title(book)) for book in self._known)
        self._tell(library)
        if self._open is not None:
            self._open.offer(self._sheet())

    def _tell(self, library: Library) -> None:
        if library.findings:
            more = f" (and {len(library.findings) - 1} more)" if len(library.findings) > 1 else ""
            self._app.say(f"a runbook of this site is not sound: {library.findings[0]}{more}")

    async def _choose(self, runner: Runner) -> None:
        if self._known:
            self.learn()
        else:
            await self._learn(runner)
        if not self._known or self._open is not None:
            return
        self._open = Choice(self._sheet(), searchable=True)
        try:
            chosen = await self._app.push_screen_wait(self._open)
        finally:
            self._open = None
        if chosen is not None:
            self._app.call_later(self._app.action_act, chosen)

    def _sheet(self) -> Sheet:
        rows = [
            Row(f"run {book.name}", (Cell(book.name, Tone.ACCENT), Cell(_title(book)), Cell(book.about)))
            for book in self._known
        ]
        return Sheet("Runbooks", COLUMNS, tuple(rows))


def _title(book: KnownRunbook) -> str:
    return f"{book.title} (of this site)" if book.origin == OWN else book.title
