"""The procedures of the owner's guide, driven as it has them: one command after another, whatever the last one said.

Each returns the times (s, monotonic) at which its steps ended, by their names; `told` is when it says that
it is complete.
"""

import asyncio
import time

from dslsconsole.lab.world import site
from tests.network.plan import ADDRESSES, BACKUP, DR_PRIMARY, NODES, NOTIFY_PORT, PORT, PRIMARY
from tests.network.real_network import RealNetwork

Steps = tuple[tuple[str, str], ...]
_BY_HAND = 'curl -s -o /dev/null -X POST -d "action=disable&b={backend}&s={server}" http://{vip}:8404/stats'
FAILOVER: Steps = (
    ("looked", f"{site.DSLICSRV} -cluster-status"),
    ("stopped", f"systemctl stop {NODES[PRIMARY].unit}"),
    ("promoted", f"{site.DSLICSRV} -promote-to-primary -node {BACKUP}"),
    ("balanced", _BY_HAND.format(backend=site.BACKEND, server="dsls-primary", vip=site.VIP)),
    ("verified", f"{site.DSLICSRV} -status -server {BACKUP}:{PORT}"),
)
_PROMOTE = f"{site.DSLICSRV} -promote-to-primary -node {DR_PRIMARY}"
_UPDATE = (
    f"server {ADDRESSES[site.DNS_HOST]}\nupdate delete {site.RECORD} A\n"
    f"update add {site.RECORD} 300 A {site.DR_VIP}\nsend\n"
)
ACTIVATION: Steps = (
    ("pinged", f"ping -c 3 {PRIMARY}"),
    ("started", f"systemctl start {NODES[DR_PRIMARY].unit}"),
    ("started the other", "systemctl start dsls-dr-backup"),
    # The guide does not say it, but without it this estate's DR site would never serve.
    ("promoted", f"for i in 1 2 3 4 5; do {_PROMOTE} && break; sleep 1; done"),
    ("name changed", f"printf '{_UPDATE}' | nsupdate -k {site.DNS_KEY_FILE}"),
    (
        "users told",
        "curl -s -o /dev/null -X POST -H 'Content-Type: application/json' "
        f'-d \'{{"audience": "all_users"}}\' http://{ADDRESSES[site.NOTIFY_HOST]}:{NOTIFY_PORT}/notifications',
    ),
    ("tested", f"{site.DSLICSRV} -test-checkout abaqus_standard 1; {site.DSLICSRV} -test-checkout catia_v6 1"),
)


async def run(network: RealNetwork, where: str, steps: Steps) -> dict[str, float]:
    """Run a procedure on a machine, as its root."""
    ended: dict[str, float] = {}
    for name, command in steps:
        await asyncio.to_thread(network.sh, where, command)
        ended[name] = time.monotonic()
    return ended | {"told": time.monotonic()}
