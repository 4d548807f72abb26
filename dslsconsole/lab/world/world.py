"""The practice estate's world: all hosts with what runs on them, and the passing of time."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dslsconsole.lab.filesystem import Volume
from dslsconsole.lab.host import Host
from dslsconsole.lab.network import Network
from dslsconsole.lab.world import keepalived, replication, site
from dslsconsole.lab.world.cluster import HEARTBEAT, Servers
from dslsconsole.lab.world.command import CommandLine
from dslsconsole.lab.world.haproxy.page import Page
from dslsconsole.lab.world.haproxy.process import Process
from dslsconsole.lab.world.haproxy.runtime import Runtime
from dslsconsole.lab.world.listeners import StatusPort
from dslsconsole.lab.world.names import NameServer
from dslsconsole.lab.world.notices import Notices
from dslsconsole.lab.world.pace import Pace
from dslsconsole.lab.world.server import LicenceServer, primaries
from dslsconsole.lab.world.systemd import Unit, Units
from dslsconsole.lab.world.tokens import stamp
from dslsconsole.lab.world.users import Users

CHECK_TICK = 0.5
"""Lab seconds between two looks at what HAProxy has to do."""


@dataclass
class Node:
    """A host with a licence server, its command line and its port for health checks."""

    host: Host
    server: LicenceServer
    unit: Unit
    line: CommandLine
    port: StatusPort


@dataclass
class Balancer:
    """A host with HAProxy and keepalived."""

    plan: site.BalancerPlan
    host: Host
    process: Process
    runtime: Runtime
    router: keepalived.Router
    page: Page | None = None


@dataclass
class World:
    """Everything there is. Build it with `create`, then `open` its real ports and let `run` pass the time."""

    directory: Path
    pace: Pace
    network: Network
    random: random.Random
    hosts: dict[str, Host]
    units: dict[str, Units]
    nodes: dict[str, Node]
    balancers: dict[str, Balancer]
    servers: Servers
    names: NameServer
    notices: Notices
    users: Users
    automation: list[tuple[replication.Automation, str]]
    storage: Volume
    skew: dict[str, float] = field(default_factory=dict)
    _lived: float = 0.0

    @classmethod
    def create(
        cls, directory: Path, *, seed: int = 1, pace: Pace | None = None, takeover: float | None = None
    ) -> World:
        """Build the estate's hosts under a directory."""
        from dslsconsole.lab.world.assembly import Assembly  # it assembles this class

        return Assembly(directory, seed, pace or Pace(), takeover).build()

    # Real ports

    async def open(self) -> None:
        """Listen on the real ports: licence servers, statistics pages, name server, notifications."""
        await self.names.open()
        await self.notices.open()
        for node in self.nodes.values():
            await node.port.open()
        for balancer in self.balancers.values():
            if balancer.page is not None:
                await balancer.page.open()

    async def close(self) -> None:
        """Stop listening and end what runs on the hosts."""
        for node in self.nodes.values():
            await node.port.close()
        for balancer in self.balancers.values():
            if balancer.page is not None:
                await balancer.page.close()
        await self.notices.close()
        await self.names.close()
        for host in self.hosts.values():
            await host.power_off()
        await self.network.close()

    # Time

    async def run(self) -> None:
        """Let time pass until cancelled."""
        while True:
            await asyncio.sleep(self.pace.real(CHECK_TICK))
            self.advance()
            for node in self.nodes.values():
                await node.port.follow()

    def advance(self) -> None:
        """Do what is due now: heartbeats, checks, elections, users and automation."""
        self.pace.go_on()
        for vip in (site.VIP, site.DR_VIP):
            keepalived.elect([b.router for b in self.balancers.values() if b.plan.vip == vip], self.network)
        now = self.pace.elapsed()
        if now - self._lived >= HEARTBEAT or self._lived == 0:
            passed, self._lived = now - self._lived if self._lived else 0.0, now
            self.servers.beat()
            self.users.live(passed)
            self._automate(now)
        for balancer in self.balancers.values():
            if balancer.host.is_up and not balancer.host.is_frozen:
                balancer.process.advance()

    def _automate(self, now: float) -> None:
        for job, kind in self.automation:
            if job.is_due(now):
                if kind == "token-sync":
                    replication.sync_tokens(job.source, self.servers)
                else:
                    replication.copy_to_dr(job.source, self.servers)

    # Changes from outside

    async def power_off(self, name: str) -> None:
        """A host loses power: processes die, connections break, the address goes."""
        host = self.hosts[name]
        self.units[name].power_off()
        if name in self.balancers:
            self.balancers[name].router.give_up()
        await host.power_off()
        if name in self.nodes:
            await self.nodes[name].port.follow()

    async def power_on(self, name: str) -> None:
        """A host starts again, and its enabled units with it."""
        host = self.hosts[name]
        if not host.is_up:
            await host.power_on()
            self.units[name].boot(leave=frozenset(plan.unit + ".service" for plan in site.NODES if plan.is_dr))

    def clock_of(self, name: str) -> Callable[[], float]:
        return lambda: self.pace.wall() + self.skew.get(name, 0.0)

    # What is true

    def truth(self) -> dict[str, Any]:
        """The state of the world, as nobody in it can see it."""
        return {
            "at": stamp(self.pace.wall()),
            "lab_seconds": round(self.pace.elapsed(), 1),
            "time_of_day_s": round(self.users.time_of_day),
            "primaries": [server.name for server in primaries(self.servers)],
            "serving": [server.name for server in self.servers if server.is_serving],
            "nodes": {name: self._node_truth(node) for name, node in self.nodes.items()},
            "load_balancers": {name: self._balancer_truth(item) for name, item in self.balancers.items()},
            "dns": {"record": site.RECORD, "addresses": self.names.addresses(site.RECORD)},
            "checkouts": {"granted": self.users.granted, "failed": self.users.failed_checkouts},
            "notifications": [entry["body"] for entry in self.notices.received],
            "cuts": sorted(map(list, self.network.cuts)),
            "isolated": sorted(self.network.isolated),
        }

    def _node_truth(self, node: Node) -> dict[str, Any]:
        server = node.server
        return {
            "power": "off" if not node.host.is_up else "hung" if node.host.is_frozen else "on",
            "mode": str(server.plan.mode),
            "unit": node.unit.active,
            "role": str(server.role) if server.is_running else None,
            "state": server.state,
            "epoch": server.epoch,
            "generation": server.tokens.generation if server.plan.holds_tokens else None,
            "used": {pool.name: pool.used for pool in server.tokens.pools.values()} if server.plan.holds_tokens else {},
            "sessions": len(server.tokens.checkouts) if server.plan.holds_tokens else 0,
            "last_dr_sync": None if server.last_sync is None else stamp(server.last_sync),
            "automation": {
                unit.name: unit.active for unit in self.units[server.name].units.values() if unit is not node.unit
            },
        }

    def _balancer_truth(self, balancer: Balancer) -> dict[str, Any]:
        return {
            "power": "off" if not balancer.host.is_up else "hung" if balancer.host.is_frozen else "on",
            "running": balancer.process.is_running,
            "holds_vip": balancer.router.holds,
            "servers": {
                server.name: {"status": server.status, "admin": str(server.admin), "sessions": server.sessions}
                for server in balancer.process.servers.values()
            },
        }
