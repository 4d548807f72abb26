"""One machine, from the first process on: its disk, its network card, its services."""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from pathlib import Path

from dslsconsole.lab.host import Host
from dslsconsole.lab.network import Network
from dslsconsole.lab.world import site
from tests.network import kernel
from tests.network.licence_server import files_answer
from tests.network.own_machine import OwnMachine
from tests.network.plan import ADDRESSES, BALANCERS, DR_LB, LOOP, NODES, PORT, PRIMARY, SUBNETS, TIMER, Order
from tests.network.services import Service, Services

BOOT_S = 10.0
"""How long a load balancer waits for its servers when the machines are switched on together."""

_OWN = {"run": "0755", "tmp": "1777"}
"""Directories that each machine has for itself, with their modes."""


def boot(order: Order) -> None:
    """What the first process of a machine does. It does not return."""
    socket.sethostname(order.name)
    _mount(order)
    _connect(order.name)
    os.environ.clear()
    os.environ |= {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
    asyncio.run(_live(order))


def _mount(order: Order) -> None:
    kernel.keep_mounts_private()
    base, new = Path(order.base), Path(order.base) / order.name / "root"
    disk = Path(order.base) / order.name
    layers = f"lowerdir=/,upperdir={disk / 'disk'},workdir={disk / 'work'}"
    kernel.mount("disk", new, "overlay", options=layers)
    for name, mode in _OWN.items():
        kernel.mount("tmpfs", new / name, "tmpfs", options=f"mode={mode}")
    # What this machine has on file systems of their own is not part of `/`; what lies in a directory that each machine
    # has for itself is not seen there.
    for path in {Path(order.repository), Path(sys.prefix), Path(sys.base_prefix), Path("/usr"), Path("/var")}:
        if path.stat().st_dev != Path("/").stat().st_dev or path.parts[1] in _OWN:
            shown = new / path.relative_to("/")
            shown.mkdir(parents=True, exist_ok=True)
            kernel.bind(path, shown)
    for name in ("dev", "sys"):
        kernel.bind(Path("/") / name, new / name)
    kernel.mount("proc", new / "proc", "proc")
    plan = NODES.get(order.name)
    if plan is not None and plan.holds_tokens and not plan.is_dr:
        for kind, point in site.STORAGE.items():
            (new / point.lstrip("/")).mkdir(parents=True, exist_ok=True)
            kernel.bind(base / "storage" / kind, new / point.lstrip("/"))
    kernel.change_root(new)


def _connect(name: str) -> None:
    address = ADDRESSES[name]
    lines = ["link set lo up", f"addr add {address}/24 dev eth0", "link set eth0 up"]
    if name == DR_LB:
        lines.append(f"addr add {site.DR_VIP}/24 dev eth0")
    own = address.rpartition(".")[0]
    lines += [f"route add {net} dev eth0" for net in SUBNETS if not net.startswith(own)]
    subprocess.run(["ip", "-batch", "-"], input="\n".join(lines).encode() + b"\n", check=True)


def _units(order: Order, host: Host) -> Services:
    services = Services(host)
    sshd = Path("/run/sshd")
    sshd.mkdir(exist_ok=True)
    services.add(Service("ssh.service", "OpenBSD Secure Shell server", command=("/usr/sbin/sshd", "-D", "-e")))
    python = (order.python, "-s", "-P")
    path = {"PYTHONPATH": order.repository}
    if (plan := NODES.get(order.name)) is not None:
        services.add(
            Service(
                f"{plan.unit}.service",
                f"DSLS licence server ({plan.mode})",
                ("dsls",),
                command=(*python, "-m", "tests.network.licence_server"),
                environment=path,
                file_state="disabled" if plan.is_dr else "enabled",
            )
        )
    if order.name == PRIMARY:
        loop = ("/usr/local/sbin/token-sync",)
        services.add(Service(LOOP, "Keep the backup's tokens those of the primary", command=loop))
        services.add(Service(TIMER, "Copy licences and state to the DR site"))
    if order.name in BALANCERS:
        Path("/run/haproxy").mkdir(exist_ok=True)
        haproxy = ("/usr/sbin/haproxy", "-Ws", "-f", "/etc/haproxy/haproxy.cfg", "-p", "/run/haproxy.pid")
        services.add(Service("haproxy.service", "HAProxy Load Balancer", command=haproxy, file_state="late"))
        if order.name != DR_LB:
            keepalived = ("/usr/sbin/keepalived", "-n", "-l", "-f", "/etc/keepalived/keepalived.conf")
            services.add(Service("keepalived.service", "Keepalive Daemon (LVS and VRRP)", command=keepalived))
    if order.name == site.DNS_HOST:
        Path("/run/named").mkdir(exist_ok=True)
        named = ("/usr/sbin/named", "-g", "-n", "1", "-c", "/etc/bind/named.conf")
        services.add(Service("named.service", "BIND Domain Name Server", command=named))
    if order.name == site.NOTIFY_HOST:
        notify = (*python, "-m", "tests.network.notification_endpoint")
        services.add(Service("notify.service", "Takes notifications", command=notify, environment=path))
    return services


async def _live(order: Order) -> None:
    services = _units(order, OwnMachine(order.name, Network()))
    await services.listen()
    if order.name in NODES:
        await files_answer()
    services.boot()
    if (haproxy := services.find("haproxy")) is not None:
        if order.name != DR_LB:
            await _servers_answer(BALANCERS[order.name].servers)
        haproxy.file_state = "enabled"
        services.start(haproxy)
    await asyncio.Event().wait()


async def _servers_answer(names: dict[str, str]) -> None:
    """HAProxy marks a server down that does not answer yet, and needs two checks to think better of it."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(BOOT_S):
            for name in names:
                while not await _answers(ADDRESSES[name]):  # noqa: ASYNC110 - a server tells nobody
                    await asyncio.sleep(0.05)


async def _answers(address: str) -> bool:
    try:
        async with asyncio.timeout(1):
            reader, writer = await asyncio.open_connection(address, PORT)
            writer.write(b"STATUS\r\n")
            line = await reader.readline()
            writer.close()
            return line.startswith(b"Server Status: Running")
    except OSError:
        return False
