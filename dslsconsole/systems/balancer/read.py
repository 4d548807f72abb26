"""A load balancer read whole. The statistics page is read where the estate names one, else the socket (`contract`)."""

import asyncio
from collections.abc import Callable

import httpx
import msgspec
from msgspec import Struct

from dslsconsole.model.balancer import Backend, BalancerReadings, CheckTimes, Process
from dslsconsole.model.node import Link
from dslsconsole.model.reading import Failure, FailureKind, Reading
from dslsconsole.settings.hosts import HostAddress, Site
from dslsconsole.settings.schema import Balancer, Balancers, Dslicsrv, Estate
from dslsconsole.ssh.access import Target
from dslsconsole.ssh.connection import Connection
from dslsconsole.ssh.errors import SshError
from dslsconsole.ssh.pool import Pool
from dslsconsole.ssh.shell import Shell
from dslsconsole.systems.answers import Unreadable, pairs, whole, word
from dslsconsole.systems.balancer.page import read_page, read_process
from dslsconsole.systems.balancer.socket import Told as Answered
from dslsconsole.systems.balancer.socket import read_socket
from dslsconsole.systems.haproxy.configuration import parse_haproxy
from dslsconsole.systems.haproxy.read import parse_info, parse_stat
from dslsconsole.systems.keepalived.read import parse_addresses
from dslsconsole.systems.node import failures, probe
from dslsconsole.systems.node.configuration import HAPROXY, Told

CHECKS_INTERVAL_S = 60.0
"""Between two readings of what the host's haproxy.cfg says of checks."""
SOCKET, PAGE, PROBE = "socket", "statistics page", "probe"
Addresses = tuple[str, ...]


class Questions(Struct, frozen=True):
    """What there is to ask of one load balancer."""

    host: str
    backend: str
    settings: Balancer
    has_address: bool
    """Whether there is a virtual address that it may hold."""

    @classmethod
    def of(cls, estate: Estate, balancer: HostAddress) -> "Questions":
        cluster = estate.clusters[balancer.cluster]
        dr = cluster.dr
        main = balancer.site is Site.MAIN
        balancers: Balancers | None = cluster.load_balancers if main else dr.load_balancers if dr else None
        if balancers is None:
            raise KeyError(f"{balancer.name} is no load balancer of {balancer.cluster}")
        has_address = balancers.vip is not None or balancers.keepalived
        return cls(balancer.name, balancers.backend, balancers.hosts[balancer.name], has_address)

    @property
    def reads_process_by_page(self) -> bool:
        """Whether the page is all that can tell which process serves."""
        return self.settings.stats_url is not None and self.settings.socket is None

    @property
    def needs_ssh(self) -> bool:
        return self.has_address or self.settings.socket is not None or self.settings.stats_url is None


