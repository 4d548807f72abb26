"""The record of an operation that lies beside its lock: the plan and what became of its steps.

Any console can take an operation up with it. It lies on hosts, so it is no more than a claim: it counts where more
than half of the hosts that should carry the lock hold the same plan, or more than half of the DR site's where the main
site was gone when it began and holds no other; and the plan is one that the runbook can give.
What became of a step is believed where more than half of these say the same; else it is open, and is looked up.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from dslsconsole.runbooks import library
from dslsconsole.runbooks.attempt import StepOutcome
from dslsconsole.runbooks.plan import Plan
from dslsconsole.settings import ConfigurationError
from dslsconsole.ssh.cleaning import clean
from dslsconsole.systems.acting import Hands, Refused, Unfinished, Unreached
from dslsconsole.systems.ground import Ground

DISASTER = "disaster"
"""The facts of what moves the service between sites."""
LONGEST = 2_000_000
"""Bytes of a record that is read as one."""
_Word = Annotated[str, Meta(max_length=200)]


class OperationRecord(Struct, frozen=True):
    """The whole plan, and what is known of its steps by number. `undoing` says that taking back has begun."""

    operation: _Word
    cluster: _Word
    runbook: _Word
    plan: Plan
    epoch: _Word = ""
    primaries: tuple[_Word, ...] = ()
    attested: tuple[_Word, ...] = ()
    outcomes: dict[int, StepOutcome] = {}
    undoing: bool = False
    params: dict[_Word, Annotated[str, Meta(max_length=1000)]] = {}
    overrides: tuple[_Word, ...] = ()
    carriers: tuple[_Word, ...] = ()
    """The hosts that its lock was put on."""
    done: Annotated[str, Meta(max_length=4000)] = ""
    """What is said when all is done."""

    def with_outcome(self, step: int, outcome: str) -> "OperationRecord":
        """The same with a step's outcome. A step that was done and is begun again is being taken back."""
        begun = outcome == StepOutcome.RUNNING and step in self.outcomes
        return msgspec.structs.replace(
            self,
            outcomes={**self.outcomes, step: StepOutcome(outcome)},
            undoing=self.undoing or begun or outcome == StepOutcome.UNDONE,
        )

    def encoded(self) -> bytes:
        return msgspec.json.encode(self)

    @property
    def earlier(self) -> dict[int, StepOutcome]:
        """The steps that were begun. One without a known end may or may not have happened."""
        return {
            number: outcome if outcome in (StepOutcome.DONE, StepOutcome.SKIPPED) else StepOutcome.FAILED
            for number, outcome in self.outcomes.items()
            if outcome not in (StepOutcome.UNDONE, StepOutcome.PLANNED)
        }


def record_path(directory: str, cluster: str, operation: str) -> str:
    return f"{directory.rstrip('/')}/{cluster}.{operation}.json"


async def agreed(
    hands: Hands, ground: Ground, hosts: tuple[str, ...], operation: str, runbook: str
) -> OperationRecord | None:
    """The record on which more than half of `hosts`, those that should carry it, agree; None where there is none."""
    path = record_path(ground.estate.lock_directory, ground.name, operation)
    found: dict[str, OperationRecord] = {}
    for host in hosts:
        try:
            data = await hands.read(host, path)
        except (Unreached, Unfinished, Refused):
            continue
        if data is not None and (record := _decoded(data)) is not None:
            found[host] = record
    counted = Counter(record.plan.hash for record in found.values()).most_common(1)
    if not counted or not _enough(ground, {host: record.plan.hash for host, record in found.items()}, hosts, runbook):
        return None
    same = [record for record in found.values() if record.plan.hash == counted[0][0]]
    best = msgspec.structs.replace(
        same[0],
        undoing=any(record.undoing for record in same),
        outcomes=_believed(same),
        # What loosens a guard counts only where all of them say so.
        attested=_said_by_all([record.attested for record in same]),
        overrides=_said_by_all([record.overrides for record in same]),
        carriers=tuple(name for name in same[0].carriers if name in ground.nodes),
        done=clean(same[0].done),
    )
    right = best.operation == operation and best.cluster == ground.name and best.runbook == runbook
    return best if right and possible(best.plan, ground) else None


def _enough(ground: Ground, found: Mapping[str, str], hosts: tuple[str, ...], runbook: str) -> bool:
    """Whether enough hosts hold the same plan, `found` by its hash, of those that should carry it."""
    if max(Counter(found.values()).values()) * 2 > len(hosts):
        return True
    if not _moves_sites(ground, runbook):
        return False
    at_dr = [plan for host, plan in found.items() if host in ground.dr_nodes]
    return len(set(found.values())) == 1 and len(at_dr) == len(found) and len(at_dr) * 2 > len(ground.dr_nodes)


def _moves_sites(ground: Ground, runbook: str) -> bool:
    """Whether it is a runbook that runs while the main site is gone."""
    try:
        book = library.find(ground.estate, runbook)
    except ConfigurationError:
        return False
    return book is not None and book.facts == DISASTER


def _said_by_all(told: list[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(name for name in told[0] if all(name in others for others in told[1:]))


def _believed(records: list[OperationRecord]) -> dict[int, StepOutcome]:
    """What most say of each step; one of which they say different things may or may not have happened."""
    told: dict[int, Counter[StepOutcome]] = {}
    for record in records:
        for number, outcome in record.outcomes.items():
            told.setdefault(number, Counter())[outcome] += 1
    return {
        number: outcome if votes * 2 > len(records) else StepOutcome.FAILED
        for number, counts in told.items()
        for outcome, votes in counts.most_common(1)
    }


def _decoded(data: bytes) -> OperationRecord | None:
    if len(data) > LONGEST:
        return None
    try:
        return msgspec.json.decode(data, type=OperationRecord)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def possible(plan: Plan, ground: Ground) -> bool:
    """Whether the plan is one that its runbook can give on this cluster: its hosts, actions, checks and numbers."""
    try:
        book = library.find(ground.estate, plan.runbook)
    except ConfigurationError:
        return False
    if book is None or plan.cluster != ground.name:
        return False
    uses = [(use.do, use.undo.do, tuple(need.check for need in use.needs)) for use in book.steps]
    hosts = {*ground.nodes, *ground.main_balancers, *ground.dr_balancers}
    for number, step in enumerate(plan.steps, 1):
        if not 0 <= step.group < len(uses) or step.number != number:
            return False
        do, undo, needs = uses[step.group]
        checks = [*step.needs, *(one for one in (step.until, step.undo.until) if one is not None)]
        if (step.action, step.undo.action, tuple(need.check for need in step.needs)) != (do, undo, needs):
            return False
        if not {step.host, *(one.host for one in checks)} <= hosts:
            return False
        if step.undo.action is not None and step.undo.host not in hosts:
            return False
    return True
