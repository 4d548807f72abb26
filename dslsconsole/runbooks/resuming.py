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
from dslsconsole.runbooks.beside import OperationRecord, agreed
from dslsconsole.runbooks.changed import changed, followed_by, merged, unproven
from dslsconsole.runbooks.execution import Ended, Ending, Execution, NotWritten
from dslsconsole.runbooks.facts.common import lockable
from dslsconsole.runbooks.guard import Case
from dslsconsole.runbooks.lock import (
    BEAT_SECONDS,
    Held,
    Lock,
    LockRecord,
    NoLock,
    read,
    removed,
    removed_unreadable,
    watched,
)
from dslsconsole.runbooks.permission import Person, forbidden, who
from dslsconsole.runbooks.process import identity
from dslsconsole.runbooks.reach import Reach
from dslsconsole.runbooks.record import OperationLog, directory_of
from dslsconsole.runbooks.report import Report
from dslsconsole.runbooks.survey import Survey, Surveyor
from dslsconsole.runbooks.unfinished import Known
from dslsconsole.runbooks.written import earlier, has_ended, of_last_run, written_plan
from dslsconsole.settings.schema import Estate
from dslsconsole.systems.acting import Refused, Unfinished, Unreached, actions, checks
from dslsconsole.systems.ground import Ground

Ender = Callable[..., Report]
pause = asyncio.sleep
WATCHED_SECONDS = 3 * BEAT_SECONDS
"""How long a lock whose process can't be looked at is watched for a sign of life before it is taken over."""


class NotNow(Exception):  # noqa: N818
    """It may not be taken up now, and nothing was changed: why, and with which ending."""

    def __init__(self, ending: Ending, sentence: str) -> None:
        super().__init__(sentence)
        self.ending = ending


async def resumed(
    estate: Estate,
    one: Known,
    decide: str,
    confirm: str | None,
    reason: str,
    whose: str | None = None,
    stop: asyncio.Event | None = None,
) -> Report:
    """What became of an unfinished operation by the decision.

    Verifying reads what became of each step that was begun. Continuing runs the rest of the very plan that was
    confirmed, undoing takes back what was done; both need the plan, from this console's journal or from the record
    beside the lock, the lock itself, and a cluster that is as the operation left it. Abandoning releases the locks and
    changes nothing else. What another operator left is taken over only by saying whose it was. `stop` asks to stop
    between two steps.
    """

    def ending(outcome: Ending, sentence: str, card: tuple[str, ...] = ()) -> Report:
        return Report(one.runbook, one.cluster, one.operation, outcome, sentence=sentence, card=card)

    person = who()
    if one.readable and (why := forbidden(estate, one.runbook, person)) is not None:
        return ending(Ending.NOT_CONFIRMED, why)
    if one.cluster not in estate.clusters:
        return ending(Ending.REFUSED, f"The estate file has no cluster {one.cluster} any more.")
    if decide != "verify" and confirm != one.cluster:
        return ending(Ending.NOT_CONFIRMED, f"Not confirmed: --confirm {one.cluster} is needed.")
    if decide != "verify" and not reason.strip():
        return ending(Ending.NOT_CONFIRMED, "Not confirmed: --reason is needed; it is written to the journal.")
    if decide != "verify" and one.readable and one.operator != person.name and whose != one.operator:
        left = f"it is {one.operator}'s, from {one.from_host}"
        return ending(
            Ending.NOT_CONFIRMED, f"Not confirmed: {left}. Ask them; to take it over say --whose {one.operator}."
        )
    ground = Ground(estate, one.cluster)
    async with Reach(ground, time.time) as hands:
        try:
            if decide == "abandon":
                return await _abandoned(estate, ground, hands, one, person, reason, ending)
            taking = _Taking(estate, ground, hands, one, person, reason, stop or asyncio.Event())
            ended, execution = await taking.up(decide)
        except NotNow as refusal:
            return ending(refusal.ending, str(refusal))
        except NotWritten as full:
            return ending(Ending.NEEDS_PERSON, f"It stopped, because the journal can't be written: {full}")
    return replace(
        ending(ended.ending, ended.sentence, ended.card), steps=tuple(execution.results), plan=execution.plan.hash
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
    ) -> None:
        self._estate = estate
        self._ground = ground
        self._hands = hands
        self._one = one
        self._person = person
        self._reason = reason
        self._stop = stop
        self._log = OperationLog(
            Journal(directory_of(estate), time.time), person, one.cluster, one.runbook, one.operation
        )

    async def up(self, decide: str) -> tuple[Ended, Execution]:
        """Raises NotNow, NotWritten."""
        one = self._one
        if not one.readable:
            raise NotNow(Ending.REFUSED, "Its lock file can't be read; it can only be abandoned.")
        await _still(self._hands, self._ground, one)
        entries = list(journal.read(directory_of(self._estate), cluster=one.cluster))
        if decide != "verify" and has_ended(entries, one.operation):
            raise NotNow(
                Ending.REFUSED,
                "Nothing was done: this journal tells how it ended; its lock came back. It can only be abandoned.",
            )
        survey = await self._survey()
        record, here = await self._record(entries, lockable(survey, self._ground))
        if decide == "verify":
            execution = self._execution(record, survey, None)
            self._log.append("resumed", decide=decide, reason=self._reason)
            ended = await execution.verify()
            if ended.ending is not Ending.DONE:
                return ended, execution
            lock = await self._locked(record, survey)
            return await self._finished(lock, ended), execution
        if (why := followed_by(entries, one.operation)) is not None:
            raise NotNow(Ending.REFUSED, f"Nothing was done: {why}, and the plan rests on what was before. Abandon it.")
        lock = await self._locked(record, survey)
        try:
            # What was read before the lock was ours may have been changed by who had it.
            survey = await self._survey()
            await self._see(record, survey, decide)
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
            ended = await self._decided(execution, decide)
        return await self._finished(lock, ended), execution

    async def _survey(self) -> Survey:
        return await Surveyor(self._hands, self._ground, time.time).survey()

    async def _record(self, entries: list[journal.Entry], carriers: tuple[str, ...]) -> tuple[OperationRecord, bool]:
        """What is known of the operation, and whether its plan stands in this journal."""
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
            return beside, False
        if beside is not None and beside.plan.hash != planned.plan.hash:
            raise NotNow(Ending.REFUSED, "Nothing was done: the hosts' record holds another plan than this journal.")
        outcomes = merged(beside, earlier(own, planned.plan))
        undoing = planned.undoing or (beside is not None and beside.undoing)
        return replace(planned, outcomes=outcomes, undoing=undoing), True

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
                beat_at=time.time(),
            ),
            time.time,
        )
        try:
            carrying = tuple(host for host in one.hosts if survey.nodes[host].reached)
            await lock.adopt(tuple(dict.fromkeys((*lockable(survey, self._ground), *carrying))), one.holders)
        except Held as held:
            raise NotNow(Ending.LOCKED, f"Nothing was done: {held}.") from held
        except NoLock as failure:
            raise NotNow(Ending.REFUSED, f"Nothing was done: {failure}") from failure
        return lock

    async def _see(self, record: OperationRecord, survey: Survey, decide: str) -> None:
        """See that what is to be done may be done. Raises NotNow."""
        why = changed(survey, self._ground, record)
        if why is None and decide == "continue":
            why = unproven(survey, self._ground, record)
        if why is not None:
            raise NotNow(Ending.REFUSED, f"Nothing was done: {why}. Look at the cluster; then undo or abandon it.")
        acted_on = {step.host for step in record.plan.steps} & set(self._ground.nodes)
        silent = {node for node in acted_on if not survey.nodes[node].reached}
        facts = {"acts_on": tuple(sorted(acted_on - silent))}
        case = Case(self._ground, survey, facts, self._hands, time.time, frozenset(record.attested))
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
            clock=time.time,
            memory=survey.memory,
            stop=self._stop,
            earlier=record.earlier,
            before_step=lock.before if lock is not None else None,
            progress=(lambda step, result: lock.note(step, result.outcome)) if lock is not None else _unseen,
        )

    async def _decided(self, execution: Execution, decide: str) -> Ended:
        if decide == "undo":
            return await execution.undo("A person decided to undo it.")
        ended = await execution.run()
        return replace(ended, sentence="Continued to its end.") if ended.ending is Ending.DONE else ended

    async def _finished(self, lock: Lock, ended: Ended) -> Ended:
        try:
            self._log.append("outcome", outcome=ended.ending.value, sentence=ended.sentence, card=list(ended.card))
        except NotWritten as full:
            card = (*ended.card, f"The journal lacks the outcome ({ended.ending.value}): {full}")
            await lock.leave()
            return replace(ended, ending=Ending.NEEDS_PERSON, card=card)
        return replace(ended, card=(*ended.card, *await lock.release()))


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
    }


