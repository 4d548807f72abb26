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

    def learn(self) -> None:
        """Read which there are now: files are added while a console runs."""
        if self._runner is not None:
            self._app.run_worker(self._learn(self._runner), exit_on_error=False, group="runbooks", name="runbooks")

    def choose(self) -> None:
        """Read them and let one be chosen."""
        if self._runner is not None:
            self._app.run_worker(self._choose(self._runner), exit_on_error=False, group="runbooks", name="runbooks")

    async def _learn(self, runner: Runner) -> tuple[KnownRunbook, ...]:
        try:
            library = await runner.runbooks()
        except RunFailed as failed:
            self._app.say(str(failed))
            return ()
        books = tuple(book for book in library.runbooks if book.name not in KEYED)
        self.actions = tuple(for_runbook(book.name, _title(book)) for book in books)
        self._tell(library)
        return books

    def _tell(self, library: Library) -> None:
        if library.findings:
            more = f" (and {len(library.findings) - 1} more)" if len(library.findings) > 1 else ""
            self._app.say(f"a runbook of this site is not sound: {library.findings[0]}{more}")

    async def _choose(self, runner: Runner) -> None:
        books = await self._learn(runner)
        if not books:
            return
        rows = [
            Row(f"run {book.name}", (Cell(book.name, Tone.ACCENT), Cell(_title(book)), Cell(book.about)))
            for book in books
        ]
        chosen = await self._app.push_screen_wait(Choice(Sheet("Runbooks", COLUMNS, tuple(rows)), searchable=True))
        if chosen is not None:
            self._app.call_later(self._app.action_act, chosen)


def _title(book: KnownRunbook) -> str:
    return f"{book.title} (of this site)" if book.origin == OWN else book.title
