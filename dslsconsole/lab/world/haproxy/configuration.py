"""haproxy.cfg of a practice load balancer: what its process does, in HAProxy's words."""

from __future__ import annotations

from collections.abc import Mapping

from dslsconsole.lab.world.haproxy.process import FALL, INTER, RISE
from dslsconsole.lab.world.site import ADMIN_SOCKET, BACKEND, GUIDE_PORT, BalancerPlan

PATH = "/etc/haproxy/haproxy.cfg"


def text(plan: BalancerPlan, ports: Mapping[str, int], inter: float = INTER) -> str:
    """The file. `inter` is in seconds."""
    servers = "".join(
        f"    server {name} {node}:{ports[node]} check inter {inter:g}s rise {RISE} fall {FALL} "
        f"on-marked-down shutdown-sessions weight {'50 backup' if number else '100'}\n"
        for number, (node, name) in enumerate(plan.servers.items())
    )
    # The page is reached from this machine alone, as all of the practice estate.
    page = (
        "\nfrontend stats\n    bind 127.0.0.1:8404\n    mode http\n    stats enable\n    stats uri /stats\n"
        "    stats admin if TRUE\n"
    )
    return f"""global
    daemon
    log 127.0.0.1:514 local0
    chroot /var/lib/haproxy
    stats socket {ADMIN_SOCKET} mode 660 level {plan.socket_level}
    stats timeout 30s
    user haproxy
    group haproxy

defaults
    mode tcp
    log global
    option tcplog
    option dontlognull
    option redispatch
    timeout connect 5s
    timeout client 50s
    timeout server 50s
    timeout tunnel 1h
    retries 3

backend {BACKEND}
    balance roundrobin
    option tcp-check
    tcp-check send "STATUS\\r\\n"
    tcp-check expect string "Server Status: Running"
{servers}
frontend dsls_frontend
    bind *:{GUIDE_PORT}
    default_backend {BACKEND}
{page if plan.has_page else ""}"""
