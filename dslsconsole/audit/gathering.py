"""The facts of an audit, read from every host at the same time as the probe user. Nothing is changed anywhere."""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Any

from msgspec import Struct

from dslsconsole.audit.facts import ClusterFacts, HostFacts, SiteFacts
from dslsconsole.audit.wording import full_unit
from dslsconsole.model.node import Mode
from dslsconsole.model.reading import Failure, FailureKind, Reading
from dslsconsole.settings.hosts import HostAddress, HostKind, Site, cluster_hosts
from dslsconsole.settings.schema import Cluster, Estate
from dslsconsole.ssh.access import Access
from dslsconsole.ssh.errors import SshError
from dslsconsole.ssh.pool import Pool
from dslsconsole.systems.answers import Unreadable, pairs, whole
from dslsconsole.systems.dns.read import parse_dig
from dslsconsole.systems.dslicsrv.read import parse_status
from dslsconsole.systems.dslicsrv.settings import parse_settings
from dslsconsole.systems.haproxy.configuration import parse_haproxy
from dslsconsole.systems.keepalived.configuration import parse_keepalived
from dslsconsole.systems.node import configuration, probe
from dslsconsole.systems.node.sections import SOURCE
from dslsconsole.systems.readers import target_of
from dslsconsole.systems.storage.fstab import parse_fstab, parse_mounted
from dslsconsole.systems.systemd.settings import UnitSettings
from dslsconsole.systems.systemd.settings import parse_settings as parse_units

TIMEOUT_S = 20.0
LIMIT_S = 5
"""Of one command on a host."""
HAPROXY_UNIT, KEEPALIVED_UNIT = "haproxy.service", "keepalived.service"
_OWN_FILE = {Mode.PRIMARY: "config=primary", Mode.BACKUP: "config=backup", Mode.ARBITRATOR: "config=arbitrator"}


class Questions(Struct, frozen=True):
    """What is asked of one host: the probe's word for each fact of `HostFacts`, and its units."""

    words: dict[str, str]
    units: tuple[str, ...] = ()

    @classmethod
    def of(cls, estate: Estate, host: HostAddress) -> "Questions":
        """What the estate file makes worth asking.

        Raises:
            ValueError: a unit's name can't be asked about.
        """
        cluster = estate.clusters[host.cluster]
        if host.kind is HostKind.BALANCER:
            return _of_balancer(cluster, host)
        units = tuple(dict.fromkeys((full_unit(host.unit or "dsls"), *(one.unit for one in cluster.automation))))
        words = {"time": "time", "units": configuration.units_word(units)}
        if estate.dslicsrv.dialect == "guide":
            if host.mode in _OWN_FILE:
                words |= {"status": "status", "licence": _OWN_FILE[host.mode]}
            if host.mode in (Mode.PRIMARY, Mode.BACKUP):
                words["failover"] = configuration.FAILOVER
            if host.site is Site.DR:
                words["dr_site"] = configuration.DR_SITE
        is_shared = cluster.storage is not None and cluster.storage.kind == "nfs"
        if is_shared and host.mode in (Mode.PRIMARY, Mode.BACKUP):
            words |= {"mounts": "mounts", "fstab": configuration.FSTAB}
        dr = cluster.dr
        if dr is not None and dr.dns is not None and host.name in (dr.dns.run_on or tuple(dr.nodes)):
            words["dns"] = f"dns={dr.dns.server},{dr.dns.port},{dr.dns.record},A"
        return cls(words, units)


def _of_balancer(cluster: Cluster, host: HostAddress) -> Questions:
    balancing = cluster.load_balancers if host.site is Site.MAIN else cluster.dr.load_balancers if cluster.dr else None
    moves = balancing is not None and balancing.keepalived
    units = (HAPROXY_UNIT, KEEPALIVED_UNIT) if moves else (HAPROXY_UNIT,)
    words = {"time": "time", "units": configuration.units_word(units), "kernel": "kernel"}
    words["haproxy"] = configuration.HAPROXY
    if moves:
        words["keepalived"] = configuration.KEEPALIVED
    return Questions(words, units)


