"""A name server and a notification service that refuse or are dead."""

from __future__ import annotations

from dslsconsole.lab.faults import Mend, fault
from dslsconsole.lab.practice import Lab


@fault("dns-refusing", "the name server refuses every update")
def dns_refusing(lab: Lab) -> Mend:
    lab.world.names.refuses_updates = True

    def mend() -> None:
        lab.world.names.refuses_updates = False

    return mend


@fault("dns-dead", "the name server answers nobody")
def dns_dead(lab: Lab) -> Mend:
    lab.world.names.is_dead = True

    def mend() -> None:
        lab.world.names.is_dead = False

    return mend


@fault("notify-dead", "nothing listens where notifications go")
async def notify_dead(lab: Lab) -> Mend:
    await lab.world.notices.close()
    return lab.world.notices.open
