"""Fresh readings of a cluster, made by the process that acts, over the connections it acts with.

Nothing is carried over from an earlier reading and nothing is assumed from the estate file: what could not be read
has a failure and no value.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from dslsconsole.model.balancer import Backend, BackendServer, Process
from dslsconsole.model.node import ClusterStatus, DrSync, Mount, Role, ServerStatus, TokenState
from dslsconsole.model.reading import Failure, FailureKind, Reading
from dslsconsole.ssh.cleaning import clean
from dslsconsole.systems.acting import Hands, Refused, Unfinished, Unreached, succeeded
from dslsconsole.systems.dslicsrv import fresh
from dslsconsole.systems.dslicsrv.fresh import Life, NotRead, Sign
from dslsconsole.systems.dslicsrv.promote import looked_at
from dslsconsole.systems.ground import Ground
from dslsconsole.systems.haproxy import fresh as haproxy
from dslsconsole.systems.haproxy.act import channel_key, process_key
from dslsconsole.systems.haproxy.read import Traffic
from dslsconsole.systems.keepalived.fresh import holds
from dslsconsole.systems.storage.fresh import mounts
from dslsconsole.systems.systemd.act import Unit, read_units

T = TypeVar("T")
RUNNING = "running"


@dataclass(frozen=True)
class SurveyedNode:
    """One licence node. `life` is what the host says of its own server."""

    name: str
    hostname: Reading[str] = field(default_factory=Reading)
    unit: Reading[Unit] = field(default_factory=Reading)
    life: Sign = field(default_factory=lambda: Sign(Life.UNKNOWN, "not asked"))
    port: Sign = field(default_factory=lambda: Sign(Life.UNKNOWN, "its licence port was not asked"))
    """What the console itself meets at the licence port, of a host that is not reached by SSH."""
    cluster: Reading[ClusterStatus] = field(default_factory=Reading)
    tokens: Reading[TokenState] = field(default_factory=Reading)
    license: Reading[ServerStatus] = field(default_factory=Reading)
    dr_sync: Reading[DrSync] = field(default_factory=Reading)
    mounts: Reading[tuple[Mount, ...]] = field(default_factory=Reading)
    automation: Reading[tuple[Unit, ...]] = field(default_factory=Reading)

    @property
    def reached(self) -> bool:
        return self.hostname.value is not None

    @property
    def role(self) -> Role | None:
        """What its server says it is now; None where it does not run or could not be asked."""
        return self.cluster.value.role if self.cluster.value else None

    @property
    def serves(self) -> bool:
        """Whether it says that it is primary, here or at the DR site."""
        return self.role in (Role.PRIMARY, Role.DR_PRIMARY)

    @property
    def stopped(self) -> bool:
        """Whether the host itself proves that its server does not run."""
        unit = self.unit.value
        return unit is not None and unit.stopped and self.life.life is Life.STOPPED


@dataclass(frozen=True)
class SurveyedBalancer:
    """One load balancer. `channel` is how it can be changed; None where it can't, and `why` then says why."""

    name: str
    backend: Reading[Backend] = field(default_factory=Reading)
    process: Reading[Process] = field(default_factory=Reading)
    channel: haproxy.Channel | None = None
    why: str = ""
    traffic: Reading[dict[str, Traffic]] = field(default_factory=Reading)
    """What had gone through each of its servers."""
    addresses: Reading[bool] = field(default_factory=Reading)
    """Whether it holds its site's service address; read only for operations that ask for it."""

    @property
    def holds_address(self) -> bool:
        return self.addresses.value is True

    def server(self, name: str | None) -> BackendServer | None:
        backend = self.backend.value
        return haproxy.server_of(backend, name) if backend and name else None


