"""Putting what was read of a cluster onto a practice estate, so that it goes on from there.

What was not read stays as it is in a practice estate where all is well. Of what was read the last value holds, however
old: it is the best there is.
"""

from __future__ import annotations

from dslsconsole.lab.likeness import hosts, load_balancers, servers, tokens
from dslsconsole.lab.likeness.ground import Ground
from dslsconsole.lab.practice import Lab
from dslsconsole.lab.twin import Twin


async def put(lab: Lab, twin: Twin) -> tuple[str, ...]:
    """Put the cluster's state onto the practice estate, which has just come up.

    Returns:
        What it can't be like, in sentences.
    """
    ground = Ground(lab, twin)
    for name in sorted(twin.absent):
        await lab.world.power_off(name)
    servers.put(ground)
    tokens.put(ground)
    load_balancers.put(ground)
    servers.hear(ground)
    lab.world.servers.beat()
    lab.world.advance()
    for server in lab.world.servers:
        server.save()
    await hosts.put(ground)
    if twin.without:
        ground.unlike.append(f"nothing stands for {', '.join(twin.without)}")
    if twin.picture.lock_on(twin.shape.name, twin.picture.at) is not None:
        ground.unlike.append("an operation was running there; here none is")
    return tuple(ground.unlike)
