"""What a journal tells of an operation that was cut off: its plan, what became of its steps, and whether it ended."""

import datetime

import msgspec
from msgspec.structs import replace

from dslsconsole import journal
from dslsconsole.runbooks.attempt import StepOutcome
from dslsconsole.runbooks.beside import OperationRecord
from dslsconsole.runbooks.plan import Plan
from dslsconsole.runbooks.record import remembered


def has_ended(entries: list[journal.Entry], operation: str) -> bool:
    """Whether the journal tells how the operation ended, after it was last begun or taken up."""
    told = remembered(entries).get(operation)
    return told is not None and told.ended


def of_last_run(entries: list[journal.Entry]) -> list[journal.Entry]:
    """The entries from the plan on that was confirmed last: an id may have been given to a run before."""
    confirmed = [number for number, entry in enumerate(entries) if entry.event == "confirmed"]
    planned = [number for number, entry in enumerate(entries) if entry.event == "planned"]
    before = [number for number in planned if confirmed and number < confirmed[-1]]
    return entries[before[-1] :] if before else entries


def written_plan(entries: list[journal.Entry]) -> OperationRecord | None:
    """The plan as it was confirmed; None where the journal does not hold it, or holds another than it says."""
    for entry in entries:
        if entry.event == "planned" and isinstance(entry.data.get("whole"), dict):
            try:
                plan = msgspec.convert(entry.data["whole"], Plan)
                record = OperationRecord(
                    operation=entry.operation,
                    cluster=entry.cluster,
                    runbook=entry.runbook,
                    plan=plan,
                    epoch=msgspec.convert(entry.data.get("epoch", ""), str),
                    primaries=msgspec.convert(entry.data.get("primaries", []), tuple[str, ...]),
                    attested=msgspec.convert(entry.data.get("attested", []), tuple[str, ...]),
                    params=msgspec.convert(entry.data.get("params", {}), dict[str, str]),
                    overrides=msgspec.convert(entry.data.get("overrides", []), tuple[str, ...]),
                    done=msgspec.convert(entry.data.get("done", ""), str),
                )
            except msgspec.ValidationError:
                return None
            undoing = any(one.event == "step-started" and one.data.get("undo") for one in entries)
            return replace(record, undoing=undoing) if plan.hash == entry.data.get("plan") else None
    return None


def earlier(entries: list[journal.Entry], plan: Plan) -> dict[int, StepOutcome]:
    """What the journal tells of the plan's steps. One that was begun and never ended may or may not have happened:
    to continue, it is looked at and run again; to undo, it is taken back as if it had happened in part.
    """
    found: dict[int, StepOutcome] = {}
    for entry in entries:
        if entry.event == "planned":
            found = _taken_up_with(entry, plan)
        number = entry.data.get("step")
        if not isinstance(number, int) or not 1 <= number <= len(plan.steps):
            continue
        if entry.event == "step-started" and not entry.data.get("undo"):
            found[number] = StepOutcome.FAILED
        elif entry.event == "step-ended":
            outcome = entry.data.get("outcome")
            if outcome == "undone":
                found.pop(number, None)
            elif entry.data.get("undo") or (outcome == "failed" and entry.data.get("run") is False):
                continue
            else:
                known = {"done": StepOutcome.DONE, "skipped": StepOutcome.SKIPPED}
                found[number] = known.get(str(outcome), StepOutcome.FAILED)
    return found


def _taken_up_with(entry: journal.Entry, plan: Plan) -> dict[int, StepOutcome]:
    """What another console had made of the steps, as it was known when this one took the operation up."""
    try:
        told = msgspec.convert(entry.data.get("outcomes", {}), dict[str, StepOutcome])
    except msgspec.ValidationError:
        return {}
    numbers = range(1, len(plan.steps) + 1)
    return {number: told[str(number)] for number in numbers if str(number) in told}


def open_since(entries: list[journal.Entry], plan: Plan) -> dict[int, float]:
    """When each step, or what takes it back, was begun whose end the journal does not tell, by number; seconds since
    the epoch."""
    found: dict[int, float] = {}
    for entry in entries:
        number = entry.data.get("step")
        if not isinstance(number, int) or not 1 <= number <= len(plan.steps):
            continue
        if entry.event == "step-started":
            found[number] = datetime.datetime.fromisoformat(entry.at).timestamp()
        elif entry.event == "step-ended":
            found.pop(number, None)
    return found
