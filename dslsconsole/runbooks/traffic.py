"""Do load balancers that still find a server UP send users to it, and does it answer them?

A check may be as old as its interval and its failures: up to three minutes at the guide's times. What goes through a
server is newer: two reads, a moment apart, tell whether it answers users now. The survey made the first one.
"""

import asyncio

from dslsconsole.runbooks.guard import Case
from dslsconsole.systems.dslicsrv.fresh import NotRead
from dslsconsole.systems.haproxy import fresh
from dslsconsole.systems.haproxy.read import Traffic

BETWEEN_SECONDS = 2.0
"""At least so far apart are the two reads."""


async def answering(case: Case, node: str, balancers: tuple[str, ...]) -> tuple[str, ...]:
    """For each of `balancers` through which the node's server answers users now, a sentence that says by what."""
    async with asyncio.TaskGroup() as tasks:
        asked = [tasks.create_task(_through(case, node, name)) for name in balancers]
    return tuple(told for task in asked if (told := task.result()) is not None)


async def _through(case: Case, node: str, balancer: str) -> str | None:
    server, first = case.ground.server_name(balancer, node), case.survey.balancers[balancer].traffic
    if server is None or first.value is None or first.at is None:
        # Nothing more is known than before; its last check is told in the evidence, and in a warning.
        return None
    if (left := BETWEEN_SECONDS - (case.clock() - first.at)) > 0:
        await case.pause(left)
    channel = case.survey.balancers[balancer].channel or "socket"
    try:
        second = await fresh.traffic(case.hands, case.ground, balancer, channel)
    except NotRead:
        return None
    before, after = first.value.get(server), second.get(server)
    if before is None or after is None or not (rose := risen(before, after)):
        return None
    return f"{balancer} sends it users: {rose} within {case.clock() - first.at:.0f} s"


def risen(before: Traffic, after: Traffic) -> str:
    """What rose, in words. New sessions that only fail to connect rise too, so they count where no failure rose."""
    figures = {
        "bytes answered": (before.answered, after.answered),
        "passed checks": (before.health, after.health),
    }
    if before.troubles == after.troubles:
        figures |= {"sessions": (before.sessions, after.sessions), "sessions ever": (before.total, after.total)}
    return ", ".join(
        f"{name} {earlier} → {later}"
        for name, (earlier, later) in figures.items()
        if earlier is not None and later is not None and later > earlier
    )
