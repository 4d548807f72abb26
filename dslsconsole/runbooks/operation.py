"""One operation from survey to outcome: guards, plan, confirmation, lock, guards again, steps, the record of it all."""

import asyncio
import os
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import msgspec
from msgspec import Struct

from dslsconsole.runbooks import guard as guards
from dslsconsole.runbooks.beside import DISASTER, OperationRecord
from dslsconsole.runbooks.execution import (
    Ended,
    Ending,
    Execution,
    Log,
    NotWritten,
    Pause,
    Progress,
    StepOutcome,
    StepResult,
)
from dslsconsole.runbooks.facts import conclude, reads_addresses, words
from dslsconsole.runbooks.facts.common import lockable
from dslsconsole.runbooks.guard import Case, GuardResult
from dslsconsole.runbooks.impact import impact
from dslsconsole.runbooks.lock import Held, Lock, LockRecord, NoLock, watched
from dslsconsole.runbooks.permission import Person
from dslsconsole.runbooks.plan import Facts, Plan, PlannedStep, Planner, Unplannable, applies, filled
from dslsconsole.runbooks.process import identity
from dslsconsole.runbooks.report import Report
from dslsconsole.runbooks.schema import Runbook
from dslsconsole.runbooks.second import Second
from dslsconsole.runbooks.survey import Survey, Surveyor
from dslsconsole.systems.acting import Hands, actions, checks
from dslsconsole.systems.ground import Ground

ATTESTED_DOWN = "attested_down"
"""The guard of every attestation, whatever the runbook."""


class Wish(Struct, frozen=True):
    """What was asked for."""

    runbook: Runbook
    operation: str
    reason: str
    params: dict[str, str]
    overrides: frozenset[str] = frozenset()
    attested: frozenset[str] = frozenset()
    confirmation: str | None = None
    dry_run: bool = False
    plan_hash: str | None = None
    break_glass: str = ""
    """Why a runbook that needs a second operator is run without; empty where it is not."""


@dataclass(frozen=True)
class Prospect:
    """What would be done, and whether it may be."""

    survey: Survey
    facts: Facts
    plan: Plan | None
    guards: tuple[GuardResult, ...]
    warnings: tuple[str, ...] = ()
    attest: tuple[str, ...] = ()

    @property
    def refusals(self) -> tuple[GuardResult, ...]:
        return tuple(guard for guard in self.guards if not guard.accepted)


