"""How the practice estate's world is put together: hosts, servers, load balancers, and people at work."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import random
from functools import partial
from pathlib import Path

from dslsconsole.lab.filesystem import Volume
from dslsconsole.lab.host import Call, Host, Program
from dslsconsole.lab.network import CONSOLE, Network
from dslsconsole.lab.streams import Input, Output
from dslsconsole.lab.world import build, filters, keepalived, replication, site, transient
from dslsconsole.lab.world.cluster import Servers
from dslsconsole.lab.world.command import CommandLine
from dslsconsole.lab.world.dnstools import Tools
from dslsconsole.lab.world.haproxy import configuration
from dslsconsole.lab.world.haproxy.page import Page
from dslsconsole.lab.world.haproxy.process import Probe, Process, Server
from dslsconsole.lab.world.haproxy.runtime import Runtime
from dslsconsole.lab.world.listeners import StatusPort, free_ports
from dslsconsole.lab.world.names import NameServer
from dslsconsole.lab.world.notices import Notices
from dslsconsole.lab.world.pace import Pace
from dslsconsole.lab.world.server import LicenceServer
from dslsconsole.lab.world.systemd import Unit, Units
from dslsconsole.lab.world.tokens import fresh
from dslsconsole.lab.world.users import Entrance, Users
from dslsconsole.lab.world.world import Balancer, Node, World
from dslsconsole.model.node import Mode, Role

FIRST_GENERATION = 47_000
FIRST_EPOCH = 7


class Assembly:
    """Builds a world part by part."""

    def __init__(self, directory: Path, seed: int, pace: Pace, takeover: float | None) -> None:
        self.directory = directory
        self.pace = pace
        self.takeover = takeover
        self.random = random.Random(seed)
        self.network = Network()
        self.skew: dict[str, float] = {}
        self.ports = dict(zip((plan.name for plan in site.NODES), free_ports(len(site.NODES)), strict=True))
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
            site.ZONE,
            {site.RECORD: (site.RECORD_TTL, {site.VIP})},
            site.DNS_KEY_NAME,
            base64.b64decode(build.DNS_SECRET),
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
            host.install("/usr/bin/journalctl", units[host.name].journalctl)
            host.install("/usr/bin/systemd-run", transient.systemd_run(units[host.name]))
            host.install("/usr/sbin/iptables", filters.iptables(self.network))
            host.install("/usr/bin/timedatectl", self._timedatectl(host.name))
        world = World(
            directory, self.pace, self.network, self.random, hosts, units, nodes, balancers, servers, names,
            Notices(directory / "notifications.jsonl"), users, self._automation(units, servers), storage, self.skew,
        )  # fmt: skip
        self._settle(world)
        return world

    def _timedatectl(self, name: str) -> Program:
        """Whether the host's clock is kept: it is, but where it was set wrong."""

        async def timedatectl(call: Call) -> int:
            await call.say(f"NTP=yes\nNTPSynchronized={'no' if name in self.skew else 'yes'}")
            return 0

        return timedatectl

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

    def _node(self, plan: site.NodePlan, host: Host, units: Units, servers: Servers, storage: Volume) -> Node:
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
                mounts=tuple(site.STORAGE.values()) if plan.holds_tokens and not plan.is_dr else (),
            )
        )
        line = CommandLine(server, servers, lambda host, port: self._find(servers, host, port))
        host.install(site.DSLICSRV, build.licence_program(line))
        port = StatusPort(server, lambda: self.network.passes(CONSOLE, plan.name, server.port))
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
                    partial(self._probe, host, servers.by_name[node]),
                    now + 0.5 * number,
                    now,
                )
                for number, (node, name) in enumerate(plan.servers.items(), 1)
            ]

        process = Process(plan.name, site.BACKEND, plan.vip, self.pace.elapsed, lines, lambda: next(self.pids))
        runtime = Runtime(
            process, plan.socket_level, lambda name: users.shut_down(plan.name, name), has_page=plan.has_page
        )

        async def serve(reader: Input, writer: Output) -> None:
            with contextlib.suppress(BrokenPipeError):
                await runtime.serve(reader, writer)

        def start() -> None:
            process.load()
            host.sockets[site.ADMIN_SOCKET] = serve

        def die() -> None:
            process.die()
            host.sockets.pop(site.ADMIN_SOCKET, None)

        units.add(Unit("haproxy.service", "HAProxy Load Balancer", (), start, die, die, restart="on-failure"))
        vrrp = units.add(Unit("keepalived.service", "Keepalive Daemon (LVS and VRRP)", restart="on-failure"))
        router = keepalived.Router(host, plan.priority, vrrp, process, plan.vip)
        host.write(configuration.PATH, configuration.text(plan, self.ports))
        host.write(keepalived.PATH, router.configuration())
        page = None
        if plan.has_page:
            page = Page(
                process,
                lambda name: users.shut_down(plan.name, name),
                lambda: self.network.connected(CONSOLE, plan.name),
            )
        return Balancer(plan, host, process, runtime, router, page)

    def _probe(self, host: Host, server: LicenceServer) -> Probe:
        """What HAProxy's check of a server finds."""
        if (
            not server.host.is_up
            or server.host.is_frozen
            or not self.network.passes(host.name, server.name, server.port)
        ):
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
        world.users.connect(world.servers.by_name[site.NODES[0].name])
