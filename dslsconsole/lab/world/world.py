"""The practice estate's world: all hosts with what runs on them, and the passing of time."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dslsconsole.lab.host import Host
from dslsconsole.lab.network import CONSOLE, Network
from dslsconsole.lab.world import build, keepalived, replication, site
from dslsconsole.lab.world.cluster import HEARTBEAT, Servers
from dslsconsole.lab.world.command import CommandLine
from dslsconsole.lab.world.dnstools import Tools
from dslsconsole.lab.world.haproxy.page import Page
from dslsconsole.lab.world.haproxy.process import Probe, Process, Server
from dslsconsole.lab.world.haproxy.runtime import Runtime
from dslsconsole.lab.world.listeners import StatusPort, free_port
from dslsconsole.lab.world.names import NameServer
from dslsconsole.lab.world.notices import Notices
from dslsconsole.lab.world.pace import Pace
from dslsconsole.lab.world.server import LicenceServer, primaries
from dslsconsole.lab.world.systemd import Unit, Units
from dslsconsole.lab.world.tokens import fresh, stamp
from dslsconsole.lab.world.users import Entrance, Users
from dslsconsole.model.node import Mode, Role

FIRST_GENERATION = 47_000
FIRST_EPOCH = 7
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
    storage: build.Volume
    skew: dict[str, float] = field(default_factory=dict)
    _lived: float = 0.0

    @classmethod
    def create(
        cls, directory: Path, *, seed: int = 1, pace: Pace | None = None, takeover: float | None = None
    ) -> World:
        """Build the estate's hosts under a directory."""
        return _Builder(directory, seed, pace or Pace(), takeover).build()

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
        now = self.pace.elapsed()
        if now - self._lived >= HEARTBEAT or self._lived == 0:
            passed, self._lived = now - self._lived, now
            self.servers.beat()
            self.users.live(passed)
            self._automate(now)
        for balancer in self.balancers.values():
            if balancer.host.is_up and not balancer.host.is_frozen:
                balancer.process.advance()
        for vip in (site.VIP, site.DR_VIP):
            keepalived.elect([b.router for b in self.balancers.values() if b.plan.vip == vip], self.network)

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