async def gather(
    estate: Estate, clusters: Iterable[str], clock: Callable[[], float] = time.time
) -> tuple[ClusterFacts, ...]:
    """What the hosts of these clusters say. What can't be read is a failure in its place, never an exception."""
    hosts = {name: cluster_hosts(estate, name) for name in clusters}
    async with Pool(Access.probe(estate.ssh), clock, back_off=False) as pool:
        reading = _Reading(estate, pool, clock)
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(reading.host(host)) for one in hosts.values() for host in one.all]
    told = {(facts.address.cluster, facts.name): facts for facts in (task.result() for task in running)}

    def facts_of(group: tuple[HostAddress, ...]) -> tuple[HostFacts, ...]:
        return tuple(told[host.cluster, host.name] for host in group)

    found = []
    for name, one in hosts.items():
        cluster = estate.clusters[name]
        sites = [
            SiteFacts(Site.MAIN, cluster.nodes, facts_of(one.nodes), cluster.load_balancers, facts_of(one.balancers))
        ]
        if cluster.dr is not None:
            balancing = cluster.dr.load_balancers
            sites.append(
                SiteFacts(Site.DR, cluster.dr.nodes, facts_of(one.dr_nodes), balancing, facts_of(one.dr_balancers))
            )
        found.append(ClusterFacts(name, cluster, estate, tuple(sites)))
    return tuple(found)


class _Reading:
    """Asks hosts, each once."""

    def __init__(self, estate: Estate, pool: Pool, clock: Callable[[], float]) -> None:
        self._estate = estate
        self._pool = pool
        self._clock = clock

    async def host(self, host: HostAddress) -> HostFacts:
        try:
            questions = Questions.of(self._estate, host)
        except ValueError as error:
            return HostFacts(host, **self._all_failed(("units",), Failure(FailureKind.FAILED, f"{host.name}: {error}")))
        directory = f"{self._estate.dslicsrv.path.rpartition('/bin/')[0]}/config"
        known: dict[str, Any] = {"jumps": self._jumps(host), "licence_directory": directory}
        try:
            connection = await self._pool.connection(target_of(host))
            shell = await connection.shell(probe.sent(self._estate.dslicsrv))
        except SshError as error:
            failed = self._all_failed(("clock_offset", *questions.words), error.failure)
            return HostFacts(host, unit_names=questions.units, **known, **failed)
        began = self._clock()
        try:
            asked = (f"limit={LIMIT_S}", "identity", *questions.words.values())
            answer = await probe.ask(shell, asked, TIMEOUT_S)
        finally:
            shell.close()
        told = configuration.Told(host.name, connection.user, answer, self._clock(), LIMIT_S)
        return HostFacts(
            host,
            unit_names=questions.units,
            **known,
            clock_offset=told.of("identity", lambda text: _offset(text, (began + told.at) / 2)),
            **self._readings(told, questions),
        )

    def _readings(self, told: configuration.Told, questions: Questions) -> dict[str, Any]:
        def units(text: str) -> tuple[UnitSettings, ...]:
            found = parse_units(text)
            if len(found) != len(questions.units):
                raise Unreadable(f"it tells of {len(found)} units, asked were {len(questions.units)}")
            return found

        parsers: dict[str, Callable[[str], Any]] = {
            "time": configuration.parse_time,
            "units": units,
            "kernel": configuration.parse_kernel,
            "haproxy": parse_haproxy,
            "keepalived": parse_keepalived,
            "status": lambda text: parse_status(text, told.at),
            "licence": parse_settings,
            "failover": parse_settings,
            "dr_site": parse_settings,
            "mounts": parse_mounted,
            "fstab": parse_fstab,
            "dns": parse_dig,
        }
        # Units and DNS are asked with names, and answered under their own.
        return {
            fact: told.of(fact if fact in ("units", "dns") else word, parsers[fact])
            for fact, word in questions.words.items()
        }

    def _all_failed(self, facts: Iterable[str], failure: Failure) -> dict[str, Any]:
        failed: Reading[Any] = Reading(None, None, SOURCE, failure, self._clock())
        return dict.fromkeys(facts, failed)

    def _jumps(self, host: HostAddress) -> tuple[str, ...]:
        try:
            return tuple(jump.target.name for jump in self._pool.route(target_of(host)).jumps)
        except SshError:
            return ()


def _offset(text: str, at: float) -> float:
    said = pairs(text.replace("=", ": "))
    offset = probe.offset(whole(said.get("clock")), at, None)
    if offset is None:
        raise Unreadable("the probe tells no clock")
    return offset
