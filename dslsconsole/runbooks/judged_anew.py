"""The runbook's guards, judged again before an operation that was cut off goes on.

As long as nothing but loops, load balancers and copies was touched, the cluster is as the guards speak of it. Later it
is not: a primary that the operation has stopped itself is no reason to leave users without one.
"""

from collections.abc import Callable

from dslsconsole.runbooks import library
from dslsconsole.runbooks.attempt import StepOutcome
from dslsconsole.runbooks.beside import OperationRecord
from dslsconsole.runbooks.execution import Log
from dslsconsole.runbooks.operation import Operation, Wish
from dslsconsole.runbooks.overruled import leaves_the_service
from dslsconsole.runbooks.permission import Person
from dslsconsole.settings import ConfigurationError
from dslsconsole.systems.acting import Hands
from dslsconsole.systems.ground import Ground

_BY_ITS_OWN_DOING = frozenset({"target_in_sync", "journal_writable"})
"""The loop that kept the backup in step was paused by the operation, which brings the tokens over itself. And what is
written from here on is written first."""


async def refusal(
    record: OperationRecord, ground: Ground, hands: Hands, log: Log, person: Person, clock: Callable[[], float]
) -> str | None:
    """Why it may not go on by its guards, as the end of a sentence; None where it may, or they don't tell any more."""
    units = {loop.unit for loop in ground.cluster.automation}
    begun = [step for step in record.plan.steps if record.earlier.get(step.number) not in (None, StepOutcome.SKIPPED)]
    if not all(leaves_the_service(step, units) for step in begun):
        return None
    try:
        book = library.find(ground.estate, record.runbook)
    except ConfigurationError:
        book = None
    if book is None:
        return f"there is no runbook {record.runbook} any more"
    wish = Wish(
        runbook=book,
        operation=record.operation,
        reason="",
        params=record.params or {ask.name: ask.default for ask in book.asks},
        overrides=frozenset(record.overrides),
        attested=frozenset(record.attested),
    )
    prospect = await Operation(wish, ground, hands, log, person, clock).look()
    refusals = [one for one in prospect.refusals if one.name not in _BY_ITS_OWN_DOING]
    if not refusals:
        return None
    return "; ".join(f"{one.name}: {one.reading.rstrip('.')}. {one.advice.rstrip('.')}" for one in refusals)
