"""Taking up an operation that was cut off."""

import time
from collections.abc import Callable

import msgspec
from msgspec.structs import replace

from dslsconsole import journal
from dslsconsole.journal import Journal
from dslsconsole.runbooks.execution import Ended, Ending, Execution, NotWritten, StepOutcome
from dslsconsole.runbooks.lock import path_of, read, stop_path
from dslsconsole.runbooks.permission import Person, forbidden, who
from dslsconsole.runbooks.plan import Plan
from dslsconsole.runbooks.reach import Reach
from dslsconsole.runbooks.record import OperationLog, directory_of
from dslsconsole.runbooks.report import Report
from dslsconsole.runbooks.survey import Surveyor
from dslsconsole.runbooks.unfinished import Known
from dslsconsole.settings.schema import Estate
from dslsconsole.systems.acting import Refused, Unfinished, Unreached, actions, checks
from dslsconsole.systems.ground import Ground

Ender = Callable[..., Report]


async def resumed(estate: Estate, one: Known, decide: str, confirm: str | None, reason: str) -> Report:
    """What became of an unfinished operation by the decision.

    Verifying reads what became of each step that was begun. Continuing runs the rest of the very plan that was
    confirmed, undoing takes back what was done; both need the plan, which this console's journal holds. Abandoning
    releases the locks and changes nothing else.
    """

    def ending(outcome: Ending, sentence: str, card: tuple[str, ...] = ()) -> Report:
        return Report(one.runbook, one.cluster, one.operation, outcome, sentence=sentence, card=card)

    person = who()
    if (why := forbidden(estate, one.runbook, person)) is not None:
        return ending(Ending.NOT_CONFIRMED, why)
    if one.cluster not in estate.clusters:
        return ending(Ending.REFUSED, f"The estate file has no cluster {one.cluster} any more.")
    if decide == "verify":
        return await _taken_up(estate, one, person, decide, reason, ending)
    if confirm != one.cluster:
        return ending(Ending.NOT_CONFIRMED, f"Not confirmed: --confirm {one.cluster} is needed.")
    if not reason.strip():
        return ending(Ending.NOT_CONFIRMED, "Not confirmed: --reason is needed; it is written to the journal.")
    if decide != "abandon":
        return await _taken_up(estate, one, person, decide, reason, ending)
    return await _abandoned(estate, one, person, reason, ending)


async def _taken_up(estate: Estate, one: Known, person: Person, decide: str, reason: str, ending: Ender) -> Report:
    entries = list(journal.read(directory_of(estate), operation=one.operation))
    plan = _plan(entries)
    if plan is None:
        return ending(
            Ending.REFUSED,
            "Nothing was done: this console's journal does not hold the operation's plan. Resume it where it was "
            "started, or abandon it.",
        )
    ground = Ground(estate, one.cluster)
    log = OperationLog(Journal(directory_of(estate), time.time), person, one.cluster, one.runbook, one.operation)
    async with Reach(ground, time.time) as hands:
        survey = await Surveyor(hands, ground, time.time).survey()
        execution = Execution(
            plan,
            hands=hands,
            ground=ground,
            actions=actions(),
            checks=checks(),
            log=log,
            clock=time.time,
            memory=survey.memory,
            earlier=earlier(entries, plan, decide),
        )
        try:
            log.append("resumed", decide=decide, reason=reason)
            ended = await _decided(execution, decide)
            if decide != "verify" or ended.ending is Ending.DONE:
                log.append("outcome", outcome=ended.ending.value, sentence=ended.sentence, card=list(ended.card))
                troubles = await _released(hands, ground, one)
                ended = replace(ended, card=(*ended.card, *troubles))
        except NotWritten as full:
            return ending(Ending.NEEDS_PERSON, f"It stopped, because the journal can't be written: {full}")
    return replace(ending(ended.ending, ended.sentence, ended.card), steps=tuple(execution.results), plan=plan.hash)


async def _decided(execution: Execution, decide: str) -> Ended:
    if decide == "verify":
        return await execution.verify()
    if decide == "undo":
        return await execution.undo("A person decided to undo it.")
    ended = await execution.run()
    return replace(ended, sentence="Continued to its end.") if ended.ending is Ending.DONE else ended


def _plan(entries: list[journal.Entry]) -> Plan | None:
    """The plan as it was confirmed; None where the journal does not hold it, or holds another than it says."""
    for entry in entries:
        if entry.event == "planned" and isinstance(entry.data.get("whole"), dict):
            try:
                plan = msgspec.convert(entry.data["whole"], Plan)
            except msgspec.ValidationError:
                return None
            return plan if plan.hash == entry.data.get("plan") else None
    return None


def earlier(entries: list[journal.Entry], plan: Plan, decide: str) -> dict[int, StepOutcome]:
    """What the journal tells of the plan's steps. One that was begun and never ended may or may not have happened.

    To continue, such a step is looked at and run again; to undo, it is taken back as if it had happened in part.
    """
    found: dict[int, StepOutcome] = {}
    for entry in entries:
        number = entry.data.get("step")
        if not isinstance(number, int) or not 1 <= number <= len(plan.steps):
            continue
        if entry.event == "step-started" and not entry.data.get("undo"):
            found[number] = StepOutcome.FAILED
        elif entry.event == "step-ended":
            words = {"done": StepOutcome.DONE, "skipped": StepOutcome.SKIPPED}
            outcome = words.get(str(entry.data.get("outcome")))
            if outcome is None:
                found[number] = StepOutcome.FAILED
            else:
                found[number] = outcome
            if entry.data.get("outcome") == "undone":
                found.pop(number)
    if decide == "continue":
        return {number: outcome for number, outcome in found.items() if outcome is not StepOutcome.FAILED}
    return found


async def _released(hands: Reach, ground: Ground, one: Known) -> list[str]:
    """Remove the operation's locks; the troubles that this met."""
    path, troubles = path_of(ground), []
    for host in one.hosts:
        try:
            record = await read(hands, host, path)
            if record is not None and record.operation == one.operation:
                await hands.remove(host, path)
                await hands.remove(host, stop_path(path))
        except (Unreached, Unfinished, Refused) as failure:
            troubles.append(f"{host}: the lock {path} is still there: {failure}")
    return troubles


async def _abandoned(estate: Estate, one: Known, person: Person, reason: str, ending: Ender) -> Report:
    log = OperationLog(Journal(directory_of(estate), time.time), person, one.cluster, one.runbook, one.operation)
    try:
        log.append("abandoned", reason=reason, step=one.step, steps=one.steps, hosts=list(one.hosts))
    except NotWritten as full:
        return ending(Ending.REFUSED, f"Nothing was done, because the journal can't be written: {full}")
    ground = Ground(estate, one.cluster)
    async with Reach(ground, time.time) as hands:
        troubles = await _released(hands, ground, one)
    if troubles:
        return ending(Ending.NEEDS_PERSON, "Abandoned, but not every lock could be released.", tuple(troubles))
    where = ", ".join(one.hosts) or "no host"
    return ending(Ending.DONE, f"Abandoned; its lock is released on {where}. What it had done stands as it is.")