class BalancerReader:
    """Reads one load balancer again and again. Failures are readings; nothing is raised but cancellation."""

    def __init__(
        self,
        questions: Questions,
        target: Target,
        dslicsrv: Dslicsrv,
        pool: Pool,
        pages: httpx.AsyncClient,
        *,
        timeout: float,
        clock: Callable[[], float],
    ) -> None:
        self._questions = questions
        self._target = target
        self._command = probe.sent(dslicsrv)
        self._pool = pool
        self._pages = pages
        self._timeout = timeout
        self._clock = clock
        self._shell: Shell | None = None
        self._connection: Connection | None = None
        self._since: float | None = None
        self._offset: float | None = None
        self._checks_due = 0.0
        self._counted: dict[str, tuple[int | None, float | None]] = {}
        """Of each server its health, and when that was seen to change."""

    async def read(self) -> BalancerReadings:
        """Asks the page and the host at the same time, each bounded by itself."""
        async with asyncio.TaskGroup() as group:
            page = group.create_task(self._page()) if self._questions.settings.stats_url else None
            serving = group.create_task(self._page_process()) if self._questions.reads_process_by_page else None
            host = group.create_task(self._host()) if self._questions.needs_ssh else None
        readings = host.result() if host is not None else BalancerReadings()
        if page is None:
            return readings
        backend = page.result()
        if backend.failure is None or readings.backend.value is None:
            readings = msgspec.structs.replace(readings, backend=backend)
        if serving is not None:
            readings = msgspec.structs.replace(readings, process=serving.result())
        return self._linked(readings, backend)

    def _linked(self, readings: BalancerReadings, page: Reading[Backend]) -> BalancerReadings:
        """A load balancer whose page answers is reached, whatever SSH says; what only SSH tells fails by itself."""
        if page.failure is not None:
            self._since = None
            if readings.link.tried_at is None:
                link: Reading[Link] = Reading(None, None, PAGE, page.failure, page.tried_at)
                return msgspec.structs.replace(readings, link=link)
            return readings
        self._since = self._since or page.at
        if readings.link.failure is None and readings.link.value is not None:
            return readings
        refused = readings.link
        since = self._since if self._since is not None else 0.0
        return msgspec.structs.replace(
            readings,
            link=Reading(Link(since=since), page.at, PAGE, None, page.tried_at),
            addresses=_failed_like(refused, PROBE) if self._questions.has_address else Reading(),
            process=_process_failed_like(refused) if self._questions.settings.socket else readings.process,
        )

    async def _page(self) -> Reading[Backend]:
        settings = self._questions.settings
        try:
            text = await read_page(self._pages, self._questions.host, settings, self._timeout)
        except SshError as error:
            return Reading(None, None, PAGE, error.failure, self._clock())
        return self._backend(text, PAGE)

    async def _page_process(self) -> Reading[Process]:
        """Which process serves. A page that does not tell, or can't be read, is no reading: its CSV has the failure."""
        try:
            process = await read_process(
                self._pages, self._questions.host, self._questions.settings, self._clock(), self._timeout
            )
        except SshError:
            return Reading()
        now = self._clock()
        return Reading() if process is None else Reading(process, now, PAGE, None, now)

    async def _host(self) -> BalancerReadings:
        try:
            connection = await self._pool.connection(self._target)
        except SshError as error:
            return BalancerReadings(link=Reading(None, None, "ssh", error.failure, self._clock()))
        socket = self._questions.settings.socket
        async with asyncio.TaskGroup() as group:
            probed = group.create_task(self._probed(connection))
            told = group.create_task(self._socket(connection, socket)) if socket is not None else None
        readings = probed.result()
        link = readings.link
        silent = link.failure is not None and link.failure.kind is FailureKind.NO_ANSWER
        if told is None:
            if silent:
                self._pool.drop(self._target)
            return readings
        process, backend = told.result()
        if silent and backend.failure is not None and backend.failure.kind is FailureKind.NO_ANSWER:
            self._pool.drop(self._target)
        if link.failure is not None and backend.failure is None:
            # The probe is not allowed or not there, but the connection carries the socket.
            link = Reading(Link(since=connection.since), backend.at, "ssh", None, backend.tried_at)
        return msgspec.structs.replace(readings, link=link, process=process, backend=backend)

    async def _socket(self, connection: Connection, path: str) -> tuple[Reading[Process], Reading[Backend]]:
        try:
            told = await read_socket(connection, path, self._timeout)
        except SshError as error:
            now = self._clock()
            return Reading(None, None, SOCKET, error.failure, now), Reading(None, None, SOCKET, error.failure, now)
        return self._process(told), self._backend(told.stat, SOCKET)

    def _process(self, told: Answered) -> Reading[Process]:
        now = self._clock()
        try:
            process = msgspec.structs.replace(parse_info(told.info, now), level=told.level)
        except Unreadable as error:
            return Reading(None, None, SOCKET, self._garbled("show info", error), now)
        return Reading(process, now, SOCKET, None, now)

    def _backend(self, text: str, source: str) -> Reading[Backend]:
        now = self._clock()
        host, name = self._questions.host, self._questions.backend
        try:
            found = parse_stat(text, now)
        except Unreadable as error:
            return Reading(None, None, source, self._garbled(f"HAProxy's {source}", error), now)
        backend = next((one for one in found if one.name == name), None)
        if backend is None:
            others = ", ".join(one.name for one in found[:5]) or "none"
            failure = Failure(FailureKind.ABSENT, f"{host}: HAProxy has no backend {name}; it has {others}")
            return Reading(None, None, source, failure, now)
        return Reading(self._counting(backend, now), now, source, None, now)

    def _counting(self, backend: Backend, now: float) -> Backend:
        """With the time of each server's last check that changed its health, as it was seen."""
        counted: dict[str, tuple[int | None, float | None]] = {}
        for server in backend.servers:
            before = self._counted.get(server.name)
            at = None if before is None else before[1] if before[0] == server.health else now
            counted[server.name] = server.health, at
        self._counted = counted
        servers = (msgspec.structs.replace(one, counted_at=counted[one.name][1]) for one in backend.servers)
        return msgspec.structs.replace(backend, servers=tuple(servers))

    def _garbled(self, what: str, error: Unreadable) -> Failure:
        return Failure(FailureKind.GARBLED, f"{self._questions.host}: {what} can't be read: {error}")

    async def _probed(self, connection: Connection) -> BalancerReadings:
        """The host's name, clock and addresses, by the probe; now and then what its haproxy.cfg says of checks."""
        began = self._clock()
        try:
            shell = await self._open(connection)
        except SshError as error:
            return self._unprobed(error.failure)
        asks_checks = began >= self._checks_due
        words = ("identity", *(("addresses",) if self._questions.has_address else ()))
        words += (HAPROXY,) if asks_checks else ()
        answer = await probe.ask(shell, ("limit=1", *words), self._timeout)
        now = self._clock()
        shortfall = answer.shortfall.failure if answer.shortfall else None
        if not answer.sections:
            return self._unprobed(failures.missing(self._questions.host, "identity", shortfall))
        if asks_checks:
            self._checks_due = began + CHECKS_INTERVAL_S
        return BalancerReadings(
            link=self._link(answer, connection, began, now),
            addresses=self._addresses(answer, shortfall, now),
            checks=self._checks(answer, now) if asks_checks else Reading(),
        )

    def _unprobed(self, failure: Failure) -> BalancerReadings:
        link = Reading[Link](None, None, PROBE, failure, self._clock())
        return BalancerReadings(link=link, addresses=_failed_like(link, PROBE))

    def _checks(self, answer: probe.Answer, now: float) -> Reading[tuple[CheckTimes, ...]]:
        """How often the backend's servers are checked. The file may be for root alone: then nothing is told."""
        file = Told(self._questions.host, "", answer, now, 1).of(HAPROXY, parse_haproxy)
        proxies = file.value.proxies if file.value is not None else ()
        servers = next((one.servers for one in proxies if one.name == self._questions.backend), ())
        times = tuple(CheckTimes(one.name, one.inter_s, one.fastinter_s, one.downinter_s) for one in servers)
        return Reading(times, now, PROBE, None, now) if times else Reading()

    def _link(self, answer: probe.Answer, connection: Connection, began: float, now: float) -> Reading[Link]:
        section = answer.sections.get("identity")
        said = pairs(section.body.replace("=", ": ")) if section is not None else {}
        self._offset = probe.offset(whole(said.get("clock")), (began + now) / 2, self._offset)
        link = Link(since=connection.since, hostname=word(said.get("host")), clock_offset_s=self._offset)
        return Reading(link, now, PROBE, None, now)

    def _addresses(self, answer: probe.Answer, shortfall: Failure | None, now: float) -> Reading[Addresses]:
        if not self._questions.has_address:
            return Reading()
        host, section = self._questions.host, answer.sections.get("addresses")
        if section is None:
            return Reading(None, None, PROBE, failures.missing(host, "addresses", shortfall), now)
        if section.status != 0:
            return Reading(None, None, PROBE, failures.of_status(host, "addresses", section, 1), now)
        try:
            return Reading(parse_addresses(section.body), now, PROBE, None, now)
        except Unreadable as error:
            return Reading(None, None, PROBE, failures.garbled(host, "addresses", str(error)), now)

    async def _open(self, connection: Connection) -> Shell:
        if self._shell is None or self._connection is not connection or not self._shell.is_open:
            self._shell = await connection.shell(self._command, timeout=self._timeout)
            self._connection = connection
        return self._shell


def _failed_like(link: Reading[Link], source: str) -> Reading[Addresses]:
    return Reading(None, None, source, link.failure, link.tried_at)


def _process_failed_like(link: Reading[Link]) -> Reading[Process]:
    return Reading(None, None, SOCKET, link.failure, link.tried_at)
