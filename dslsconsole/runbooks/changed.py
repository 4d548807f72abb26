"""Whether the cluster is still as an operation that was cut off has left it, so that it may be taken up again."""

from collections.abc import Mapping

from dslsconsole import journal
from dslsconsole.model.node import Mode
from dslsconsole.runbooks.attempt import StepOutcome
from dslsconsole.runbooks.beside import OperationRecord
from dslsconsole.runbooks.evidence import attestable, evidence
from dslsconsole.runbooks.facts import common
from dslsconsole.runbooks.plan import PlannedStep
from dslsconsole.runbooks.survey import Survey
from dslsconsole.systems.ground import Ground

_SETTLED = (StepOutcome.DONE, StepOutcome.SKIPPED)


def followed_by(entries: list[journal.Entry], operation: str) -> str | None:
    """Another operation on the cluster that this journal saw act after this one, in words."""
    begun, found = False, None
    for entry in entries:
        if entry.operation == operation:
            if entry.event in ("planned", "confirmed"):
                begun, found = True, None
        elif begun and found is None and entry.event == "step-started":
            found = f"{entry.runbook} (operation {entry.operation}, {entry.operator}) has acted on the cluster since"
    return found


def changed(survey: Survey, ground: Ground, record: OperationRecord) -> str | None:
    """What of the primary role is not as the operation left it, in words; None where nothing is known to differ."""
    begun = _may_have_promoted(record)
    serving = survey.primaries()
    if len(serving) > 1:
        return f"{' and '.join(serving)} both serve as primary"
    strangers = [name for name in serving if name not in record.primaries and name not in begun]
    if strangers:
        return f"{strangers[0]} serves as primary, which the operation did not bring about"
    now = common.epoch(survey, ground.nodes)
    silent = all(not node.reached or node.stopped for node in survey.nodes.values())
    if now is None and not silent:
        return "no node tells the cluster's epoch, so it can't be told whether another has been promoted since"
    before = int(record.epoch) if record.epoch.isdecimal() else 0
    if now is not None and before not in (0, now) and not begun and not record.undoing:
        return f"the epoch is {now}, and was {record.epoch} when the operation began: there was a promotion since"
    return None


def _may_have_promoted(record: OperationRecord) -> set[str]:
    """Nodes that may have become primary by what the operation began: a server that it means to promote may take the
    role by itself as soon as it is started."""
    targets = {step.host for step in record.plan.steps if step.action == "promote"}
    return {
        step.host
        for step in record.plan.steps
        if step.number in record.earlier and step.host in targets and step.action in ("promote", "service-start")
    }


def unproven(survey: Survey, ground: Ground, record: OperationRecord) -> str | None:
    """Why a promotion that is still to come might make a second primary, in words."""
    left = [step for step in record.plan.steps if record.earlier.get(step.number) not in _SETTLED]
    for promotion in (step for step in left if step.action == "promote"):
        for node, settings in ground.nodes.items():
            if node == promotion.host or settings.mode is Mode.ARBITRATOR:
                continue
            if (why := _may_serve(survey, ground, node, left, record.attested)) is not None:
                return why
    return None


def _may_serve(
    survey: Survey, ground: Ground, node: str, left: list[PlannedStep], attested: tuple[str, ...]
) -> str | None:
    seen = survey.nodes[node]
    if seen.stopped or any(step.host == node and step.action.startswith("service-stop") for step in left):
        return None  # a stop that is to come is proven by itself
    if seen.serves:
        return f"{node} serves as primary"
    if seen.role is not None:
        return None
    told = evidence(survey, ground, node)
    if told.proven or (node in attested and attestable(survey, ground, node)):
        return None
    return f"it is not known whether {node} serves: {told.text or 'nobody tells'}"


def merged(record: OperationRecord | None, written: Mapping[int, StepOutcome]) -> dict[int, StepOutcome]:
    """What the hosts' record and this journal know of the steps. Where both tell, a known end counts, and the hosts'
    first: another console may have gone on."""
    told = record.outcomes if record is not None else {}
    found = dict(written)
    for number, outcome in told.items():
        if outcome is StepOutcome.UNDONE:
            found.pop(number, None)
        elif outcome in _SETTLED or number not in found:
            found[number] = outcome if outcome in (*_SETTLED, StepOutcome.RUNNING) else StepOutcome.FAILED
    return found
