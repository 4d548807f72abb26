"""Taking up an operation that was cut off."""

import time
from collections.abc import Callable

from dslsconsole.journal import Journal
from dslsconsole.runbooks.execution import Ending, NotWritten
from dslsconsole.runbooks.lock import path_of, read, stop_path
from dslsconsole.runbooks.permission import Person, forbidden, who
from dslsconsole.runbooks.reach import Reach
from dslsconsole.runbooks.record import OperationLog, directory_of
from dslsconsole.runbooks.report import Report
from dslsconsole.runbooks.unfinished import Known
from dslsconsole.settings.schema import Estate
from dslsconsole.systems.acting import Refused, Unfinished, Unreached
from dslsconsole.systems.ground import Ground

Ender = Callable[..., Report]


async def resumed(estate: Estate, one: Known, decide: str, confirm: str | None, reason: str) -> Report:
    """What became of an unfinished operation by the decision.

    Abandoning releases the locks and changes nothing else; the other decisions are not built yet and change nothing.
    """

    def ending(outcome: Ending, sentence: str, card: tuple[str, ...] = ()) -> Report:
        return Report(one.runbook, one.cluster, one.operation, outcome, sentence=sentence, card=card)

    person = who()
    if (why := forbidden(estate, one.runbook, person)) is not None:
        return ending(Ending.NOT_CONFIRMED, why)
    if decide != "abandon":
        return ending(
            Ending.REFUSED,
            f"Nothing was done: this version can't {decide} yet. Look at step {one.step} of {one.steps} in "
            f"`dslsconsole journal show --operation {one.operation}`, then abandon it and run what is needed.",
        )
    if confirm != one.cluster:
        return ending(Ending.NOT_CONFIRMED, f"Not confirmed: --confirm {one.cluster} is needed.")
    if not reason.strip():
        return ending(Ending.NOT_CONFIRMED, "Not confirmed: --reason is needed; it is written to the journal.")
    if one.cluster not in estate.clusters:
        return ending(Ending.REFUSED, f"The estate file has no cluster {one.cluster} any more.")
    return await _abandoned(estate, one, person, reason, ending)


async def _abandoned(estate: Estate, one: Known, person: Person, reason: str, ending: Ender) -> Report:
    log = OperationLog(Journal(directory_of(estate), time.time), person, one.cluster, one.runbook, one.operation)
    try:
        log.append("abandoned", reason=reason, step=one.step, steps=one.steps, hosts=list(one.hosts))
    except NotWritten as full:
        return ending(Ending.REFUSED, f"Nothing was done, because the journal can't be written: {full}")
    ground, troubles = Ground(estate, one.cluster), []
    path = path_of(ground)
    async with Reach(ground, time.time) as hands:
        for host in one.hosts:
            try:
                record = await read(hands, host, path)
                if record is not None and record.operation == one.operation:
                    await hands.remove(host, path)
                    await hands.remove(host, stop_path(path))
            except (Unreached, Unfinished, Refused) as failure:
                troubles.append(f"{host}: the lock {path} is still there: {failure}")
    if troubles:
        return ending(Ending.NEEDS_PERSON, "Abandoned, but not every lock could be released.", tuple(troubles))
    where = ", ".join(one.hosts) or "no host"
    return ending(Ending.DONE, f"Abandoned; its lock is released on {where}. What it had done stands as it is.")
