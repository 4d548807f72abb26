"""Can the nodes that a drill cuts off be filtered, and is no rule of an earlier drill left there?"""

import asyncio

from dslsconsole.runbooks.guard import Case, Judged, failed, passed, unknown
from dslsconsole.systems.filter import act

NEEDED = "iptables answers as root on each node that is cut off, and has no rule of a drill"
OVERRIDABLE = False
CHAINS = ("INPUT", "OUTPUT")


async def judge(case: Case) -> Judged:
    asked = [(node, chain) for node in case.names("filtered") for chain in CHAINS]
    told = await asyncio.gather(*(act.there(case.call(node, chain=chain)) for node, chain in asked))
    if unread := [one.reading for one in told if one.ok is None]:
        return unknown("; ".join(unread), "Install iptables there, and let sudoers allow it (config/node/sudoers).")
    if left := [one.reading for one in told if one.ok]:
        return failed("; ".join(left), "Remove the rule of the earlier drill by hand: iptables -D, with its own words.")
    return passed(f"no rule of a drill on {', '.join(case.names('filtered')) or 'any node'}")
