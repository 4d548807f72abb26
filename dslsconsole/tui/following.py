"""Runs that are looked at: from the process that was started here, and from the journal whoever started them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dslsconsole.tui.consulted import Consulted
from dslsconsole.tui.dialogs.run import TAKE_UP, RunDialog
from dslsconsole.tui.journal_feed import BEGINNINGS, ENDS, Begun, LogEntry
from dslsconsole.tui.operation import Plan, Running

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.timer import Timer

    from dslsconsole.tui.app import ConsoleApp

SECOND = 1.0
"""How often the seconds of a running step are told, while somebody looks."""


@dataclass
class Followed:
    """One run. `run` is its process while it lives, where it was started here."""

    plan: Plan
    run: Running | None = None
    may_stop: bool = False
    outcome: Plan | None = None
    failure: str | None = None
    dialog: RunDialog | None = None

    @property
    def words(self) -> str:
        return f"{self.plan.runbook} of {self.plan.cluster}"

    @property
    def is_well(self) -> bool:
        """Whether it ended as it should."""
        return self.outcome is not None and self.outcome.outcome == "done"


def from_journal(one: Begun) -> Plan:
    """An operation's plan, as far as the journal tells it."""
    return Plan(runbook=one.runbook, cluster=one.cluster, operation=one.operation, steps=one.steps)


def told_outcome(entries: Sequence[LogEntry]) -> Plan | None:
    """How an operation ended, by its own entries; None where it has not, or was taken up again since."""
    for entry in reversed(entries):
        if entry.event in BEGINNINGS:
            return None
        if entry.event in ENDS:
            return Plan(outcome=entry.outcome or entry.event, sentence=entry.sentence, card=entry.card)
    return None


class Following:
    """The dialogs that show runs."""

    def __init__(self, app: ConsoleApp, take_up: Callable[[], None]) -> None:
        self._app = app
        self._take_up = take_up
        self._open: list[Followed] = []
        self._ticker: Timer | None = None

    @property
    def top(self) -> Followed | None:
        """What is looked at now."""
        return self._open[-1] if self._open else None

    def show(self, followed: Followed) -> None:
        """Look at a run, if it is not looked at already."""
        if followed.dialog is not None:
            return
        followed.dialog = RunDialog(followed.plan, may_stop=followed.may_stop)
        self._open.append(followed)
        self._app.push_screen(followed.dialog, lambda answer: self._closed(followed, answer))
        if self._ticker is None:
            self._ticker = self._app.set_interval(SECOND, self.draw)
        self._app.draw_all()
        self._app.call_after_refresh(self.draw)

    def _closed(self, followed: Followed, answer: str | None) -> None:
        followed.dialog = None
        self._open.remove(followed)
        if not self._open and self._ticker is not None:
            self._ticker.stop()
            self._ticker = None
        self._app.draw_all()
        if answer == TAKE_UP:
            self._app.call_later(self._take_up)

    def draw(self) -> None:
        """Draw the runs as they stand. What has not changed costs nothing."""
        now = self._app.clock()
        for followed in self._open:
            entries = [entry for entry in self._app.entries if entry.operation == followed.plan.operation]
            outcome = followed.outcome
            if outcome is None and followed.run is None:
                outcome = told_outcome(entries)
            if followed.dialog is not None:
                if self._app.recorder is not None:
                    consulted = Consulted("run", followed.plan, went=outcome, failure=followed.failure)
                    self._app.recorder.consulted(consulted, now)
                followed.dialog.follow(entries, outcome, followed.failure, now)

    def cut_off(self, operation: str) -> None:
        """The process of a run that another one started is gone."""
        for followed in self._open:
            if followed.plan.operation == operation and followed.run is None and followed.failure is None:
                followed.failure = "it is not there any more"
