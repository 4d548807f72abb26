"""Do load balancers that still find a server UP send users to it, and does it answer them?

A check may be as old as its interval and its failures: up to three minutes at the guide's times. What goes through a
server is newer: two reads, a moment apart, tell whether it answers users now.
"""

import asyncio

from dslsconsole.runbooks.guard import Case
from dslsconsole.systems.dslicsrv.fresh import NotRead
from dslsconsole.systems.haproxy import fresh
from dslsconsole.systems.haproxy.read import Traffic

BETWEEN_SECONDS = 2.0


async def answering(case: Case, node: str, balancers: tuple[str, ...]) -> tuple[str, ...]:
    """For each of `balancers` through which the node's server answers users now, a sentence that says by what."""
    first = await _traffic(case, node, balancers)
    await case.pause(BETWEEN_SECONDS)
    second = await _traffic(case, node, balancers)
    told = []
    for name in balancers:
        before, after = first[name], second[name]
        if before is not None and after is not None and (rose := risen(before, after)):
            told.append(f"{name} sends it users: {rose} within {BETWEEN_SECONDS:g} s")
    return tuple(told)


async def _traffic(case: Case, node: str, balancers: tuple[str, ...]) -> dict[str, Traffic | None]:
    async with asyncio.TaskGroup() as tasks:
        asked = {name: tasks.create_task(_one(case, node, name)) for name in balancers}
    return {name: task.result() for name, task in asked.items()}


async def _one(case: Case, node: str, balancer: str) -> Traffic | None:
    server = case.ground.server_name(balancer, node)
    if server is None:
        return None
    channel = case.survey.balancers[balancer].channel or "socket"
    try:
        return await fresh.traffic(case.hands, case.ground, balancer, channel, server)
    except NotRead:
        # Nothing more is known than before; its last check is told in the evidence, and in a warning.
        return None


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
