"""A node read whole: one question to the probe that stays open on it, its sections turned into readings."""

import asyncio
from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec
from msgspec import Struct

from dslsconsole.model.lock import HeldLock
from dslsconsole.model.node import (
    ClusterResource,
    Disk,
    Link,
    Mode,
    Mount,
    NodeReadings,
    Service,
)
from dslsconsole.model.reading import Failure, FailureKind, Reading
from dslsconsole.settings.hosts import HostAddress, Site
from dslsconsole.settings.schema import Dns, Dslicsrv, Estate
from dslsconsole.ssh.access import Target
from dslsconsole.ssh.connection import Connection
from dslsconsole.ssh.errors import SshError, failed
from dslsconsole.ssh.pool import Pool
from dslsconsole.ssh.shell import Shell
from dslsconsole.systems.answers import Unreadable, pairs, whole, word
from dslsconsole.systems.dns.read import parse_dig
from dslsconsole.systems.dslicsrv import vendor
from dslsconsole.systems.dslicsrv.read import parse_cluster_status, parse_status, parse_tokens, parse_verify_dr_sync
from dslsconsole.systems.node import failures, probe
from dslsconsole.systems.node.lock import parse_lock
from dslsconsole.systems.node.monitoring import parse_monitoring
from dslsconsole.systems.node.sections import SOURCE, Sections, base
from dslsconsole.systems.node.spaces import Spaces, space_of
from dslsconsole.systems.pacemaker.read import parse_crm_mon
from dslsconsole.systems.storage.read import mounts_at, parse_mountinfo
from dslsconsole.systems.systemd.read import parse_show

MONITORING_INTERVAL_S = 300.0
DISK_INTERVAL_S = 60.0
RECONNECT_PATIENCE_S = 1.0
"""How long a new connection is waited for before the loss of the last one is told; the attempt goes on meanwhile."""
T = TypeVar("T")


class Questions(Struct, frozen=True):
    """What there is to ask of one node."""

    host: str
    unit: str
    automation: tuple[str, ...] = ()
    storage: Mapping[str, str] = {}
    has_tokens: bool = True
    """Arbitrators hold none."""
    is_dr: bool = False
    dns: Dns | None = None
    resource: str | None = None
    """The Pacemaker resource under the storage."""
    monitoring: str | None = None
    """The file of alert thresholds that it holds."""
    cluster: str | None = None
    """Its cluster, whose lock it may carry; None where nothing can be run on it."""
    locks: str | None = None
    """The directory of locks."""
    vendor_port: int | None = None
    """The administration port of the vendor's licence server; None in the guide's dialect."""

    @classmethod
    def of(cls, estate: Estate, node: HostAddress) -> "Questions":
        """What the estate file makes worth asking."""
        cluster = estate.clusters[node.cluster]
        dr = cluster.dr
        asks_dns = (
            dr is not None
            and dr.dns is not None
            and node.name in (dr.dns.run_on or tuple(dr.nodes))
            and probe.is_askable(dr.dns.record)
        )
        is_vendor = estate.dslicsrv.dialect == "vendor"
        monitoring = cluster.monitoring
        uses_storage = node.site is Site.MAIN and node.mode is not Mode.ARBITRATOR
        return cls(
            host=node.name,
            unit=node.unit or "dsls",
            automation=tuple(one.unit for one in cluster.automation if one.node == node.name),
            storage=cluster.storage.paths if cluster.storage and uses_storage else {},
            has_tokens=is_vendor or node.mode is not Mode.ARBITRATOR,
            is_dr=node.site is Site.DR and not is_vendor,
            dns=dr.dns if dr and asks_dns else None,
            resource=cluster.storage.resource if cluster.storage and uses_storage else None,
            monitoring=monitoring.path if monitoring is not None and monitoring.node == node.name else None,
            cluster=None if is_vendor else node.cluster,
            locks=estate.lock_directory,
            vendor_port=node.licence_port if is_vendor else None,
        )

    @property
    def disk_word(self) -> str | None:
        """What is asked seldom of the host's own disk."""
        askable = self.cluster is not None and self.locks is not None and probe.is_askable(self.locks)
        return f"space={probe.encoded(self.locks)}" if askable and self.locks else None

    def words(self) -> tuple[str, ...]:
        """What is asked each time, in order: what can't hang comes first.

        Raises:
            ValueError: a unit's name can't be asked about.
        """
        found = ["identity", probe.service_word((self.unit, *self.automation))]
        found += [f"lock={self.cluster}"] if self.cluster is not None else []
        found += ["mounts"] if self.storage else []
        if self.vendor_port is not None:
            found.append(f"vendor={self.vendor_port}")
        else:
            found += ["status", "cluster"]
            found += ["tokens"] if self.has_tokens else []
        found += ["dr_sync"] if self.is_dr else []
        if self.dns is not None:
            kind = "AAAA" if ":" in self.dns.main_address else "A"
            found.append(f"dns={self.dns.server},{self.dns.port},{self.dns.record},{kind}")
        found += ["resources"] if self.resource is not None else []
        return tuple(found)


