"""Does no other operation run on this cluster?"""

import asyncio

from dslsconsole.runbooks.evidence import lets_nobody_in
from dslsconsole.runbooks.facts.common import lockable
from dslsconsole.runbooks.guard import Case, Judged, failed, locked, passed, unknown
from dslsconsole.runbooks.lock import STILL_AFTER_SECONDS, LockRecord, holders, told
from dslsconsole.runbooks.unread import let_in, named
from dslsconsole.systems.acting import Refused, Unfinished, Unreached

NEEDED = "no lock on the nodes, and the lock directory can be read"
OVERRIDABLE = False


async def judge(case: Case) -> Judged:
    hosts = lockable(case.survey, case.ground)
    own = case.text("operation")
    if (unfinished := case.text("unfinished")) is not None:
        return locked(f"this console's journal has not seen the end of {unfinished}", "See `dslsconsole operations`.")
    try:
        found = await holders(case.hands, case.ground, hosts)
    except (Unreached, Unfinished, Refused) as failure:
        return failed(
            f"whether the cluster's lock is free could not be read: {failure}",
            "See `dslsconsole check` about the lock directory.",
        )
    for host, record in found.items():
        if record is None:
            return locked(
                f"the cluster's lock on {host} can't be understood, so an operation may hold it",
                f"If nobody acts: `dslsconsole operations resume {case.ground.name}@{host} --decide abandon`.",
            )
        if record.operation != own:
            return _held(case, host, record)
    if not hosts:
        return unknown("no node could be asked whether it carries a lock", "Reach the nodes.")
    barred = tuple(name for name in case.ground.main_nodes if lets_nobody_in(case.survey, name) is not None)
    if len(barred) * 2 >= len(case.ground.main_nodes):
        # More than half of the nodes carry a lock: one of those that were read would.
        return unknown(f"{named(case, barred)} could not be asked whether it carries a lock", let_in(barred))
    directory = case.ground.estate.lock_directory
    try:
        lacking = await _without(case, hosts, directory)
    except (Unreached, Unfinished, Refused) as failure:
        return failed(f"the lock directory could not be read: {failure}", "See `dslsconsole check` about it.")
    if len(lacking) * 2 >= len(hosts):
        return failed(
            f"{', '.join(lacking)} {'has' if len(lacking) == 1 else 'have'} no {directory}, and more than half must "
            "carry the cluster's lock",
            "Make it there, owned by the operate user; `dslsconsole check` looks at it.",
        )
    return passed(f"no lock on {', '.join(hosts)}")


def _held(case: Case, host: str, record: LockRecord) -> Judged:
    """That another operation has it, and what to do, as far as its last sign of life tells."""
    words = f"{told(record)} holds the cluster's lock on {host}"
    silent = case.clock() - record.beat_at
    if abs(silent) < STILL_AFTER_SECONDS:
        how = f"Wait for it, or ask it to stop: `dslsconsole operations stop {record.operation}`."
        return locked(words, how)
    since = f", without a sign of life for {silent:.0f} s" if record.beat_at else ", and was left"
    return locked(
        f"{words}{since}",
        f"It seems to be cut off: see `dslsconsole operations`, and `operations resume {record.operation}`.",
    )


async def _without(case: Case, hosts: tuple[str, ...], directory: str) -> list[str]:
    """The hosts on which there is no such directory."""
    listed = await asyncio.gather(*(case.hands.names(host, directory) for host in hosts))
    return [host for host, names in zip(hosts, listed, strict=True) if names is None]
