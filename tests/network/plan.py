"""Which hosts the real network has, where they are, and how their clocks are set: the practice estate's own plan."""

import msgspec
from msgspec import Struct

from dslsconsole.lab.world import site
from dslsconsole.lab.world.cluster import HOLD
from dslsconsole.lab.world.site import BalancerPlan, NodePlan

OPS = "ops"
ADDRESSES = {
    **{plan.name: plan.address for plan in site.NODES},
    **{plan.name: plan.address for plan in site.BALANCERS},
    site.DNS_HOST: site.OTHERS[site.DNS_HOST],
    site.NOTIFY_HOST: "10.20.0.60",
    OPS: "10.20.0.5",
}
NODES: dict[str, NodePlan] = {plan.name: plan for plan in site.NODES}
BALANCERS: dict[str, BalancerPlan] = {plan.name: plan for plan in site.BALANCERS}
PRIMARY, BACKUP, ARBITRATOR, DR_PRIMARY, DR_BACKUP = NODES
LB1, LB2, DR_LB = BALANCERS
SUBNETS = ("10.20.0.0/24", "10.30.0.0/24")
PORT = site.GUIDE_PORT
NOTIFY_PORT = 8080
LOOP, TIMER = "dsls-token-sync.service", "dsls-dr-sync.timer"
NODE_CONTROL = "/run/dslicsrv.sock"
UNITS_SOCKET = "/run/units.sock"
FILES_SOCKET = "/run/dslicsrv-files.sock"
NOTIFIED = "/var/log/notifications.jsonl"
TIMES_FILE = "/etc/dsls-times.json"


class Times(Struct, frozen=True):
    """Times of the estate's own parts, in seconds."""

    check_interval: float = 0.5
    """HAProxy's `inter`."""
    hold: float = HOLD
    """How long voters hold their votes for a primary that was last heard and did not say good-bye."""


class Order(Struct, frozen=True):
    """What a machine is told when it is switched on."""

    name: str
    base: str
    """The directory of the machine room; a file system in memory."""
    python: str
    repository: str


GUIDE_TIMES = Times(check_interval=30.0, hold=75.0)
"""Those of the guide: checks every 30 s, and a heartbeat every 30 s. Voters hold for three heartbeats after the last,
which on average they heard half a heartbeat before a primary's death."""


def order(data: bytes) -> Order:
    return msgspec.json.decode(data, type=Order)