async def _still(hands: Reach, ground: Ground, one: Known) -> None:
    """See that nobody runs it. Where this machine can't look at the process, its lock is watched for a while.

    Raises:
        NotNow: it runs.
    """
    if not one.readable or (one.here and one.process):
        return

    async def beats() -> set[tuple[str, int]]:
        found = set()
        for host in one.hosts:
            try:
                record = await read(hands, host, ground)
            except (Unreached, Unfinished, Refused):
                continue
            if record is not None and record.operation == one.operation:
                found.add((record.holder, record.beat))
        return found

    before = await beats()
    if not before:
        return
    await pause(WATCHED_SECONDS)
    if (after := await beats()) and after != before:
        raise NotNow(Ending.LOCKED, f"{one.operation} is running, from {one.from_host}: its lock shows signs of life.")


async def _abandoned(
    estate: Estate, ground: Ground, hands: Reach, one: Known, person: Person, reason: str, ending: Ender
) -> Report:
    await _still(hands, ground, one)
    log = OperationLog(Journal(directory_of(estate), time.time), person, one.cluster, one.runbook, one.operation)
    try:
        log.append("abandoned", reason=reason, step=one.step, steps=one.steps, hosts=list(one.hosts))
    except NotWritten as full:
        return ending(Ending.REFUSED, f"Nothing was done, because the journal can't be written: {full}")
    troubles = []
    for host in one.hosts:
        try:
            if one.readable:
                await removed(hands, ground, host, one.operation)
            else:
                await removed_unreadable(hands, ground, host)
        except (Unreached, Unfinished, Refused) as failure:
            troubles.append(f"The lock of {ground.name} is left behind on {host}: {failure}.")
    if troubles:
        return ending(Ending.NEEDS_PERSON, "Abandoned, but not every lock could be released.", tuple(troubles))
    where = ", ".join(one.hosts) or "no host"
    return ending(Ending.DONE, f"Abandoned; its lock is released on {where}. What it had done stands as it is.")
