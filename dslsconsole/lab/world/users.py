"""The people: they come and go through the day, take licences by way of the load balancers, and queue."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from dslsconsole.lab.host import Host
from dslsconsole.lab.network import Network
from dslsconsole.lab.world.haproxy.process import Process
from dslsconsole.lab.world.server import LicenceServer
from dslsconsole.lab.world.site import POOLS, TOKENS_OF
from dslsconsole.lab.world.tokens import Checkout, RefusedError, TokenState

DAY = 86400.0
MORNING = 10.4 * 3600
"""The time of day at which the practice estate starts, so that it is busy."""
SHARE_BY_HOUR = {
    "commercial": (8, 6, 5, 5, 6, 9, 18, 35, 58, 68, 72, 73, 66, 67, 73, 74, 70, 58, 40, 28, 20, 16, 12, 10),
    "academic": (14, 10, 8, 6, 5, 6, 10, 30, 74, 88, 96, 99, 84, 86, 97, 98, 90, 78, 52, 44, 40, 34, 26, 18),
}
"""Percent of each pool that people want, hour by hour."""
CHANCE_OF_LEAVING = 1 / 600
"""Per lab second and checkout."""
USUAL_TOKENS = 3.4


def wanted_share(pool: str, time_of_day: float) -> float:
    """The share of a pool, 0 to 1, that people want at a time of day in seconds."""
    hours = SHARE_BY_HOUR[pool]
    hour, part = divmod(time_of_day % DAY / 3600, 1)
    now, then = hours[int(hour)], hours[(int(hour) + 1) % 24]
    return (now + (then - now) * part) / 100


@dataclass
class Entrance:
    """The way in for clients: the balancers of a site, their address, and the servers behind."""

    vip: str
    processes: list[Process]
    hosts: dict[str, Host]


@dataclass
class Users:
    """All users. `live` is called with the lab seconds that passed."""

    servers: dict[str, LicenceServer]
    entrances: list[Entrance]
    network: Network
    address: Callable[[], str | None]
    """Where the service's name points now."""
    random: random.Random
    demand: float = 1.0
    """Multiplies what people want."""
    connections: dict[int, tuple[str, str]] = field(default_factory=dict)
    """Checkout: the balancer's host and HAProxy's name of the server that its client is connected through."""
    failed_checkouts: int = 0
    granted: int = 0
    time_of_day: float = MORNING
    is_still: bool = False
    """Whether nobody comes or goes: of pools other than these nothing is known of who wants what when."""
    _number: int = 0
    _owed: dict[str, float] = field(default_factory=dict)

    def prefill(self, states: Iterable[TokenState], now: float) -> None:
        """Put the people who came before the start into the states of the servers, the same in each."""
        states = list(states)
        for pool, features in POOLS.items():
            wanted = wanted_share(pool, self.time_of_day) * sum(features.values())
            taken = 0
            while taken < wanted:
                feature = self._feature(pool)
                user, host = self._somebody()
                since = now - self.random.uniform(30, 5400)
                idle = since + (now - since) * self.random.random()
                try:
                    for state in states:
                        self._seat(state, user, host, feature, since, idle)
                except RefusedError:
                    break
                taken += TOKENS_OF[feature]

    @staticmethod
    def _seat(state: TokenState, user: str, host: str, feature: str, since: float, active_at: float) -> None:
        state.take(Checkout(user, host, feature, TOKENS_OF[feature], since, active_at))

    def _feature(self, pool: str) -> str:
        features = POOLS[pool]
        return self.random.choices(list(features), [total / TOKENS_OF[name] for name, total in features.items()])[0]

    def _somebody(self) -> tuple[str, str]:
        number = self.random.randrange(1, 2400)
        return f"user{number:04d}", f"ws-{self.random.randrange(1, 900):03d}"

    # The way to a server

    def way(self) -> tuple[Process, str, LicenceServer] | None:
        """The load balancer, its name for the server, and the server that a new connection ends at."""
        address = self.address()
        for entrance in self.entrances:
            if entrance.vip != address:
                continue
            holder = self.network.host_of(entrance.vip)
            for process in entrance.processes:
                host = entrance.hosts[process.host]
                if process.host != holder or not process.is_running or not host.is_up or host.is_frozen:
                    continue
                chosen = process.choose()
                return (process, chosen.name, self.servers[chosen.node]) if chosen else None
        return None

    def checkout(self, feature: str) -> bool:
        """One person asks for a licence; whether they got it."""
        way = self.way()
        user, host = self._somebody()
        if way is None or not self._connects(way[0].host, way[2]):
            self.failed_checkouts += 1
            return False
        process, name, server = way
        try:
            number = server.checkout(user, host, feature)
        except RefusedError as refusal:
            if not refusal.text.startswith("no tokens"):
                self.failed_checkouts += 1
            return False
        self.connections[number] = (process.host, name)
        self.granted += 1
        return True

    def _connects(self, balancer: str, server: LicenceServer) -> bool:
        return (
            server.is_running
            and not server.is_hung
            and server.host.is_up
            and not server.host.is_frozen
            and self.network.passes(balancer, server.name, server.port)
        )

    # Time

    def live(self, seconds: float) -> None:
        """Let lab time pass: people leave, come, queue and connect again."""
        self.time_of_day = (self.time_of_day + seconds) % DAY
        serving = self._serving()
        if not self.is_still:
            if serving is not None:
                self._leave(serving, seconds)
                self._queue(serving)
            self._arrive(serving, seconds)
        if serving is not None:
            self._touch(serving, seconds)
            self.connect(serving)
        self._count(serving)

    def _serving(self) -> LicenceServer | None:
        serving = [server for server in self.servers.values() if server.is_serving and not server.is_hung]
        return max(serving, key=lambda server: server.epoch, default=None)

    def _leave(self, serving: LicenceServer, seconds: float) -> None:
        chance = min(1.0, CHANCE_OF_LEAVING * seconds)
        for number in [n for n in serving.tokens.checkouts if self.random.random() < chance]:
            serving.tokens.give_back(number)
            self.connections.pop(number, None)

    def _arrive(self, serving: LicenceServer | None, seconds: float) -> None:
        for pool, features in POOLS.items():
            total = sum(features.values())
            wanted = wanted_share(pool, self.time_of_day) * total * self.demand
            used = serving.tokens.pools[pool].used if serving is not None else wanted
            rate = (wanted * CHANCE_OF_LEAVING + max(0.0, wanted - used) / 60) / USUAL_TOKENS
            self._owed[pool] = self._owed.get(pool, 0.0) + rate * seconds
            while self._owed[pool] >= 1:
                self._owed[pool] -= 1
                if used < wanted or serving is None or self.demand > 1:
                    self.checkout(self._feature(pool))

    def _queue(self, serving: LicenceServer) -> None:
        """People who want more than there is wait; their number is that of the tokens missing."""
        for pool in serving.tokens.pools.values():
            wanted = wanted_share(pool.name, self.time_of_day) * pool.total * self.demand
            missing = max(0.0, wanted - pool.used) if pool.total - pool.used < 8 else 0.0
            names = list(pool.features)
            for index, name in enumerate(names):
                queued = round(missing / USUAL_TOKENS / len(names) + (0.4 if index == 0 and missing else 0))
                serving.tokens.generation += queued != pool.features[name].queued
                pool.features[name].queued = queued

    def _touch(self, serving: LicenceServer, seconds: float) -> None:
        now = serving.host.clock()
        for checkout in serving.tokens.checkouts.values():
            if self.random.random() < min(1.0, seconds / 120):
                checkout.active_at = now

    def connect(self, serving: LicenceServer) -> None:
        """Clients whose connection is gone, or leads elsewhere, connect again; who can't keeps the licence for now."""
        known = serving.tokens.checkouts
        for number in [n for n in self.connections if n not in known]:
            del self.connections[number]
        ways = {way: self._still(way) for way in set(self.connections.values())}
        lost = [n for n in known if n not in self.connections or not ways[self.connections[n]]]
        for number in lost:
            self.connections.pop(number, None)
            way = self.way()
            if way is not None and way[2] is serving and self._connects(way[0].host, serving):
                self.connections[number] = (way[0].host, way[1])

    def _still(self, connection: tuple[str, str]) -> bool:
        for entrance in self.entrances:
            for process in entrance.processes:
                if process.host == connection[0] and (found := process.servers.get(connection[1])):
                    return process.is_running and self._connects(process.host, self.servers[found.node])
        return False

    def _count(self, serving: LicenceServer | None) -> None:
        counts: dict[str, Counter[str]] = {}
        for balancer, name in self.connections.values():
            counts.setdefault(balancer, Counter())[name] += 1
        for entrance in self.entrances:
            for process in entrance.processes:
                process.count_sessions(counts.get(process.host, Counter()))
        for server in self.servers.values():
            server.connections = len(self.connections) if server is serving else 0

    def shut_down(self, balancer: str, name: str) -> None:
        """End the connections through one server of a balancer, as `shutdown sessions` does."""
        for number in [n for n, way in self.connections.items() if way == (balancer, name)]:
            del self.connections[number]
        self._count(self._serving())