@dataclass(frozen=True)
class Survey:
    """All of one moment. `views[asked][node]`: what host `asked` sees of the licence server of `node`."""

    at: float
    nodes: dict[str, SurveyedNode]
    balancers: dict[str, SurveyedBalancer]
    views: dict[str, dict[str, Sign]] = field(default_factory=dict)

    @property
    def memory(self) -> dict[str, str]:
        """What actions and checks need to know of the survey: of load balancers, and who answered nobody."""
        kept: dict[str, str] = {}
        for name, balancer in self.balancers.items():
            if balancer.channel is not None:
                kept[channel_key(name)] = balancer.channel
            if balancer.process.value and balancer.process.value.pid is not None:
                kept[process_key(name)] = str(balancer.process.value.pid)
        if not self.primaries():
            kept |= looked_at(self.at, self.silent)
        return kept

    @property
    def silent(self) -> tuple[str, ...]:
        """Every node that is not reached and answers nobody."""
        return tuple(
            name
            for name, node in self.nodes.items()
            if not node.reached
            and node.port.life is not Life.ANSWERS
            and not any(views[name].life is Life.ANSWERS for views in self.views.values() if name in views)
        )

    def primaries(self, among: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """Every node that says it serves as primary."""
        return tuple(name for name, node in self.nodes.items() if node.serves and (among is None or name in among))


class Surveyor:
    """Reads a whole cluster, all hosts at once, each question bounded by itself."""

    def __init__(self, hands: Hands, ground: Ground, clock: Callable[[], float]) -> None:
        self._hands = hands
        self._ground = ground
        self._clock = clock

    async def survey(self, *, addresses: bool = False) -> Survey:
        """Read everything; with `addresses`, also which load balancer holds its site's service address."""
        ground = self._ground
        async with asyncio.TaskGroup() as tasks:
            nodes = {name: tasks.create_task(self._node_and_views(name)) for name in ground.nodes}
            balancers = {
                name: tasks.create_task(self._balancer_and_traffic(name))
                for name in (*ground.main_balancers, *ground.dr_balancers)
            }
            held = {name: tasks.create_task(self._holds(name)) for name in balancers if addresses}
        read = {name: task.result() for name, task in nodes.items()}
        return Survey(
            at=self._clock(),
            nodes={name: node for name, (node, _) in read.items()},
            balancers={
                name: replace(task.result(), addresses=held[name].result() if name in held else Reading())
                for name, task in balancers.items()
            },
            views={name: views for name, (node, views) in read.items() if node.reached},
        )

    async def _node_and_views(self, name: str) -> tuple[SurveyedNode, dict[str, Sign]]:
        """A node, and what it sees of the others; it is asked for that while silent ones are still waited for, and
        first of all: what it sees of a silent one takes longest."""
        met = await self._met(name)
        if met.hostname.failure is not None:
            return met, {}
        others = [of for of in self._ground.nodes if of != name]
        async with asyncio.TaskGroup() as tasks:
            views = {
                of: tasks.create_task(fresh.life(self._hands, self._ground, name, of, self._clock())) for of in others
            }
            node = tasks.create_task(self._node(name, met.hostname))
        return node.result(), {of: view.result() for of, view in views.items()}

    async def _met(self, name: str) -> SurveyedNode:
        """Whether a node is reached, and nothing else of it yet."""
        async with asyncio.TaskGroup() as tasks:
            knocking = tasks.create_task(fresh.knock(self._hands, self._ground, name))
            hostname = await self._reading(self._hostname(name), "uname")
            if hostname.failure is None:
                # It is asked itself, and says more than its port.
                knocking.cancel()
        if hostname.failure is not None:
            missing = hostname.failure
            return SurveyedNode(name, hostname, life=Sign(Life.UNKNOWN, missing.text), port=knocking.result())
        return SurveyedNode(name, hostname)

    async def _node(self, name: str, hostname: Reading[str]) -> SurveyedNode:
        units = [self._ground.nodes[name].unit]
        loops = [one.unit for one in self._ground.cluster.automation if one.node == name]
        is_dr = name in self._ground.dr_nodes
        async with asyncio.TaskGroup() as tasks:
            read = tasks.create_task(self._reading(self._units(name, [*units, *loops]), "systemctl"))
            life = tasks.create_task(fresh.life(self._hands, self._ground, name, name, self._clock()))
            cluster = tasks.create_task(
                self._reading(fresh.cluster_status(self._hands, self._ground, name), "DSLicSrv")
            )
            answered = tasks.create_task(self._server(name, is_dr))
        unit, automation = _split(read.result())
        tokens, license_, dr_sync, mounted = answered.result()
        return SurveyedNode(
            name,
            hostname,
            unit,
            life.result(),
            cluster=cluster.result(),
            tokens=tokens,
            license=license_,
            dr_sync=dr_sync,
            mounts=mounted,
            automation=automation,
        )

    async def _server(
        self, name: str, is_dr: bool
    ) -> tuple[Reading[TokenState], Reading[ServerStatus], Reading[DrSync], Reading[tuple[Mount, ...]]]:
        hands, ground, now = self._hands, self._ground, self._clock()
        none: Reading[DrSync] = Reading()
        return (
            await self._reading(fresh.tokens(hands, ground, name), "DSLicSrv"),
            await self._reading(fresh.validated(hands, ground, name, now), "DSLicSrv"),
            await self._reading(fresh.dr_sync(hands, ground, name), "DSLicSrv") if is_dr else none,
            await self._reading(mounts(hands, ground, name), "mountinfo"),
        )

    async def _hostname(self, name: str) -> str:
        answer = await self._hands.run(name, self._ground.plain("uname", "-n", seconds=5), timeout=7)
        return clean(succeeded(answer)).strip()

    async def _units(self, name: str, units: list[str]) -> tuple[Unit, ...]:
        return await read_units(self._hands, self._ground, name, *units)

    async def _balancer_and_traffic(self, name: str) -> SurveyedBalancer:
        read = await self._balancer(name)
        channel = read.channel or "socket"
        traffic = await self._reading(haproxy.traffic(self._hands, self._ground, name, channel), "HAProxy")
        return replace(read, traffic=traffic)

    async def _balancer(self, name: str) -> SurveyedBalancer:
        settings = self._ground.balancer(name)
        why = ""
        if settings.socket is not None:
            level = await self._reading(haproxy.level(self._hands, self._ground, name), "socket")
            if level.value == "admin":
                process = await self._reading(haproxy.process(self._hands, self._ground, name, self._clock()), "socket")
                backend = await self._reading(self._backend(name, "socket"), "socket")
                return SurveyedBalancer(name, backend, process, "socket" if backend.value else None, _text(backend))
            why = (
                level.failure.text
                if level.failure
                else f"{name}: its socket has the level “{clean(level.value or '')}”; it needs level admin"
            )
        if settings.stats_url is not None:
            backend = await self._reading(self._backend(name, "page"), "statistics page")
            return SurveyedBalancer(name, backend, channel="page" if backend.value else None, why=_text(backend) or why)
        backend = await self._reading(self._backend(name, "socket"), "socket")
        return SurveyedBalancer(name, backend, why=why or _text(backend))

    async def _holds(self, name: str) -> Reading[bool]:
        vip = self._ground.balancers_of(name).vip
        if vip is None:
            return Reading()
        return await self._reading(holds(self._hands, self._ground, name, vip), "ip addr")

    async def _backend(self, name: str, channel: haproxy.Channel) -> Backend:
        return await haproxy.backend(self._hands, self._ground, name, channel, self._clock())

    async def _reading(self, asked: Awaitable[T], source: str) -> Reading[T]:
        try:
            value = await asked
        except (NotRead, Unreached) as failure:
            return Reading(source=source, failure=failure.failure, tried_at=self._clock())
        except (Unfinished, Refused) as failure:
            kind = FailureKind.NO_ANSWER if isinstance(failure, Unfinished) else FailureKind.FAILED
            return Reading(source=source, failure=Failure(kind, clean(str(failure))), tried_at=self._clock())
        now = self._clock()
        return Reading(value=value, at=now, source=source, tried_at=now)


def _split(read: Reading[tuple[Unit, ...]]) -> tuple[Reading[Unit], Reading[tuple[Unit, ...]]]:
    """The node's own unit, and the others."""
    if read.value is None:
        return (
            Reading(source=read.source, failure=read.failure, tried_at=read.tried_at),
            Reading(source=read.source, failure=read.failure, tried_at=read.tried_at),
        )
    first, *others = read.value
    return (
        Reading(value=first, at=read.at, source=read.source, tried_at=read.tried_at),
        Reading(value=tuple(others), at=read.at, source=read.source, tried_at=read.tried_at),
    )


def _text(reading: Reading[T]) -> str:
    return reading.failure.text if reading.failure else ""