class NodeReader:
    """Reads one node again and again. Failures are readings; nothing is raised but cancellation."""

    def __init__(
        self,
        questions: Questions,
        target: Target,
        dslicsrv: Dslicsrv,
        pool: Pool,
        *,
        timeout: float,
        clock: Callable[[], float],
    ) -> None:
        self._questions = questions
        self._target = target
        self._command = probe.sent(dslicsrv, questions.monitoring, questions.locks)
        self._pool = pool
        self._timeout = timeout
        self._clock = clock
        self._limit = max(1, int(timeout / 4))
        self._words = questions.words()
        self._spaces = Spaces(questions.storage)
        self._monitoring_due = 0.0
        self._disk_due = 0.0
        self._shell: Shell | None = None
        self._connection: Connection | None = None
        self._slow: frozenset[str] = frozenset()
        self._offset: float | None = None
        self._parsed: dict[str, tuple[str, object]] = {}

    async def read(self) -> NodeReadings:
        """Asks once. Takes at most the time to connect and the poll's timeout."""
        monitoring_due, self._monitoring_due = self._monitoring_due, 0.0  # due again whatever cuts this reading short
        try:
            connection = await self._connected()
            shell = await self._open(connection)
        except SshError as error:
            self._disk_due = 0.0
            return NodeReadings(link=Reading(failure=error.failure, tried_at=self._clock(), source="ssh"))
        began = self._clock()
        # Who was late the last time waits until the others are through.
        words = sorted(self._words, key=lambda one: one in self._slow)
        if self._questions.monitoring is not None and began >= monitoring_due:
            words.append("monitoring")
            monitoring_due = began + MONITORING_INTERVAL_S
        if (disk := self._questions.disk_word) is not None and began >= self._disk_due:
            words.insert(1, disk)  # of the host's own disk, so that it hangs with nothing
        answer = await probe.ask(shell, (f"limit={self._limit}", *words, *self._spaces.words(began)), self._timeout)
        readings = self._readings(answer, connection, began, asks_monitoring="monitoring" in words)
        if readings.link.failure is None:
            self._monitoring_due = monitoring_due
        return readings

    async def _connected(self) -> Connection:
        """The connection, or a new one. Where the last one broke, that is news, and told before a new attempt ends."""
        if self._connection is None or self._connection.is_open:
            return await self._pool.connection(self._target)
        try:
            async with asyncio.timeout(RECONNECT_PATIENCE_S):
                return await self._pool.connection(self._target)
        except TimeoutError:
            text = f"{self._questions.host}: the connection broke, and the host takes no new one yet"
            raise failed(FailureKind.LOST, text) from None

    async def _open(self, connection: Connection) -> Shell:
        """The shell on this connection, a new one where the last was closed."""
        if self._shell is not None and self._connection is connection and self._shell.is_open:
            return self._shell
        self._shell = None
        try:
            self._shell = await connection.shell(self._command, timeout=self._timeout)
        except SshError as error:
            if error.failure.kind is FailureKind.NO_ANSWER:
                self._pool.drop(self._target)
            raise
        self._connection = connection
        return self._shell

    def _readings(
        self, answer: probe.Answer, connection: Connection, began: float, *, asks_monitoring: bool
    ) -> NodeReadings:
        now = self._clock()
        shortfall = answer.shortfall.failure if answer.shortfall else None
        if not answer.sections:
            self._disk_due = 0.0
            failure = shortfall or Failure(FailureKind.GARBLED, f"{self._questions.host}: the probe gave no section")
            if failure.kind is FailureKind.NO_ANSWER:
                # Silence of a whole host: the connection may be dead without knowing it.
                self._pool.drop(self._target)
            return NodeReadings(link=Reading(failure=failure, tried_at=now, source="ssh"))
        sections = {base(word): section for word, section in answer.sections.items()}
        self._slow = frozenset(one for one in self._words if _is_late(sections.get(base(one))))
        self._spaces.told(
            answer, now, reached=all(base(one) in sections or one in answer.refused for one in self._words)
        )
        reading = Sections(self._questions.host, sections, answer.refused, shortfall, now, self._limit, self._parsed)
        services = reading.of("service", self._services)
        mounts: Reading[tuple[Mount, ...]] = Reading()
        if self._questions.storage:
            mounts = reading.of("mounts", self._mounts, keeps=False)
        server = self._vendor(reading) if self._questions.vendor_port is not None else self._guide(reading, now)
        return NodeReadings(
            link=self._link(reading, connection, began, now),
            service=_first(services, self._questions.unit),
            status=server.status,
            cluster=server.cluster,
            tokens=server.tokens,
            dr_sync=reading.of("dr_sync", parse_verify_dr_sync, (0, 1)) if self._questions.is_dr else Reading(),
            mounts=mounts,
            automation=_rest(services, self._questions.automation) if self._questions.automation else Reading(),
            dns=reading.of("dns", parse_dig) if self._questions.dns else Reading(),
            resource=self._resource(reading),
            lock=self._lock(reading),
            disk=self._disk(answer, now),
            monitoring=reading.of("monitoring", parse_monitoring) if asks_monitoring else Reading(),
        )

    def _guide(self, reading: Sections, now: float) -> NodeReadings:
        """What the licence server tells in the guide's dialect."""
        return NodeReadings(
            status=reading.of(
                "status", lambda text: parse_status(text, now), (0, 1, failures.NOT_RUNNING), keeps=False
            ),
            cluster=reading.of("cluster", parse_cluster_status),
            tokens=reading.of("tokens", parse_tokens) if self._questions.has_tokens else Reading(),
        )

    def _vendor(self, reading: Sections) -> NodeReadings:
        """What the vendor's licence server tells; its tool's exit status says less than its words."""
        section = reading.sections.get("vendor")
        told: vendor.VendorServer | None = None
        failure: Failure | None = None
        try:
            told = vendor.parse_server_info(section.body) if section is not None else None
        except vendor.NotConnected as refused:
            failure = failures.not_connected(reading.host, str(refused))
        except Unreadable:
            told = None
        if section is None or told is None:
            return _server_failed(
                failure or reading.of("vendor", vendor.parse_server_info, keeps=False).failure, reading
            )
        status = vendor.status_of(told, vendor.earliest_expiry(section.body))
        return NodeReadings(
            status=Reading(status, reading.now, SOURCE, None, reading.now),
            cluster=Reading(vendor.cluster_of(told), reading.now, SOURCE, None, reading.now),
            tokens=reading.of("vendor", vendor.parse_usage),
        )

    def _resource(self, reading: Sections) -> Reading[ClusterResource]:
        name = self._questions.resource
        return Reading() if name is None else reading.of("resources", lambda text: parse_crm_mon(text, name))

    def _lock(self, reading: Sections) -> Reading[tuple[HeldLock, ...]]:
        cluster = self._questions.cluster
        return Reading() if cluster is None else reading.of("lock", lambda text: parse_lock(text, cluster))

    def _disk(self, answer: probe.Answer, now: float) -> Reading[Disk]:
        """The host's own disk, where it was asked about now and told. A host without that directory tells nothing."""
        word, path = self._questions.disk_word, self._questions.locks
        section = answer.sections.get(word) if word is not None else None
        if section is None or path is None or self._disk_due > now:
            return Reading()
        self._disk_due = now + DISK_INTERVAL_S
        free_pct = space_of(section).free_pct
        return Reading() if free_pct is None else Reading(Disk(path, free_pct), now, SOURCE, None, now)

    def _link(self, reading: Sections, connection: Connection, began: float, now: float) -> Reading[Link]:
        """The far side's name and clock, as it tells them."""
        section = reading.sections.get("identity")
        said = pairs(section.body.replace("=", ": ")) if section is not None else {}
        self._offset = probe.offset(whole(said.get("clock")), (began + now) / 2, self._offset)
        link = Link(since=connection.since, hostname=word(said.get("host")), clock_offset_s=self._offset)
        return Reading(link, now, SOURCE, None, now)

    def _services(self, text: str) -> tuple[Service, ...]:
        units = (self._questions.unit, *self._questions.automation)
        found = parse_show(text)
        if len(found) != len(units):
            raise Unreadable(f"it tells of {len(found)} units, asked were {len(units)}")
        return found

    def _mounts(self, text: str) -> tuple[Mount, ...]:
        return mounts_at(self._questions.storage, parse_mountinfo(text), self._spaces.known)


def _first(services: Reading[tuple[Service, ...]], unit: str) -> Reading[Service]:
    """The licence server's unit, by the name it was asked for: systemd answers with that of an alias's target."""
    value = None if services.value is None else msgspec.structs.replace(services.value[0], unit=unit)
    return Reading(value, services.at, services.source, services.failure, services.tried_at)


def _rest(services: Reading[tuple[Service, ...]], units: tuple[str, ...]) -> Reading[tuple[Service, ...]]:
    value = None
    if services.value is not None:
        named = zip(services.value[1:], units, strict=True)
        value = tuple(msgspec.structs.replace(service, unit=unit) for service, unit in named)
    return Reading(value, services.at, services.source, services.failure, services.tried_at)


def _is_late(section: probe.Section | None) -> bool:
    return section is None or failures.timed_out(section)


def _server_failed(failure: Failure | None, reading: Sections) -> NodeReadings:
    return NodeReadings(
        status=Reading(None, None, SOURCE, failure, reading.now),
        cluster=Reading(None, None, SOURCE, failure, reading.now),
        tokens=Reading(None, None, SOURCE, failure, reading.now),
    )
