"""The way from a request to what was confirmed: the plan, the question, a rehearsal, and all of it again."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dslsconsole.tui.consulted import Consulted, plan_read
from dslsconsole.tui.dialogs.plan import Again, Attest, Confirmed, Override, PlanDialog, Rehearse, Setting
from dslsconsole.tui.dialogs.reading import Notice, Outcome, Reading
from dslsconsole.tui.dialogs.rehearsal import RehearsalDialog
from dslsconsole.tui.operation import Plan, Request, RunFailed, Runner
from dslsconsole.tui.render.rehearsal import rehearsal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import TypeVar

    from dslsconsole.tui.app import ConsoleApp

    Found = TypeVar("Found")

ASKED_AT_MOST = 20
"""Overrides, attestations, rehearsals and answers to one request before we stop asking."""
CHANGED = "it changed since you confirmed it: nothing was started, look at it again"


class Agreeing:
    """Asks until something is confirmed or cancelled. It starts nothing."""

    def __init__(self, app: ConsoleApp) -> None:
        self._app = app
        self._asking: tuple[PlanDialog, tuple[object, ...]] | None = None

    async def agree(self, request: Request, runner: Runner) -> tuple[Request, Plan] | None:
        """Plan and ask, again after each answer that changes the plan, until it is confirmed or cancelled.

        What was confirmed on old grounds is read again first, and asked again unless it is the same on the same.
        """
        try:
            return await self._agreed(request, runner)
        finally:
            self._asking = None

    async def _agreed(self, request: Request, runner: Runner) -> tuple[Request, Plan] | None:
        confirmed: Plan | None = None
        for _ in range(ASKED_AT_MOST):
            at, marks = self._app.clock(), self._marks()
            plan = await self.read(request.runbook, "reading the guards …", partial(runner.plan, request))
            if plan is None:
                return None
            if confirmed is not None and plan.agrees_with(confirmed):
                return request, plan
            dialog = PlanDialog(plan, request, at, CHANGED if confirmed is not None else "")
            confirmed = None
            self._asking = (dialog, marks)
            self._note(plan_read(plan, request))
            match await self._app.push_screen_wait(dialog):
                case Confirmed():
                    if not self._is_old(at, marks):
                        return request, plan
                    confirmed = plan
                case Override(guard):
                    request = replace(request, overrides=(*request.overrides, guard))
                case Attest(host):
                    request = replace(request, attests=(*request.attests, host))
                case Setting(name, value):
                    request = request.with_param(name, value)
                case Again():
                    pass
                case Rehearse():
                    await self._rehearse(request, plan, runner)
                case None:
                    return None
        return None

    async def _rehearse(self, request: Request, plan: Plan, runner: Runner) -> None:
        """Let it run on a model, and show how that went."""
        text = "a model of the cluster is built, and the runbook runs on it …"
        try:
            went = await self.read(f"rehearsal of {plan.runbook}", text, partial(runner.rehearse, request))
        except RunFailed as failed:
            await self._app.push_screen_wait(Notice("Not rehearsed", str(failed)))
            return
        if went is not None:
            self._note(Consulted("rehearsal", plan, went=went))
            await self._app.push_screen_wait(RehearsalDialog(rehearsal(plan, went)))

    async def read(self, title: str, text: str, ask: Callable[[], Awaitable[Found]]) -> Found | None:
        """Ask another process, behind a dialog that keeps keys from going elsewhere; None where it was given up.

        Raises:
            RunFailed: there is no answer, and why.
        """
        reading: Reading[Found] = Reading(title, text, ask)
        outcome: Outcome[Found] | None = await self._app.push_screen_wait(reading)
        if outcome is not None and outcome.failure is not None:
            raise outcome.failure
        return outcome.found if outcome is not None else None

    def _marks(self) -> tuple[object, ...]:
        """What of the cluster a plan rests on, as the screen knows it."""
        view = self._app.view()
        verdict = view.verdict if view is not None else None
        if verdict is None:
            return ()
        held = verdict.quorum.held if verdict.quorum is not None else None
        return verdict.health, verdict.serving, verdict.primary, verdict.primaries, verdict.epoch, held

    def _stale_after(self) -> float:
        view = self._app.view()
        return view.stale_after if view is not None else 15.0

    def _is_old(self, at: float, marks: tuple[object, ...]) -> bool:
        return self._marks() != marks or self._app.clock() - at > self._stale_after()

    def _note(self, what: Consulted) -> None:
        """Let the recording know what a dialog shows."""
        if self._app.recorder is not None:
            self._app.recorder.consulted(what, self._app.clock())

    def draw(self) -> None:
        """Say in the plan that is looked at how old it is, and whether the cluster changed since."""
        if self._asking is not None:
            dialog, marks = self._asking
            changed = self._marks() != marks
            dialog.follow(self._app.clock(), changed=changed, stale_after_s=self._stale_after())
