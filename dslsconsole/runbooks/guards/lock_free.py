"""Does no other operation run on this cluster?"""

from dslsconsole.runbooks.facts.common import lockable
from dslsconsole.runbooks.guard import Case, Judged, failed, locked, passed
from dslsconsole.runbooks.lock import holders
from dslsconsole.systems.acting import Refused, Unfinished, Unreached

NEEDED = "no lock on the nodes, and the lock directory can be read"
OVERRIDABLE = False


async def judge(case: Case) -> Judged:
    hosts = lockable(case.survey, case.ground)
    own = case.text("operation")
    if (unfinished := case.text("unfinished")) is not None:
        return locked(f"{unfinished} holds it on this console's journal", "See `dslsconsole operations`.")
    try:
        found = await holders(case.hands, case.ground, hosts)
    except (Unreached, Unfinished, Refused) as failure:
        return failed(f"the lock could not be read: {failure}", "See `dslsconsole check` about the lock directory.")
    for host, record in found.items():
        if record is None:
            return locked(
                f"{host} has a lock that can't be read",
                f"If nobody acts: `dslsconsole operations resume {case.ground.name}@{host} --decide abandon`.",
            )
        if record.operation != own:
            who = f"{record.operator} on {record.from_host}"
            return locked(
                f"{record.runbook} of {who} (operation {record.operation}) holds it on {host}",
                "Wait for it, or see `dslsconsole operations`.",
            )
    return passed(f"free on {', '.join(hosts) or 'no node (none answers)'}")
