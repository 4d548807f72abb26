"""Arming, and the way from a key to a run: plan, question, run, outcome. Only the process that is started acts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dslsconsole.tui.actions import Action
from dslsconsole.tui.agreeing import Agreeing
from dslsconsole.tui.arming import Arming, armed
from dslsconsole.tui.deciding import decided
from dslsconsole.tui.dialogs.question import Question
from dslsconsole.tui.dialogs.reading import Notice
from dslsconsole.tui.following import Followed, Following, from_journal
from dslsconsole.tui.journal_feed import begun, newest
from dslsconsole.tui.known_operations import KnownOperations
from dslsconsole.tui.operation import KnownOperation, Plan, Request, RunFailed, Runner
from dslsconsole.tui.render.cells import Tone
from dslsconsole.tui.render.header import Operating, Standing, elsewhere
from dslsconsole.tui.render.plan import ENDINGS, running_step, stopping

if TYPE_CHECKING:
    from typing import TypeVar

    from dslsconsole.tui.app import ConsoleApp

    Found = TypeVar("Found")


class Acting:
    """What this console may do and does. Without a runner: nothing, but it may look."""

    def __init__(self, app: ConsoleApp, runner: Runner | None, viewer: str | None = None) -> None:
        self._app = app
        self._is_viewer = viewer is not None
        self._runner = runner
        self._arming: Arming | None = None
        self._busy = False
        self._own: Followed | None = None
        self._agreeing = Agreeing(app)
        self._following = Following(app, self.look)
        self._others = KnownOperations(app, runner, self._following.cut_off)

    @property
    def running(self) -> str | None:
        """What this console runs now, in words."""
        return self._own.words if self._own is not None and self._own.run is not None else None

    @property
    def stoppable(self) -> bool:
        """Whether something runs that can be asked to stop."""
        if self._runner is None:
            return False
        one = self._others.on(self._app.cluster_name or "")
        return self.running is not None or (one is not None and one.may_run)

    def knows_operation(self) -> bool:
        """Whether there is one that runs or was cut off."""
        return self.running is not None or self._others.on(self._app.cluster_name or "") is not None

    def is_armed(self, cluster: str | None, now: float) -> bool:
        return self._runner is not None and self._arming is not None and self._arming.holds(cluster or "", now)

    def standing(self, cluster: str | None, now: float) -> Standing:
        """What the header says of it."""
        arming = self._arming
        here = self.is_armed(cluster, now)
        return Standing(
            read_only=self._runner is None,
            viewer=self._is_viewer,
            armed_minutes=arming.minutes_left(now) if arming and here else None,
            elsewhere=arming.cluster if arming and not here and now < arming.until else None,
            operation=self._operating(cluster or ""),
        )

    def _operating(self, cluster: str) -> Operating | None:
        own = self._own
        if own is None or own.run is None:
            return self._others.operating(cluster)
        entries = [entry for entry in self._app.entries if entry.operation == own.plan.operation]
        step = running_step(own.plan, entries) or max((entry.step or 0 for entry in entries), default=0)
        name = own.plan.runbook if own.plan.cluster == cluster else own.words
        return Operating(name, step, len(own.plan.steps), True)

    def elsewhere(self, cluster: str) -> str | None:
        """What somebody else runs there, whose journal is not this one; in words."""
        one = self._operating(cluster)
        return elsewhere(one) if one is not None and one.who else None

    def heed(self) -> None:
        """Something was written into the journal, or time went by."""
        own = self._own
        self._others.heed(own.plan.operation if own is not None and own.run is not None else None)

    def expire(self) -> None:
        """End the arming whose time is over, and keep the minutes in the header true."""
        self.heed()
        if self._arming is None:
            return
        if self._app.clock() >= self._arming.until:
            self._disarm("no longer armed: 10 minutes have passed")
        else:
            self._app.draw()

    def perform(self, action: Action) -> bool:
        """Do it, if it is one of ours."""
        if action.id == "operation":
            self.look()
        elif self._runner is None:
            return False
        elif action.id == "arm":
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
            text = "Nothing has been read yet: there is no cluster that could be armed for. Wait for the first reading."
            self._app.push_screen(Notice("Not armed", text))
        elif self._arming is not None:
            self._disarm("no longer armed")
        else:
            text = f"For 10 minutes the guarded keys work for {cluster}. Why? The reason is written to the journal."
            self._app.push_screen(Question(f"Arm for {cluster}", text), lambda reason: self._armed(cluster, reason))

    def _armed(self, cluster: str, reason: str | None) -> None:
        if reason is not None:
            self._arming = armed(cluster, reason, self._app.clock())
            self._app.books.learn()
            self._app.draw_all()
            self._tell_arming(cluster, armed=True)

    def _disarm(self, said: str) -> None:
        assert self._arming is not None
        cluster, self._arming = self._arming.cluster, None
        self._app.draw_all()
        self._app.say(said, Tone.TEXT)
        self._tell_arming(cluster, armed=False)

    def _tell_arming(self, cluster: str, *, armed: bool) -> None:
        if self._app.recorder is not None:
            self._app.recorder.armed(cluster, self._app.clock(), armed=armed)

    # -- plan and question

    async def _conduct(self, runbook: str, runner: Runner) -> None:
        """From the key to the end of the run."""
        arming = self._arming
        if arming is None or self._busy or self.running is not None:
            return
        self._busy = True
        try:
            agreed = await self._agreeing.agree(Request(runbook, arming.cluster, arming.reason), runner)
            if agreed is None:
                self._app.say(f"{runbook}: cancelled, nothing was changed", Tone.TEXT)
                return
            if not self._still(arming):
                self._app.say(f"{runbook}: not run, the console is no longer armed")
                return
            run = runner.start(*agreed)
            own = Followed(replace(agreed[1], operation=run.operation), run, may_stop=True)
        except RunFailed as failed:
            self._app.say(f"{runbook}: {failed}", Tone.CRITICAL)
            return
        finally:
            self._busy = False
        await self._follow(own)

    def _still(self, arming: Arming) -> bool:
        return self._arming is arming and arming.holds(arming.cluster, self._app.clock())

    # -- the run

    async def _follow(self, own: Followed) -> None:
        """Show a run of our own until it ends. An end that is not well opens its card by itself."""
        self._own = own
        self._following.show(own)
        assert own.run is not None
        try:
            own.outcome = await own.run.ended()
        except RunFailed as failed:
            own.failure = str(failed)
        own.run = None
        if own.dialog is None:
            if own.is_well:
                self._say_ending(own)
            else:
                self._following.show(own)
        self._app.draw()
        self._following.draw()
        self.heed()
        if own.dialog is not None:
            self._app.draw_all()

    def _say_ending(self, own: Followed) -> None:
        self._app.draw_all()
        if own.outcome is not None:
            tone, sentence = ENDINGS.get(own.outcome.outcome, (Tone.CRITICAL, f"status {own.outcome.status}"))
            self._app.say(f"{own.plan.runbook}: {sentence}", tone)

    def draw(self) -> None:
        """Draw the plan or the run, if one is looked at."""
        self._following.draw()
        self._agreeing.draw()

    def ask_to_stop(self) -> None:
        """Ask the run that is looked at to stop, else our own, else what another process runs on this cluster."""
        runner = self._runner
        if runner is None:
            return
        own, top = self._own, self._following.top
        followed = top if top is not None else own if own is not None and own.run is not None else None
        one = self._others.on(self._app.cluster_name or "") if followed is None else None
        if followed is not None:
            words, operation, plan = followed.words, followed.plan.operation, followed.plan
        elif one is not None and one.may_run:
            words, operation, plan = f"{one.runbook} of {one.cluster}", one.operation, self._plan_of(one)
        else:
            return
        entries = [entry for entry in self._app.entries if entry.operation == operation]
        text = "\n".join((f"Once you typed it, {words} stops between two steps.", *stopping(plan, entries)))

        def answered(answer: str | None) -> None:
            if answer is None:
                return
            if followed is not None and followed.run is not None:
                followed.run.stop()
                self._asked_to_stop(followed, "it was asked to stop after this step")
            else:
                self._app.run_worker(self._stop(operation, runner, followed), exit_on_error=False, name="stop")

        self._app.push_screen(Question("Stop the run?", text, phrase="stop"), answered)

    def _asked_to_stop(self, followed: Followed | None, said: str) -> None:
        self._app.say(said)
        if followed is not None and followed.dialog is not None:
            followed.dialog.stopping()

    async def _stop(self, operation: str, runner: Runner, followed: Followed | None) -> None:
        try:
            self._asked_to_stop(followed, await runner.stop(operation))
        except RunFailed as failed:
            self._app.say(str(failed), Tone.CRITICAL)

    # -- an operation that was hidden, that another process runs, or that was cut off

    def look(self) -> None:
        """Look at the operation that runs or was cut off; else at the newest one that ended."""
        if self._own is not None and self._own.run is not None:
            self._following.show(self._own)
        elif self._runner is not None:
            self._app.run_worker(self._take_up(self._runner), exit_on_error=False, name="operation")
        else:
            self._look_back()

    def _look_back(self) -> None:
        entries, cluster = self._app.entries, self._app.cluster_name or ""
        one = newest(entries, cluster, ended=False) or newest(entries, cluster, ended=True)
        if one is None:
            self._app.say("no operation runs, and none was cut off", Tone.TEXT)
        else:
            self.show(one.operation)

    def show(self, operation: str) -> None:
        """Look at one operation of the journal, whoever ran it."""
        own = self._own
        if own is not None and own.plan.operation == operation:
            self._following.show(own)
            return
        one = begun(self._app.entries).get(operation)
        if one is None:
            self._app.say("the journal has no run of this: it was refused, or its beginning is not read", Tone.TEXT)
            return
        known = self._others.on(one.cluster)
        runs = known is not None and known.operation == operation and known.may_run and self._runner is not None
        self._following.show(Followed(from_journal(one), may_stop=runs))

    async def _take_up(self, runner: Runner) -> None:
        if self._busy:
            return
        self._busy = True
        try:
            known = await self._agreeing.read("Operation", "asking what runs …", lambda: self._others.ask(runner))
            one = next((one for one in known or () if one.cluster == self._app.cluster_name), None)
            if known is None:
                return
            if one is None:
                self._look_back()
                return
            if one.running:
                self._following.show(Followed(self._plan_of(one), may_stop=True))
                return
            own = await self._decide(one, runner)
        except RunFailed as failed:
            self._look_back()
            self._app.say(str(failed), Tone.CRITICAL)
            return
        finally:
            self._busy = False
        if own is not None:
            await self._follow(own)

    def _plan_of(self, one: KnownOperation) -> Plan:
        journalled = begun(self._app.entries).get(one.operation)
        if journalled is not None:
            return from_journal(journalled)
        return Plan(runbook=one.runbook, cluster=one.cluster, operation=one.operation)

    async def _decide(self, one: KnownOperation, runner: Runner) -> Followed | None:
        """Ask what is to become of it; the run that does so, or None."""

        def why_not() -> str | None:
            if self.is_armed(one.cluster, self._app.clock()):
                return None
            return f"to decide, the console must be armed for {one.cluster}: Esc, then a, then o"

        plan = self._plan_of(one)
        decision = await decided(self._app, one, plan, why_not)
        arming = self._arming
        if decision is None:
            self._app.say(f"{one.runbook}: left as it is", Tone.TEXT)
            return None
        if arming is None or not self.is_armed(one.cluster, self._app.clock()):
            self._app.say(f"{one.runbook}: left as it is, the console is no longer armed")
            return None
        run = runner.resume(one.operation, decision.word, one.cluster, arming.reason, decision.whose)
        return Followed(plan, run, may_stop=True)
