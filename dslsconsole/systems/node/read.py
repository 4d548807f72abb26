"""A node read whole: one question to the probe that stays open on it, its sections turned into readings."""

from collections.abc import Callable, Mapping
from typing import TypeVar, cast

import msgspec
from msgspec import Struct

from dslsconsole.model.node import (
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
from dslsconsole.ssh.errors import SshError
from dslsconsole.ssh.pool import Pool
from dslsconsole.ssh.shell import Shell
from dslsconsole.systems.answers import Unreadable, pairs, whole, word
from dslsconsole.systems.dns.read import parse_dig
from dslsconsole.systems.dslicsrv.read import parse_cluster_status, parse_status, parse_tokens, parse_verify_dr_sync
from dslsconsole.systems.node import failures, probe
from dslsconsole.systems.node.spaces import Spaces
from dslsconsole.systems.storage.read import mounts_at, parse_mountinfo
from dslsconsole.systems.systemd.read import parse_show

SOURCE = "probe"
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
        uses_storage = node.site is Site.MAIN and node.mode is not Mode.ARBITRATOR
        return cls(
            host=node.name,
            unit=node.unit or "dsls",
            automation=tuple(one.unit for one in cluster.automation if one.node == node.name),
            storage=cluster.storage.paths if cluster.storage and uses_storage else {},
            has_tokens=node.mode is not Mode.ARBITRATOR,
            is_dr=node.site is Site.DR,
            dns=dr.dns if dr and asks_dns else None,
        )

    def words(self) -> tuple[str, ...]:
        """What is asked each time, in order: what can't hang comes first.

        Raises:
            ValueError: a unit's name can't be asked about.
        """
        found = ["identity", probe.service_word((self.unit, *self.automation))]
        found += ["mounts"] if self.storage else []
        found += ["status", "cluster"]
        found += ["tokens"] if self.has_tokens else []
        found += ["dr_sync"] if self.is_dr else []
        if self.dns is not None:
            kind = "AAAA" if ":" in self.dns.main_address else "A"
            found.append(f"dns={self.dns.server},{self.dns.port},{self.dns.record},{kind}")
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
        self._command = probe.sent(dslicsrv)
        self._pool = pool
        self._timeout = timeout
        self._clock = clock
        self._limit = max(1, int(timeout / 4))
        self._words = questions.words()
        self._spaces = Spaces(questions.storage)
        self._shell: Shell | None = None
        self._connection: Connection | None = None
        self._slow: frozenset[str] = frozenset()
        self._offset: float | None = None
        self._parsed: dict[str, tuple[str, object]] = {}

    async def read(self) -> NodeReadings:
        """Asks once. Takes at most the time to connect and the poll's timeout."""
        try:
            connection = await self._pool.connection(self._target)
            shell = await self._open(connection)
        except SshError as error:
            return NodeReadings(link=Reading(failure=error.failure, tried_at=self._clock(), source="ssh"))
        began = self._clock()
        # Who was late the last time waits until the others are through.
        words = sorted(self._words, key=lambda one: one in self._slow)
        answer = await probe.ask(shell, (f"limit={self._limit}", *words, *self._spaces.words(began)), self._timeout)
        return self._readings(answer, connection, began)

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

    def _readings(self, answer: probe.Answer, connection: Connection, began: float) -> NodeReadings:
        now = self._clock()
        shortfall = answer.shortfall.failure if answer.shortfall else None
        if not answer.sections:
            failure = shortfall or Failure(FailureKind.GARBLED, f"{self._questions.host}: the probe gave no section")
            if failure.kind is FailureKind.NO_ANSWER:
                # Silence of a whole host: the connection may be dead without knowing it.
                self._pool.drop(self._target)
            return NodeReadings(link=Reading(failure=failure, tried_at=now, source="ssh"))
        sections = {_base(word): section for word, section in answer.sections.items()}
        self._slow = frozenset(one for one in self._words if _is_late(sections.get(_base(one))))
        self._spaces.told(
            answer, now, reached=all(_base(one) in sections or one in answer.refused for one in self._words)
        )
        reading = _Sections(self._questions.host, sections, answer.refused, shortfall, now, self._limit, self._parsed)
        services = reading.of("service", self._services)
        mounts: Reading[tuple[Mount, ...]] = Reading()
        if self._questions.storage:
            mounts = reading.of("mounts", self._mounts, keeps=False)
        return NodeReadings(
            link=self._link(reading, connection, began, now),
            service=_first(services, self._questions.unit),
            status=reading.of(
                "status", lambda text: parse_status(text, now), (0, 1, failures.NOT_RUNNING), keeps=False
            ),
            cluster=reading.of("cluster", parse_cluster_status),
            tokens=reading.of("tokens", parse_tokens) if self._questions.has_tokens else Reading(),
            dr_sync=reading.of("dr_sync", parse_verify_dr_sync, (0, 1)) if self._questions.is_dr else Reading(),
            mounts=mounts,
            automation=_rest(services, self._questions.automation) if self._questions.automation else Reading(),
            dns=reading.of("dns", parse_dig) if self._questions.dns else Reading(),
        )

    def _link(self, reading: "_Sections", connection: Connection, began: float, now: float) -> Reading[Link]:
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


def _base(word: str) -> str:
    """The section's name, without what it is asked about."""
    return word.partition("=")[0]


def _is_late(section: probe.Section | None) -> bool:
    return section is None or failures.timed_out(section)


class _Sections:
    """The sections of one answer, made into readings."""

    def __init__(
        self,
        host: str,
        sections: dict[str, probe.Section],
        refused: frozenset[str],
        shortfall: Failure | None,
        now: float,
        limit_s: int,
        parsed: dict[str, tuple[str, object]],
    ) -> None:
        self.sections = sections
        self._host = host
        self._refused = frozenset(map(_base, refused))
        self._shortfall = shortfall
        self._now = now
        self._limit_s = limit_s
        self._parsed = parsed

    def of(
        self, name: str, parse: Callable[[str], T], good: tuple[int, ...] = (0,), *, keeps: bool = True
    ) -> Reading[T]:
        """The section's value, or why there is none. With `keeps`, the same text gives the same value unparsed."""
        section = self.sections.get(name)
        if section is None:
            if name in self._refused:
                return self._failed(failures.unknown_to_probe(self._host, name))
            return self._failed(failures.missing(self._host, name, self._shortfall))
        if section.status not in good:
            return self._failed(failures.of_status(self._host, name, section, self._limit_s))
        before = self._parsed.get(name) if keeps else None
        if before is not None and before[0] == section.body:
            return Reading(cast(T, before[1]), self._now, SOURCE, None, self._now)
        try:
            value = parse(section.body)
        except Unreadable as error:
            if section.status != 0:
                return self._failed(failures.of_status(self._host, name, section, self._limit_s))
            return self._failed(failures.garbled(self._host, name, str(error)))
        if keeps:
            self._parsed[name] = (section.body, value)
        return Reading(value, self._now, SOURCE, None, self._now)

    def _failed(self, failure: Failure) -> Reading[T]:
        return Reading(None, None, SOURCE, failure, self._now)