@dataclass
class Operation:
    """One run of a runbook on a cluster."""

    wish: Wish
    ground: Ground
    hands: Hands
    log: Log
    person: Person
    clock: Callable[[], float]
    pause: Pause = asyncio.sleep
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    progress: Progress = lambda step, result: None
    going_back: Callable[[PlannedStep], None] = lambda step: None
    shown: Callable[[Report], None] = lambda report: None
    ask: Callable[[Report], Awaitable[str | None]] | None = None
    """Asks the person at the terminal for the confirmation; None where there is nobody to ask."""
    others: Callable[[], str | None] = lambda: None
    """Names another operation on this cluster that this console's journal has not seen end."""
    seen_epoch: Callable[[], int | None] = lambda: None
    """The highest epoch that this console's journal knows to have been given on this cluster."""
    second: Second | None = None
    """A second operator's approval, or what stands for it; None where the runbook needs none."""
    _unwritten: bool = False
    """Whether the journal lacks how it ended, although something was done."""

    async def run(self) -> Report:
        """Run it to its end; the report says how it ended. Never raises for what a host or the journal did."""
        prospect = await self.look()
        report = self._report(prospect)
        if self.second is not None:
            hosts = lockable(prospect.survey, self.ground)
            report = msgspec.structs.replace(report, approval=await self.second.look(report, hosts))
        self.shown(report)
        if self.wish.dry_run:
            return report
        try:
            return await self._run(prospect, report)
        except NotWritten as full:
            sentence = f"Nothing was run, because the journal can't be written: {full}"
            return msgspec.structs.replace(report, outcome=Ending.REFUSED, sentence=sentence)

    async def look(self) -> Prospect:
        """Survey, conclude, plan and judge; changes nothing."""
        wish = self.wish
        surveyor = Surveyor(self.hands, self.ground, self.clock)
        survey = await surveyor.survey(addresses=reads_addresses(wish.runbook.facts))
        facts = conclude(wish.runbook.facts, survey, self.ground, wish.params, wish.attested)
        facts["operation"] = wish.operation
        if wish.runbook.facts == DISASTER and (seen := self.seen_epoch()) is not None:
            # What the DR site can't know of a main site that is gone, this journal may.
            facts["epoch"] = str(max(seen, int(str(facts.get("epoch") or 0))))
        if (other := self.others()) is not None:
            facts["unfinished"] = other
        case = Case(self.ground, survey, facts, self.hands, self.clock, wish.attested, self.pause)
        meant = [
            (use.guard, wish.overrides) for use in wish.runbook.guards if applies(case.facts, use.when, use.unless)
        ]
        if wish.attested and all(use.guard != ATTESTED_DOWN for use in wish.runbook.guards):
            meant.insert(0, (ATTESTED_DOWN, frozenset()))
        # All at once: some ask hosts or look twice, and users may be without licences meanwhile.
        judged = list(await asyncio.gather(*(guards.judged(name, case, may) for name, may in meant)))
        plan = None
        warnings: tuple[str, ...] = ()
        try:
            planner = Planner(self.ground, self.hands, actions(), checks(), self.clock)
            plan = planner.plan(wish.runbook, case.facts, survey.memory)
            warnings = tuple(
                filled(warning.say, case.facts)
                for warning in wish.runbook.warnings
                if applies(case.facts, warning.when, warning.unless)
            )
        except Unplannable as missing:
            if all(one.accepted for one in judged):
                judged.append(
                    GuardResult(
                        "plan", guards.Result.UNKNOWN, str(missing), "every step can be made concrete",
                        "See the readings above for what is not known.", False,
                    )
                )  # fmt: skip
        attest = case.names("attestable")
        return Prospect(survey, case.facts, plan, tuple(judged), warnings, attest)

    async def _run(self, prospect: Prospect, report: Report) -> Report:
        self._write_down(prospect)
        if report.outcome is not Ending.DONE:
            return self._finish(report)
        report = await self._agreed(report, prospect)
        if report.outcome is not Ending.DONE:
            return self._finish(report)
        self.log.append("confirmed", plan=report.plan, reason=self.wish.reason, pid=os.getpid(), process=identity())
        hosts = lockable(prospect.survey, self.ground)
        lock = Lock(self.hands, self.ground, self._lock_record(report), self.clock)
        try:
            await lock.take(hosts)
        except Held as held:
            return self._finish(msgspec.structs.replace(report, outcome=Ending.LOCKED, sentence=_locked(held)))
        except NoLock as failure:
            sentence = f"Nothing was run: {failure}"
            return self._finish(msgspec.structs.replace(report, outcome=Ending.REFUSED, sentence=sentence))
        ended = await self._locked(lock, prospect)
        if self._unwritten:
            # Whoever comes next, from whichever console, must find it.
            await lock.leave()
            return ended
        if troubles := await lock.release():
            ended = msgspec.structs.replace(ended, card=(*ended.card, *troubles))
        return ended

    async def _agreed(self, report: Report, prospect: Prospect) -> Report:
        """Confirmed, and where it needs a second operator approved; else why not."""
        if self.second is None and self.wish.runbook.name in self.ground.estate.operators.two_person:
            sentence = f"Not run: {self.wish.runbook.name} needs a second operator (operators.two_person)."
            return msgspec.structs.replace(report, outcome=Ending.NOT_CONFIRMED, sentence=sentence)
        confirmed, nobody = self.wish.confirmation, self.wish.confirmation is None and self.ask is None
        if confirmed is None and self.ask is not None:
            confirmed = await self.ask(report)
        if self.second is not None and (confirmed == report.confirm or (nobody and self.second.waits)):
            report = await self.second.settle(report, lockable(prospect.survey, self.ground))
        if report.outcome is Ending.DONE and confirmed != report.confirm:
            sentence = f"Not confirmed: it is confirmed by typing {report.confirm} (--confirm {report.confirm})."
            return msgspec.structs.replace(report, outcome=Ending.NOT_CONFIRMED, sentence=sentence)
        return report

    async def _locked(self, lock: Lock, confirmed: Prospect) -> Report:
        """With the lock held: everything is read and judged again before the first write."""
        prospect = await self.look()
        report = self._report(prospect)
        if report.outcome is not Ending.DONE:
            self._write_guards(prospect)
            return self._finish(report)
        was, plan = confirmed.plan, prospect.plan
        if was is None or plan is None or plan.hash != was.hash:
            difference = f" ({plan.changed_from(was)})" if was is not None and plan is not None else ""
            sentence = f"Nothing was run: the plan changed after it was confirmed{difference}. Look at the new plan."
            return self._finish(msgspec.structs.replace(report, outcome=Ending.REFUSED, sentence=sentence))
        self._write_guards(prospect)
        if self.second is not None and (why := await self.second.use(tuple(lock.hosts))) is not None:
            return self._finish(msgspec.structs.replace(report, outcome=Ending.NOT_CONFIRMED, sentence=why))
        execution = Execution(
            plan,
            hands=self.hands,
            ground=self.ground,
            actions=actions(),
            checks=checks(),
            log=self.log,
            clock=self.clock,
            pause=self.pause,
            stop=self.stop,
            memory=prospect.survey.memory,
            progress=lambda step, result: self._progressed(lock, step, result),
            going_back=self.going_back,
            before_step=lock.before,
        )
        await lock.keep(self._operation_record(prospect, plan, lock))
        async with watched(lock, self.stop):
            ended = await execution.run()
        return self._finish(self._ended(report, execution, ended, prospect))

    def _progressed(self, lock: Lock, step: PlannedStep, result: StepResult) -> None:
        lock.note(step, result.outcome)
        self.progress(step, result)

    def _operation_record(self, prospect: Prospect, plan: Plan, lock: Lock) -> OperationRecord:
        return OperationRecord(
            operation=self.wish.operation,
            cluster=self.ground.name,
            runbook=self.wish.runbook.name,
            plan=plan,
            epoch=str(prospect.facts.get("epoch", "")),
            primaries=prospect.survey.primaries(),
            attested=tuple(sorted(self.wish.attested)),
            params=self.wish.params,
            overrides=tuple(sorted(self.wish.overrides)),
            carriers=tuple(lock.hosts),
            done=self._done(prospect, verified=False),
        )

    def _done(self, prospect: Prospect, *, verified: bool) -> str:
        """What is said when all is done."""
        facts = prospect.facts if verified else {**prospect.facts, "verified": ""}
        return filled(self.wish.runbook.outcome.done, facts)

    def _ended(self, report: Report, execution: Execution, ended: Ended, prospect: Prospect) -> Report:
        sentence = ended.sentence
        if ended.ending is Ending.DONE:
            untested = execution.untested
            sentence = self._done(prospect, verified=not untested) + words.untested(untested)
        return msgspec.structs.replace(
            report, outcome=ended.ending, sentence=sentence, card=ended.card, steps=tuple(execution.results)
        )

    def _finish(self, report: Report) -> Report:
        """Write the outcome down; that this fails does not undo what was done, but a person must know."""
        if self.second is not None:
            report = msgspec.structs.replace(report, card=(*report.card, *self.second.remarks))
        try:
            self.log.append("outcome", outcome=report.outcome.value, sentence=report.sentence, card=list(report.card))
        except NotWritten as full:
            if any(step.outcome not in (StepOutcome.PLANNED, StepOutcome.SKIPPED) for step in report.steps):
                self._unwritten = True
                card = (*report.card, f"The journal lacks the outcome ({report.outcome.value}): {full}")
                return msgspec.structs.replace(report, outcome=Ending.NEEDS_PERSON, card=card)
        return report

    def _write_down(self, prospect: Prospect) -> None:
        plan = prospect.plan
        steps = [
            {
                "name": step.name,
                "host": step.host,
                "command": list(step.commands),
                "undo": step.undo.text,
                "within": step.within,
            }
            for step in (plan.steps if plan else ())
        ]
        wish = self.wish
        self.log.append(
            "planned",
            plan=plan.hash if plan else None,
            whole=msgspec.to_builtins(plan) if plan else None,
            steps=steps,
            reason=wish.reason,
            params=wish.params,
            attested=sorted(wish.attested),
            epoch=str(prospect.facts.get("epoch", "")),
            primaries=list(prospect.survey.primaries()),
            overrides=sorted(wish.overrides),
            warnings=list(prospect.warnings),
            done=self._done(prospect, verified=False) if plan and not prospect.refusals else "",
        )
        self._write_guards(prospect)

    def _write_guards(self, prospect: Prospect) -> None:
        for one in prospect.guards:
            self.log.append("guard", **msgspec.to_builtins(one))

    def _lock_record(self, report: Report) -> LockRecord:
        return LockRecord(
            operation=self.wish.operation,
            cluster=self.ground.name,
            runbook=self.wish.runbook.name,
            operator=self.person.name,
            from_host=self.person.host,
            pid=os.getpid(),
            started_at=self.clock(),
            plan=report.plan,
            steps=len(report.steps),
            reason=self.wish.reason[:1000],
            holder=secrets.token_hex(8),
            beat_at=self.clock(),
        )

    def _report(self, prospect: Prospect) -> Report:
        wish, plan = self.wish, prospect.plan
        outcome, sentence = Ending.DONE, ""
        if prospect.refusals:
            outcome, sentence = self._refusal(prospect)
        elif plan is not None and not plan.steps:
            outcome, sentence = Ending.REFUSED, "Nothing was run: there is nothing left that it could change."
        elif wish.plan_hash is not None and plan is not None and plan.hash != wish.plan_hash:
            outcome = Ending.REFUSED
            sentence = "Nothing was run: the plan is not the one that was shown. Look at the new one."
        return Report(
            runbook=wish.runbook.name,
            cluster=self.ground.name,
            operation=wish.operation,
            outcome=outcome,
            guards=prospect.guards,
            steps=tuple(_planned(step) for step in plan.steps) if plan else (),
            sentence=sentence,
            plan=plan.hash if plan else "",
            impact=impact(prospect.survey, self.ground),
            warnings=prospect.warnings,
            confirm=self._phrase(prospect),
            asks=wish.runbook.asks,
            attest=prospect.attest,
            title=wish.runbook.title,
            dry_run=wish.dry_run,
        )

    def _refusal(self, prospect: Prospect) -> tuple[Ending, str]:
        refusals = prospect.refusals
        if held := [one for one in refusals if one.locked]:
            ending = Ending.REFUSED if self.wish.dry_run else Ending.LOCKED
            return ending, f"Locked: {held[0].reading}. {held[0].advice}"
        words = "; ".join(f"{one.name}: {one.reading}" for one in refusals)
        return Ending.REFUSED, f"Refused, nothing was changed. {words.rstrip('.')}."

    def _phrase(self, prospect: Prospect) -> str:
        target = prospect.facts.get("target")
        by_target = self.ground.estate.operators.confirm_phrase == "target-name"
        if by_target and isinstance(target, str) and prospect.plan and _acts_on(prospect.plan, target):
            return target
        return self.ground.name


def _acts_on(plan: Plan, node: str) -> bool:
    """Whether a step is about the node; copying to the DR site, for one, is not about the backup."""
    return any(node == step.host or node in step.arguments.values() for step in plan.steps)


def _locked(held: Held) -> str:
    name = held.record.operation if held.record is not None else "ID"
    return (
        f"Nothing was run: {held}. Wait for it, ask it to stop (`dslsconsole operations stop {name}`), or see "
        "`dslsconsole operations`."
    )


def _planned(step: PlannedStep) -> StepResult:
    return StepResult(step.name, step.host, step.command, StepOutcome.PLANNED, undo=step.undo.text, within=step.within)


def asked(runbook: Runbook, given: Mapping[str, str]) -> dict[str, str]:
    """The runbook's asks with what was given.

    Raises:
        ValueError: something was given that is not asked, or is no answer to what is.
    """
    known = {ask.name: ask for ask in runbook.asks}
    for name, value in given.items():
        if name not in known:
            raise ValueError(f"{runbook.name} asks for {', '.join(known) or 'nothing'}, not for {name}")
        if (why := known[name].wrong(value)) is not None:
            raise ValueError(f"{name} {why}")
    return {name: given.get(name, ask.default) for name, ask in known.items()}