class _Builder:
    """Builds a world part by part."""

    def __init__(self, directory: Path, seed: int, pace: Pace, takeover: float | None) -> None:
        self.directory = directory
        self.pace = pace
        self.takeover = takeover
        self.random = random.Random(seed)
        self.network = Network()
        self.skew: dict[str, float] = {}
        self.ports = {plan.name: free_port() for plan in site.NODES}
        self.pids = itertools.count(2100)

    def build(self) -> World:
        directory = self.directory
        storage = build.fill_storage(directory / "storage")
        addresses = {plan.name: plan.address for plan in site.NODES}
        addresses |= {plan.name: plan.address for plan in site.BALANCERS} | site.OTHERS
        hosts = {name: self._host(name, address) for name, address in addresses.items()}
        units = {name: Units(host, self._pause) for name, host in hosts.items()}
        servers = Servers(
            [self._server(plan, hosts[plan.name]) for plan in site.NODES],
            self.network,
            self.pace.elapsed,
            takeover=self.takeover,
        )
        nodes = {
            plan.name: self._node(plan, hosts[plan.name], units[plan.name], servers, storage) for plan in site.NODES
        }
        names = NameServer(
            site.ZONE, {site.RECORD: (site.RECORD_TTL, {site.VIP})}, site.DNS_KEY_NAME, build.DNS_SECRET.encode()
        )
        users = Users(
            servers.by_name, [], self.network, lambda: next(iter(names.addresses(site.RECORD)), None), self.random
        )
        balancers = {
            plan.name: self._balancer(plan, hosts[plan.name], units[plan.name], servers, users)
            for plan in site.BALANCERS
        }
        for vip in (site.VIP, site.DR_VIP):
            there = [balancer for balancer in balancers.values() if balancer.plan.vip == vip]
            users.entrances.append(Entrance(vip, [b.process for b in there], {b.host.name: b.host for b in there}))
        for host in hosts.values():
            tools = Tools(host, self.network, site.DNS_HOST, lambda: names.port)
            host.install("/usr/bin/dig", tools.dig)
            host.install("/usr/bin/nsupdate", tools.nsupdate)
            host.install("/usr/bin/systemctl", units[host.name].systemctl)
        world = World(
            directory, self.pace, self.network, self.random, hosts, units, nodes, balancers, servers, names,
            Notices(directory / "notifications.jsonl"), users, self._automation(units, servers), storage, self.skew,
        )  # fmt: skip
        self._settle(world)
        return world

    def _host(self, name: str, address: str) -> Host:
        def clock() -> float:
            return self.pace.wall() + self.skew.get(name, 0.0)

        return build.make_host(name, address, self.directory / "hosts", self.network, clock, self._pause, self.random)

    async def _pause(self, lab_seconds: float) -> None:
        await asyncio.sleep(lab_seconds / self.pace.speed)

    def _server(self, plan: site.NodePlan, host: Host) -> LicenceServer:
        members = tuple(other.name for other in site.NODES if other.is_dr == plan.is_dr)
        return LicenceServer(
            plan,
            host,
            self.ports[plan.name],
            members,
            1 if plan.is_dr else 2,
            self.pace.elapsed,
            fresh(site.POOLS, FIRST_GENERATION),
            configured={
                Mode.PRIMARY: Role.PRIMARY,
                Mode.BACKUP: Role.BACKUP,
                Mode.ARBITRATOR: Role.ARBITRATOR,
            }.get(plan.mode, Role.DR_BACKUP),
            epoch=FIRST_EPOCH,
        )

    def _node(self, plan: site.NodePlan, host: Host, units: Units, servers: Servers, storage: build.Volume) -> Node:
        server = servers.by_name[plan.name]
        build.furnish_node(host, plan, storage, build.config_files(self.ports))

        def stop() -> None:
            if server.is_primary:
                servers.say_goodbye(server)
            server.stop()

        unit = units.add(
            Unit(
                f"{plan.unit}.service",
                f"DSLS licence server ({plan.mode})",
                ("dsls",),
                server.start,
                stop,
                server.die,
                file_state="disabled" if plan.is_dr else "enabled",
            )
        )
        line = CommandLine(server, servers, lambda host, port: self._find(servers, host, port))
        host.install(site.DSLICSRV, build.licence_program(line))
        port = StatusPort(server, lambda: self.network.connected(CONSOLE, plan.name))
        return Node(host, server, unit, line, port)

    def _find(self, servers: Servers, host: str, port: int | None) -> LicenceServer | None:
        """The server at HOST:PORT: by its name or address, or on loopback by its port alone."""
        if host in ("127.0.0.1", "localhost", "::1"):
            return next((server for server in servers if server.port == port), None)
        server = servers.by_name.get(self.network.host_of(host) or "")
        return server if server is not None and port in (None, server.port, site.GUIDE_PORT) else None

    def _balancer(self, plan: site.BalancerPlan, host: Host, units: Units, servers: Servers, users: Users) -> Balancer:
        def lines() -> list[Server]:
            now = self.pace.elapsed()
            return [
                Server(
                    name,
                    node,
                    number,
                    self.ports[node],
                    100 if number == 1 else 50,
                    number > 1,
                    lambda node=node: self._probe(host, servers.by_name[node]),
                    now + 0.5 * number,
                    now,
                )
                for number, (node, name) in enumerate(plan.servers.items(), 1)
            ]

        process = Process(plan.name, site.BACKEND, plan.vip, self.pace.elapsed, lines, lambda: next(self.pids))
        runtime = Runtime(
            process, plan.socket_level, lambda name: users.shut_down(plan.name, name), has_page=plan.has_page
        )

        async def serve(reader: Any, writer: Any) -> None:
            if not process.is_running:
                writer.close()
                return
            with contextlib.suppress(BrokenPipeError):
                await runtime.serve(reader, writer)

        host.sockets[site.ADMIN_SOCKET] = serve
        units.add(Unit("haproxy.service", "HAProxy Load Balancer", (), process.load, process.die, process.die))
        vrrp = units.add(Unit("keepalived.service", "Keepalive Daemon (LVS and VRRP)"))
        page = None
        if plan.has_page:
            page = Page(
                process,
                lambda name: users.shut_down(plan.name, name),
                lambda: self.network.connected(CONSOLE, plan.name),
            )
        return Balancer(
            plan, host, process, runtime, keepalived.Router(host, plan.priority, vrrp, process, plan.vip), page
        )

    def _probe(self, host: Host, server: LicenceServer) -> Probe:
        """What HAProxy's check of a server finds."""
        if not server.host.is_up or server.host.is_frozen or not self.network.connected(host.name, server.name):
            return Probe.NO_CONNECTION
        if not server.is_running:
            return Probe.REFUSED
        if server.is_hung:
            return Probe.NO_ANSWER
        return Probe.PASSED if server.status == "Running" else Probe.WRONG_ANSWER

    def _automation(self, units: dict[str, Units], servers: Servers) -> list[tuple[replication.Automation, str]]:
        primary = site.NODES[0].name
        loop = units[primary].add(Unit("dsls-token-sync.service", "Keep the backup's tokens those of the primary"))
        timer = units[primary].add(Unit("dsls-dr-sync.timer", "Copy licences and state to the DR site"))
        source = servers.by_name[primary]
        return [
            (replication.Automation(source, loop, replication.TOKEN_SYNC_EVERY), "token-sync"),
            (replication.Automation(source, timer, replication.DR_SYNC_EVERY), "dr-sync"),
        ]

    def _settle(self, world: World) -> None:
        """Begin in the middle of a working day: everything is up, and people are at work."""
        now = self.pace.wall()
        holding = [server for server in world.servers if server.plan.mode in (Mode.PRIMARY, Mode.BACKUP)]
        world.users.prefill([server.tokens for server in holding], now)
        for name, units in world.units.items():
            units.boot(leave=frozenset(f"{plan.unit}.service" for plan in site.NODES if plan.is_dr))
            world.hosts[name].booted = now - 86400.0
        for server in world.servers:
            if server.is_running:
                server.started_at, server.started_lab = now - 86400.0, -86400.0
                server.state = "running"
                server.role = server.configured
                world.nodes[server.name].unit.started_at = now - 86400.0
            server.save()
        for balancer in world.balancers.values():
            balancer.process.started = -86400.0
            dead = balancer.plan.vip == site.DR_VIP
            for line in balancer.process.servers.values():
                line.changed_at = -86400.0
                if dead:
                    line.health, line.probe, line.down_since = 0, Probe.REFUSED, -86400.0
        for _ in range(2):  # the second round hears what the first did
            world.servers.beat()
        world.advance()
        replication.copy_to_dr(world.servers.by_name[site.NODES[0].name], world.servers)
        for server in world.servers:
            if server.plan.is_dr:
                server.save()
        for job, kind in world.automation:
            job.due = 30.0 if kind == "dr-sync" else 0.0
        world.users._reconnect(world.servers.by_name[site.NODES[0].name])
