"""The election that decides which load balancer of a pair holds the address."""

from __future__ import annotations

from dataclasses import dataclass

from dslsconsole.lab.host import Host
from dslsconsole.lab.network import Network
from dslsconsole.lab.world.haproxy.process import Process
from dslsconsole.lab.world.systemd import Unit

INTERFACE = "eth0"
PATH = "/etc/keepalived/keepalived.conf"
ROUTER_ID = 51
WEIGHT = 2
"""What is added to the priority while HAProxy runs."""


@dataclass
class Router:
    """keepalived on one host; its priority is two higher while HAProxy runs."""

    host: Host
    priority: int
    unit: Unit
    haproxy: Process
    vip: str
    router_id: int = ROUTER_ID
    """Routers of another one are not heard."""
    keeps_address: bool = False
    """A fault: it holds the address whatever the others say."""

    @property
    def effective(self) -> int:
        return self.priority + WEIGHT * self.haproxy.is_running

    @property
    def is_working(self) -> bool:
        return self.host.is_up and not self.host.is_frozen and self.unit.is_active

    @property
    def holds(self) -> bool:
        return any(cidr.partition("/")[0] == self.vip for _, cidr in self.host.addresses)

    def configuration(self) -> str:
        """keepalived.conf: what this does, in keepalived's words."""
        return f"""global_defs {{
    enable_script_security
    script_user nobody
}}

vrrp_script chk_haproxy {{
    script "/usr/bin/timeout 2 /bin/bash -c '</dev/tcp/127.0.0.1/27000'"
    interval 2
    weight {WEIGHT}
    fall 3
    rise 2
}}

vrrp_instance VI_1 {{
    state BACKUP
    interface {INTERFACE}
    virtual_router_id {self.router_id}
    priority {self.priority}
    advert_int 1
    authentication {{
        auth_type PASS
        auth_pass practice
    }}
    virtual_ipaddress {{
        {self.vip}/24
    }}
    track_script {{
        chk_haproxy
    }}
}}
"""

    def take(self) -> None:
        if not self.holds:
            self.host.addresses.append((INTERFACE, f"{self.vip}/24"))

    def give_up(self) -> None:
        self.host.addresses[:] = [item for item in self.host.addresses if item[1].partition("/")[0] != self.vip]


def elect(routers: list[Router], network: Network) -> None:
    """One round of advertisements. Who hears nobody better takes the address; two that are cut off both do."""
    for router in routers:
        if not router.is_working:
            if not router.host.is_up or not router.unit.is_active:
                router.give_up()
            continue
        better = any(
            other is not router
            and other.is_working
            and other.router_id == router.router_id
            and network.reachable(other.host.name, router.host.name)
            and (other.effective, other.host.name) > (router.effective, router.host.name)
            for other in routers
        )
        if better and not router.keeps_address:
            router.give_up()
        else:
            router.take()
    holders = [router for router in routers if router.holds]
    if holders:
        network.assign(routers[0].vip, holders[0].host.name)
    elif routers:
        network.release(routers[0].vip)
