"""Taking up an operation that was cut off: with its lock, and after all that may have changed is read anew."""

import asyncio
import os
import secrets
import time
from collections.abc import Callable

import msgspec
from msgspec.structs import replace

from dslsconsole import journal
from dslsconsole.journal import Journal
from dslsconsole.runbooks import guard as guards
from dslsconsole.runbooks.attempt import Attempts, Pause, StepOutcome
from dslsconsole.runbooks.beside import OperationRecord, agreed
from dslsconsole.runbooks.changed import changed, followed_by, merged, unproven
from dslsconsole.runbooks.execution import Ended, Ending, Execution, NotWritten
from dslsconsole.runbooks.facts.common import lockable
from dslsconsole.runbooks.facts.words import untested
from dslsconsole.runbooks.gap import asking, ending, over, reread
from dslsconsole.runbooks.guard import Case
from dslsconsole.runbooks.judged_anew import refusal
from dslsconsole.runbooks.left import NotNow, abandoned, left_standing, still
from dslsconsole.runbooks.lock import Held, Lock, LockRecord, NoLock, watched
from dslsconsole.runbooks.permission import Person, forbidden, who
from dslsconsole.runbooks.process import identity
from dslsconsole.runbooks.reach import Reach
from dslsconsole.runbooks.record import OperationLog, directory_of
from dslsconsole.runbooks.report import Report
from dslsconsole.runbooks.second import was_allowed
from dslsconsole.runbooks.survey import Survey, Surveyor
from dslsconsole.runbooks.unfinished import Known
from dslsconsole.runbooks.written import earlier, has_ended, of_last_run, open_since, written_plan
from dslsconsole.settings.schema import Estate
from dslsconsole.systems.acting import actions, checks
from dslsconsole.systems.ground import Ground


async def resumed(
    estate: Estate,
    one: Known,
    decide: str,
    confirm: str | None,
    reason: str,
    whose: str | None = None,
    stop: asyncio.Event | None = None,
    clock: Callable[[], float] = time.time,
    pause: Pause = asyncio.sleep,
    waits: Callable[[str], None] = lambda text: None,
) -> Report:
    """What became of an unfinished operation by the decision.

    Verifying reads what became of each step that was begun. Continuing runs the rest of the very plan that was
    confirmed, undoing takes back what was done; both need the plan, from this console's journal or from the record
    beside the lock, the lock itself, and a cluster that is as the operation left it. Abandoning releases the locks and
    changes nothing else. What another operator left is taken over only by saying whose it was. `stop` asks to stop
    between two steps; `waits` is told what is waited for, in steps of `pause`.
    """

    def ended_with(outcome: Ending, sentence: str, card: tuple[str, ...] = ()) -> Report:
        return Report(one.runbook, one.cluster, one.operation, outcome, sentence=sentence, card=card)

    person = who()
    if one.readable and (why := forbidden(estate, one.runbook, person)) is not None:
        return ended_with(Ending.NOT_CONFIRMED, why)
    if one.cluster not in estate.clusters:
        return ended_with(Ending.REFUSED, f"The estate file has no cluster {one.cluster} any more.")
    if decide != "verify" and confirm != one.cluster:
        return ended_with(Ending.NOT_CONFIRMED, f"Not confirmed: --confirm {one.cluster} is needed.")
    if decide != "verify" and not reason.strip():
        return ended_with(Ending.NOT_CONFIRMED, "Not confirmed: --reason is needed; it is written to the journal.")
    if decide != "verify" and one.readable and one.operator != person.name and whose != one.operator:
        left = f"it is {one.operator}'s, from {one.from_host}"
        return ended_with(
            Ending.NOT_CONFIRMED, f"Not confirmed: {left}. Ask them; to take it over say --whose {one.operator}."
        )
    ground = Ground(estate, one.cluster)
    async with Reach(ground, clock) as hands:
        try:
            ours = one.operator in (person.name, whose)
            taking = _Taking(
                estate,
                ground,
                hands,
                one,
                person,
                reason,
                stop or asyncio.Event(),
                clock,
                pause,
                ours=ours,
                waits=waits,
            )
            await still(hands, ground, one, waits)
            if decide == "abandon":
                standing = await taking.left_standing()
                return await abandoned(estate, ground, hands, one, person, reason, ended_with, standing)
            ended, execution = await taking.up(decide)
        except NotNow as refusal:
            return ended_with(refusal.ending, str(refusal))
        except NotWritten as full:
            return ended_with(Ending.NEEDS_PERSON, f"It stopped, because the journal can't be written: {full}")
    return replace(
        ended_with(ended.ending, ended.sentence, ended.card), steps=tuple(execution.results), plan=execution.plan.hash
    )


