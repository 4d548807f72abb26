"""Arming, and the way from a key to a run: plan, question, run, outcome. Only the process that is started acts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dslsconsole.tui.actions import Action
from dslsconsole.tui.arming import Arming, armed
from dslsconsole.tui.dialogs.plan import Attest, Confirmed, Override, PlanDialog, Setting
from dslsconsole.tui.dialogs.question import Question
from dslsconsole.tui.dialogs.run import RunDialog
from dslsconsole.tui.journal_feed import unfinished
from dslsconsole.tui.operation import Plan, Request, RunFailed, Runner, Running
from dslsconsole.tui.render.cells import Tone
from dslsconsole.tui.render.header import Standing
from dslsconsole.tui.render.plan import ENDINGS

if TYPE_CHECKING:
    from dslsconsole.tui.app import ConsoleApp

ASKED_AT_MOST = 20
"""Overrides, attestations and answers to one request before we stop asking."""


class Acting:
    """What this console may do and does. Without a runner: nothing."""

    def __init__(self, app: ConsoleApp, runner: Runner | None) -> None:
        self._app = app
        self._runner = runner
        self._arming: Arming | None = None
        self._planning: str | None = None
        self._run: Running | None = None
        self._plan: Plan | None = None
        self._dialog: RunDialog | None = None
        self._outcome: Plan | None = None
        self._failure: str | None = None

    @property
    def running(self) -> str | None:
        """What is planned or runs now, in words."""
        if self._run is not None and self._plan is not None:
            return f"{self._plan.runbook} of {self._plan.cluster}"
        return self._planning

    def is_armed(self, cluster: str | None, now: float) -> bool:
        return self._runner is not None and self._arming is not None and self._arming.holds(cluster or "", now)

    def standing(self, cluster: str | None, now: float) -> Standing:
        """What the header says of it."""
        arming = self._arming
        here = self.is_armed(cluster, now)
        return Standing(
            read_only=self._runner is None,
            armed_minutes=arming.minutes_left(now) if arming and here else None,
            elsewhere=arming.cluster if arming and not here and now < arming.until else None,
            operation=self.running if self._run is not None else None,
            unfinished=unfinished(self._app.entries, cluster or ""),
        )

    def expire(self) -> None:
        """End the arming whose time is over, and keep the minutes in the header true."""
        if self._arming is None:
            return
        if self._app.clock() >= self._arming.until:
            self._arming = None
            self._app.draw_all()
            self._app.say("no longer armed: 10 minutes have passed", Tone.TEXT)
        else:
            self._app.draw()

    def perform(self, action: Action) -> bool:
        """Do it, if it is one of ours."""
        if self._runner is None:
            return False
        if action.id == "arm":
            self._arm()
        elif action.id == "stop":
            self.ask_to_stop()
        elif action.runbook:
            self._app.run_worker(self._conduct(action.runbook, self._runner), exit_on_error=False, name=action.label)
        else:
            return False
        return True

    # -- arming

    def _arm(self) -> None:
        cluster = self._app.cluster_name
        if cluster is None:
            self._app.say("there is no cluster yet to be armed for")
        elif self._arming is not None:
            self._arming = None
            self._app.draw_all()
            self._app.say("no longer armed", Tone.TEXT)
        else:
            text = f"For 10 minutes the guarded keys work for {cluster}. Why? The reason is written to the journal."
            self._app.push_screen(Question(f"Arm for {cluster}", text), lambda reason: self._armed(cluster, reason))

    def _armed(self, cluster: str, reason: str | None) -> None:
        if reason is not None:
            self._arming = armed(cluster, reason, self._app.clock())
            self._app.draw_all()

    # -- plan and question

    async def _conduct(self, runbook: str, runner: Runner) -> None:
        """From the key to the end of the run."""
        arming = self._arming
        if arming is None or self.running is not None:
            return
        self._planning = f"the plan of {runbook}"
        self._app.say(f"reading the guards of {runbook} …", Tone.TEXT)
        try:
            agreed = await self._agree(Request(runbook, arming.cluster, arming.reason), runner)
            if agreed is None:
                self._app.say(f"{runbook}: cancelled, nothing was changed", Tone.TEXT)
                return
            if not arming.holds(arming.cluster, self._app.clock()) or self._arming is not arming:
                self._app.say(f"{runbook}: not run, the console is no longer armed")
                return
            self._run = runner.start(*agreed)
            self._plan = replace(agreed[1], operation=self._run.operation)
        except RunFailed as failed:
            self._app.say(f"{runbook}: {failed}", Tone.CRITICAL)
            return
        finally:
            self._planning = None
        await self._follow(self._run, self._plan)

    async def _agree(self, request: Request, runner: Runner) -> tuple[Request, Plan] | None:
        """Plan and ask, again after each answer that changes the plan, until it is confirmed or cancelled."""
        for _ in range(ASKED_AT_MOST):
            plan = await runner.plan(request)
            match await self._app.push_screen_wait(PlanDialog(plan, request)):
                case Confirmed():
                    return request, plan
                case Override(guard):
                    request = replace(request, overrides=(*request.overrides, guard))
                case Attest(host):
                    request = replace(request, attests=(*request.attests, host))
                case Setting(name, value):
                    request = request.with_param(name, value)
                case None:
                    return None
        return None

    # -- the run

    async def _follow(self, run: Running, plan: Plan) -> None:
        self._outcome, self._failure = None, None
        self._dialog = RunDialog(plan)
        self._app.push_screen(self._dialog, lambda _: self._closed())
        self._app.draw_all()
        self._app.call_after_refresh(self.draw)
        try:
            self._outcome = await run.ended()
        except RunFailed as failed:
            self._failure = str(failed)
        self._run = None
        self.draw()
        self._app.draw_all()
        if self._dialog is None:
            self._say_ending(plan.runbook)

    def _say_ending(self, runbook: str) -> None:
        if self._failure is not None:
            self._app.say(f"{runbook}: {self._failure}", Tone.CRITICAL)
        elif self._outcome is not None:
            tone, sentence = ENDINGS.get(self._outcome.outcome, (Tone.CRITICAL, f"status {self._outcome.status}"))
            self._app.say(f"{runbook}: {sentence}", tone)

    def _closed(self) -> None:
        self._dialog = None
        self._app.draw_all()

    def draw(self) -> None:
        """Draw the run, if it is looked at."""
        if self._dialog is not None and self._plan is not None:
            entries = [entry for entry in self._app.entries if entry.operation == self._plan.operation]
            self._dialog.follow(entries, self._outcome, self._failure)

    def ask_to_stop(self) -> None:
        run = self._run
        if run is None:
            return
        text = (
            f"{self.running} is asked to stop after its current step. What was done stays done; the journal says what."
        )

        def answered(answer: str | None) -> None:
            if answer is not None and self._run is run:
                run.stop()
                self._app.say("it was asked to stop after this step")

        self._app.push_screen(Question("Stop the run?", text, phrase="stop"), answered)