class _Taking:
    """One taking up, by one person on this console."""

    def __init__(
        self,
        estate: Estate,
        ground: Ground,
        hands: Reach,
        one: Known,
        person: Person,
        reason: str,
        stop: asyncio.Event,
        clock: Callable[[], float],
        pause: Pause,
        *,
        ours: bool,
        waits: Callable[[str], None],
    ) -> None:
        self._estate = estate
        self._ground = ground
        self._hands = hands
        self._one = one
        self._person = person
        self._reason = reason
        self._stop = stop
        self._clock = clock
        self._pause = pause
        self._ours = ours
        self._waits = waits
        self._attempts = Attempts(hands, ground, actions(), checks(), self._clock)
        self._log = OperationLog(
            Journal(directory_of(estate), self._clock), person, one.cluster, one.runbook, one.operation
        )

    async def up(self, decide: str) -> tuple[Ended, Execution]:
        """Raises NotNow, NotWritten."""
        one = self._one
        if not one.readable:
            raise NotNow(Ending.REFUSED, "Its lock file can't be read; it can only be abandoned.")
        entries = list(journal.read(directory_of(self._estate), cluster=one.cluster))
        if has_ended(entries, one.operation):
            raise NotNow(
                Ending.REFUSED,
                "Nothing was done: this journal tells how it ended; its lock came back. It can only be abandoned.",
            )
        if decide != "verify" and not one.hosts:
            raise NotNow(
                Ending.REFUSED,
                "Nothing was done: no node that is reached carries its lock. Another console has ended or abandoned "
                "it, or the nodes that carry it are away: what was done since is not known here. When all are back and "
                "none carries it, abandon it; that changes nothing.",
            )
        survey = await self._survey()
        record, here, begun = await self._record(entries, lockable(survey, self._ground))
        await self._over(record, begun, survey)
        if decide == "verify":
            return await self._verified(record, survey)
        if (why := followed_by(entries, one.operation)) is not None:
            raise NotNow(Ending.REFUSED, f"Nothing was done: {why}, and the plan rests on what was before. Abandon it.")
        lock = await self._locked(record, survey)
        try:
            # What was read before the lock was ours may have been changed by who had it.
            survey = await self._survey()
            await self._see(record, survey, decide)
            if decide == "continue":
                await self._see_allowed(entries, record, survey)
                await self._see_guards(record)
                record = await self._reread(record, survey)
            if not here:
                self._write_plan(record)
            self._log.append("resumed", decide=decide, reason=self._reason, pid=os.getpid(), process=identity())
            await lock.keep(record)
        except (NotNow, NotWritten) as refusal:
            # The lock stays where it lies, as it was: the operation is still to be decided about.
            await lock.leave()
            if isinstance(refusal, NotNow):
                self._log.append("note", text=str(refusal), decide=decide)
            raise
        execution = self._execution(record, survey, lock)
        async with watched(lock, self._stop):
            ended = await self._decided(execution, decide, record.done)
        return await self._finished(lock, ended), execution

    async def _over(self, record: OperationRecord, begun: dict[int, float], survey: Survey) -> None:
        """Let come to its end what was being done when it was cut off: it may still go on at its host."""
        ends = ending(record.plan, begun, self._attempts)
        if ends and (left := max(ends.values()) - self._clock()) > 0:
            names = "; ".join(f"“{step.name}” ({step.host})" for step in record.plan.steps if step.number in ends)
            text = f"For up to {left:.0f} s more this may still go on at its host, and is waited for: {names}"
            self._log.append("note", text=text)
            self._waits(text)
        await over(record.plan, ends, asking(self._attempts, survey.memory), self._clock, self._pause)

    async def _verified(self, record: OperationRecord, survey: Survey) -> tuple[Ended, Execution]:
        """Read all of it. Where it is as it should be, that ends the operation, if it is ours to end."""
        execution = self._execution(record, survey, None)
        self._log.append("resumed", decide="verify", reason=self._reason)
        ended = await execution.verify()
        if ended.ending is not Ending.DONE:
            return replace(ended, sentence=self._told(record, ended.sentence)), execution
        if not self._ours:
            left = f"It is {self._one.operator}'s: to end it and release its lock say --whose {self._one.operator}."
            return replace(ended, ending=Ending.NEEDS_PERSON, sentence=f"{ended.sentence} {left}"), execution
        lock = await self._locked(record, survey)
        return await self._finished(lock, ended), execution

    def _told(self, record: OperationRecord, sentence: str) -> str:
        """What `verify` says of an operation that is not complete, with what bears on how to go on."""
        if not self._one.hosts:
            return (
                "As far as this console knows it is not complete, but no node that is reached carries its lock: "
                "another console has ended or abandoned it, or those that carry it are away. When all are back and "
                "none carries it, abandon it; that changes nothing."
            )
        return f"It was being taken back when it was cut off. {sentence}" if record.undoing else sentence

    async def _see_allowed(self, entries: list[journal.Entry], record: OperationRecord, survey: Survey) -> None:
        """See that where it needs a second operator there was one. Raises NotNow."""
        if self._one.runbook not in self._estate.operators.two_person:
            return
        hosts = tuple(dict.fromkeys((*self._one.hosts, *lockable(survey, self._ground))))
        why = await was_allowed(self._hands, self._ground, entries, self._one.operation, record.plan.hash, hosts)
        if why is not None:
            raise NotNow(Ending.NOT_CONFIRMED, f"Nothing was done: {why}.")

    async def _see_guards(self, record: OperationRecord) -> None:
        """See that its guards still let it go on. Raises NotNow."""
        why = await refusal(record, self._ground, self._hands, self._log, self._person, self._clock)
        if why is not None:
            raise NotNow(
                Ending.REFUSED, f"Nothing was done. {why}. Then continue it; else undo it, which is possible as yet."
            )

    async def left_standing(self) -> tuple[str, ...]:
        """What it leaves behind where it is given up, as far as that is known."""
        entries = list(journal.read(directory_of(self._estate), cluster=self._one.cluster))
        if not self._one.readable or has_ended(entries, self._one.operation):
            return ()
        survey = await self._survey()
        try:
            record, _, begun = await self._record(entries, lockable(survey, self._ground))
        except NotNow:
            return ("What it had done is not known here: look at the cluster.",)
        lines = await left_standing(record.plan, record.earlier, asking(self._attempts, survey.memory))
        now = self._clock()
        may_go_on = tuple(
            f"For up to {at - now:.0f} s more this may still go on: {record.plan.steps[number - 1].name}."
            for number, at in ending(record.plan, begun, self._attempts).items()
            if at > now
        )
        return (*lines, *may_go_on)

    async def _reread(self, record: OperationRecord, survey: Survey) -> OperationRecord:
        """With what is not so any more of what was done, so that it is done again. Raises NotNow."""
        again, unread = await reread(record.plan, record.earlier, asking(self._attempts, survey.memory))
        if unread:
            told = "; ".join(unread)
            raise NotNow(
                Ending.REFUSED,
                f"Nothing was done: it can't be read whether this still stands: {told}. Bring the host back and "
                "continue then; else undo or abandon it.",
            )
        for number in again:
            self._log.append("note", text=f"not so any more: {record.plan.steps[number - 1].name}", step=number)
        return replace(record, outcomes={**record.outcomes, **again})

    async def _survey(self) -> Survey:
        return await Surveyor(self._hands, self._ground, self._clock).survey()

    async def _record(
        self, entries: list[journal.Entry], carriers: tuple[str, ...]
    ) -> tuple[OperationRecord, bool, dict[int, float]]:
        """What is known of the operation, whether its plan stands in this journal, and since when the steps run of
        which nobody tells the end."""
        one = self._one
        asked = tuple(dict.fromkeys((*one.hosts, *carriers)))
        beside = await agreed(self._hands, self._ground, asked, one.operation, one.runbook) if one.hosts else None
        own = of_last_run([entry for entry in entries if entry.operation == one.operation])
        planned = written_plan(own)
        if planned is None:
            if beside is None:
                raise NotNow(
                    Ending.REFUSED,
                    "Nothing was done: neither this console's journal nor the record beside the lock on more than half "
                    "of its hosts tells the operation's plan. Resume it where it was started, or abandon it.",
                )
            return beside, False, _running(beside, {}, self._clock())
        if beside is not None and beside.plan.hash != planned.plan.hash:
            raise NotNow(Ending.REFUSED, "Nothing was done: the hosts' record holds another plan than this journal.")
        outcomes = merged(beside, earlier(own, planned.plan))
        undoing = planned.undoing or (beside is not None and beside.undoing)
        carriers = beside.carriers if beside is not None else ()
        record = replace(planned, outcomes=outcomes, undoing=undoing, carriers=carriers)
        return record, True, _running(record, open_since(own, planned.plan), self._clock())

    async def _locked(self, record: OperationRecord, survey: Survey) -> Lock:
        one = self._one
        lock = Lock(
            self._hands,
            self._ground,
            LockRecord(
                operation=one.operation,
                cluster=one.cluster,
                runbook=one.runbook,
                operator=self._person.name,
                from_host=self._person.host,
                pid=os.getpid(),
                started_at=one.started_at,
                plan=record.plan.hash,
                step=one.step,
                steps=len(record.plan.steps),
                reason=self._reason[:1000],
                holder=secrets.token_hex(8),
                beat_at=self._clock(),
            ),
            self._clock,
        )
        try:
            carrying = tuple(host for host in one.hosts if survey.nodes[host].reached)
            hosts = tuple(dict.fromkeys((*lockable(survey, self._ground), *carrying)))
            await lock.adopt(hosts, one.holders, (*record.carriers, *one.hosts))
        except Held as held:
            raise NotNow(Ending.LOCKED, f"Nothing was done: {held}.") from held
        except NoLock as failure:
            raise NotNow(Ending.REFUSED, f"Nothing was done: {failure}") from failure
        return lock

    async def _see(self, record: OperationRecord, survey: Survey, decide: str) -> None:
        """See that what is to be done may be done. Raises NotNow."""
        why = changed(survey, self._ground, record)
        if why is not None:
            advice = "Look at the cluster, and abandon it: that tells what it leaves behind, and how to take it back."
            raise NotNow(Ending.REFUSED, f"Nothing was done: {why}. {advice}")
        if decide == "continue" and (why := unproven(survey, self._ground, record)) is not None:
            raise NotNow(Ending.REFUSED, f"Nothing was done: {why}. Look at the cluster; then undo or abandon it.")
        acted_on = {step.host for step in record.plan.steps} & set(self._ground.nodes)
        silent = {node for node in acted_on if not survey.nodes[node].reached}
        facts = {"acts_on": tuple(sorted(acted_on - silent))}
        case = Case(self._ground, survey, facts, self._hands, self._clock, frozenset(record.attested))
        told = await guards.judged("identity", case, frozenset())
        self._log.append("guard", **msgspec.to_builtins(told))
        if not told.accepted:
            raise NotNow(Ending.REFUSED, f"Nothing was done: {told.reading}. {told.advice}")

    def _write_plan(self, record: OperationRecord) -> None:
        """So that this journal, too, tells what was meant to be done before it tells what was."""
        whole = msgspec.to_builtins(record.plan)
        self._log.append("planned", plan=record.plan.hash, whole=whole, **_kept(record), reason=self._reason)

    def _execution(self, record: OperationRecord, survey: Survey, lock: Lock | None) -> Execution:
        return Execution(
            record.plan,
            hands=self._hands,
            ground=self._ground,
            actions=actions(),
            checks=checks(),
            log=self._log,
            clock=self._clock,
            memory=survey.memory,
            stop=self._stop,
            earlier=record.earlier,
            before_step=lock.before if lock is not None else None,
            progress=(lambda step, result: lock.note(step, result.outcome)) if lock is not None else _unseen,
        )

    async def _decided(self, execution: Execution, decide: str, done: str) -> Ended:
        if decide == "undo":
            return await execution.undo("A person decided to undo it.")
        ended = await execution.run()
        if ended.ending is not Ending.DONE:
            return ended
        told = f"Continued to its end. {done}{untested(execution.untested)}"
        return replace(ended, sentence=told.strip())

    async def _finished(self, lock: Lock, ended: Ended) -> Ended:
        try:
            self._log.append("outcome", outcome=ended.ending.value, sentence=ended.sentence, card=list(ended.card))
        except NotWritten as full:
            card = (*ended.card, f"The journal lacks the outcome ({ended.ending.value}): {full}")
            await lock.leave()
            return replace(ended, ending=Ending.NEEDS_PERSON, card=card)
        return replace(ended, card=(*ended.card, *await lock.release()))


def _running(record: OperationRecord, since: dict[int, float], now: float) -> dict[int, float]:
    """Since when the steps run whose end is not known. The hosts' record tells no times: then it may be since now."""
    known = (StepOutcome.DONE, StepOutcome.SKIPPED)
    return {
        number: since.get(number, now)
        for number, outcome in record.outcomes.items()
        if outcome is StepOutcome.RUNNING or (number in since and outcome not in known)
    }


def _unseen(step: object, result: object) -> None:
    """Verifying tells nobody how far it is."""


def _kept(record: OperationRecord) -> dict[str, object]:
    steps = [
        {"name": step.name, "host": step.host, "command": list(step.commands), "undo": step.undo.text}
        for step in record.plan.steps
    ]
    return {
        "steps": steps,
        "epoch": record.epoch,
        "primaries": list(record.primaries),
        "attested": list(record.attested),
        "params": record.params,
        "overrides": list(record.overrides),
        "outcomes": {str(number): outcome.value for number, outcome in record.earlier.items()},
        "done": record.done,
    }
