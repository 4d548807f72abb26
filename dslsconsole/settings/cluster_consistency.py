"""What contradicts itself within one cluster of an estate file."""

import ipaddress
import zoneinfo
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from dslsconsole.model.node import Mode
from dslsconsole.settings.class_hours import class_periods
from dslsconsole.settings.findings import Key, quoted
from dslsconsole.settings.hosts import HostAddress, HostKind, Site, cluster_hosts
from dslsconsole.settings.schema import Academic, Balancers, Cluster, Dr, Estate, Node
from dslsconsole.settings.values import duration_text
from dslsconsole.settings.wording import nearest

Contradiction = tuple[Key, str]
"""The key it is told at, and what is wrong with what would be right."""


def contradictions_in(estate: Estate, name: str) -> Iterator[Contradiction]:
    """Everything that contradicts itself within one cluster."""
    cluster = estate.clusters[name]
    key: Key = ("clusters", name)
    yield from _modes(key, cluster)
    yield from _same_host_twice(key, name, estate)
    yield from _quorum(key, cluster)
    yield from _lag((*key, "token_sync"), cluster.token_sync.interval, cluster.token_sync.max_lag)
    yield from _balancers((*key, "load_balancers"), cluster.load_balancers, cluster.nodes)
    yield from _storage((*key, "storage"), cluster)
    if cluster.dr is not None:
        yield from _dr((*key, "dr"), cluster, cluster.dr)
    yield from _automation(key, cluster)
    if cluster.academic is not None:
        yield from _academic((*key, "academic"), cluster.academic)


def both_balancers(key: Key, cluster: Cluster) -> Iterator[tuple[Key, Balancers]]:
    """Each group of load balancers of a cluster, with its key."""
    if cluster.load_balancers is not None:
        yield (*key, "load_balancers"), cluster.load_balancers
    if cluster.dr is not None and cluster.dr.load_balancers is not None:
        yield (*key, "dr", "load_balancers"), cluster.dr.load_balancers


def one_secret(key: Key, name: str, env: str | None, file: str | None) -> Iterator[Contradiction]:
    """A secret is in the environment or in a file, not both."""
    if env is not None and file is not None:
        yield (*key, f"{name}_file"), f"{name}_env is given too, and only one can hold; remove one of them"


def sound_url(key: Key, url: str | None) -> Iterator[Contradiction]:
    """A URL names a host and holds no secret."""
    if url is None:
        return
    try:
        parts = urlsplit(url)
        sound = bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound:
        yield key, "is not a sound URL; write it as http://HOST:PORT/PATH with a port from 1 to 65535"
    elif "@" in parts.netloc:
        # The value is not repeated: it holds a secret.
        yield key, "holds a user or a password; secrets come from the environment or a file, never from here"


def comparable(address: str) -> str:
    """The address in a form that is equal for equal addresses."""
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return address.lower().rstrip(".")


def host_key(key: Key, host: HostAddress) -> Key:
    """A host's key in the file."""
    site: Key = () if host.site is Site.MAIN else ("dr",)
    group: Key = ("nodes",) if host.kind is HostKind.NODE else ("load_balancers", "hosts")
    return (*key, *site, *group, host.name)


def _modes(key: Key, cluster: Cluster) -> Iterator[Contradiction]:
    dr_modes = (Mode.DR_PRIMARY, Mode.DR_BACKUP)
    for name, node in cluster.nodes.items():
        if node.mode in dr_modes:
            yield (
                (*key, "nodes", name, "mode"),
                f"{node.mode} is for nodes under dr; write primary, backup or arbitrator here",
            )
    yield from _one_primary((*key, "nodes"), cluster.nodes, Mode.PRIMARY)
    if cluster.dr is not None:
        for name, node in cluster.dr.nodes.items():
            if node.mode not in dr_modes:
                yield (
                    (*key, "dr", "nodes", name, "mode"),
                    f"{node.mode} is for the main site's nodes; write dr-primary or dr-backup here",
                )
        yield from _one_primary((*key, "dr", "nodes"), cluster.dr.nodes, Mode.DR_PRIMARY)


def _one_primary(key: Key, nodes: dict[str, Node], mode: Mode) -> Iterator[Contradiction]:
    primaries = [name for name, node in nodes.items() if node.mode is mode]
    for name in primaries[1:]:
        yield (*key, name, "mode"), f"a second {mode} beside {primaries[0]}; one must be a backup"


def _same_host_twice(key: Key, name: str, estate: Estate) -> Iterator[Contradiction]:
    names: dict[str, HostAddress] = {}
    places: dict[tuple[str, int], HostAddress] = {}
    for host in cluster_hosts(estate, name).all:
        at = host_key(key, host)
        if host.name in names:
            other = names[host.name]
            yield at, f"names a {other.kind} of the {other.site} site too; each host has a name of its own"
            continue
        names[host.name] = host
        place = (comparable(host.address), host.ssh_port or 22)
        if place in places:
            yield (*at, "address"), f"{host.address} is {places[place].name} too; each host has an address of its own"
        places.setdefault(place, host)
    addresses = {place[0]: host for place, host in reversed(places.items())}
    for balancers_key, balancers in both_balancers(key, estate.clusters[name]):
        # Hosts told apart by their SSH port stand behind one address, so its service address may be the same.
        if (
            balancers.vip is not None
            and (owner := addresses.get(comparable(balancers.vip)))
            and owner.ssh_port in (None, 22)
        ):
            yield (
                (*balancers_key, "vip"),
                f"{balancers.vip} is the address of {owner.name} itself; write the service address that moves",
            )


def _quorum(key: Key, cluster: Cluster) -> Iterator[Contradiction]:
    voters = len(cluster.nodes)
    if cluster.quorum is not None and cluster.quorum > voters:
        yield (*key, "quorum"), f"{cluster.quorum} votes can never be had of {voters} nodes; write at most {voters}"


def _lag(key: Key, interval: float, max_lag: float) -> Iterator[Contradiction]:
    if max_lag < interval:
        yield (
            (*key, "max_lag"),
            f"{duration_text(max_lag)} is shorter than interval ({duration_text(interval)}), so it would always be "
            "late; write a longer one",
        )


def _unknown_node(name: str, nodes: dict[str, Node], whose: str) -> str:
    return f"{name} is no node of {whose}; {nearest(name, list(nodes))}"


def _balancers(key: Key, balancers: Balancers | None, nodes: dict[str, Node]) -> Iterator[Contradiction]:
    if balancers is None:
        return
    named: dict[str, str] = {}
    for node, server in balancers.servers.items():
        at = (*key, "servers", node)
        if node not in nodes:
            yield at, _unknown_node(node, nodes, "this site")
        if server in named:
            yield at, f"{server} is {named[server]}'s server too; each node has a server of its own"
        named.setdefault(server, node)
    for name, host in balancers.hosts.items():
        at = (*key, "hosts", name)
        if host.socket is None and host.stats_url is None:
            yield at, "has neither socket nor stats_url, so nothing can be read of it; give one of them"
        yield from sound_url((*at, "stats_url"), host.stats_url)
        yield from one_secret(at, "password", host.password_env, host.password_file)
        password = host.password_env or host.password_file
        if host.username is not None and password is None:
            yield (*at, "username"), "has no password; give password_env or password_file too"
        if password is not None and host.username is None:
            field = "password_env" if host.password_env else "password_file"
            yield (*at, field), "has no username; give username too"


def _storage(key: Key, cluster: Cluster) -> Iterator[Contradiction]:
    storage = cluster.storage
    if storage is None:
        return
    if storage.kind == "gfs2" and storage.resource is None:
        yield (*key, "kind"), "gfs2 needs the Pacemaker resource; give resource too, e.g. resource: dsls-storage"
    if storage.kind != "gfs2" and storage.resource is not None:
        yield (*key, "resource"), f"is for gfs2, and kind is {storage.kind}; remove it or write kind: gfs2"
    named: dict[str, str] = {}
    for name, path in storage.paths.items():
        plain = path.rstrip("/")
        if plain in named:
            yield (*key, "paths", name), f"{path} is the path of {named[plain]} too; each name has a path of its own"
        named.setdefault(plain, name)


def _dr(key: Key, cluster: Cluster, dr: Dr) -> Iterator[Contradiction]:
    sync = dr.sync
    yield from _balancers((*key, "load_balancers"), dr.load_balancers, dr.nodes)
    yield from _lag((*key, "sync"), sync.interval, sync.max_lag)
    if sync.source is not None and sync.source not in cluster.nodes:
        yield (*key, "sync", "source"), _unknown_node(sync.source, cluster.nodes, "the main site")
    targets: set[str] = set()
    for number, files in enumerate(sync.files):
        if files.to.rstrip("/") in targets:
            yield (*key, "sync", "files", number, "to"), f"{files.to} is copied to twice; one copy would undo the other"
        targets.add(files.to.rstrip("/"))
    if dr.notify is not None:
        yield from sound_url((*key, "notify", "url"), dr.notify.url)
        yield from one_secret((*key, "notify"), "token", dr.notify.token_env, dr.notify.token_file)
    yield from _dns((*key, "dns"), cluster, dr)


def _dns(key: Key, cluster: Cluster, dr: Dr) -> Iterator[Contradiction]:
    dns = dr.dns
    if dns is None:
        return
    zone, record = dns.zone.lower().rstrip("."), dns.record.lower().rstrip(".")
    if record != zone and not record.endswith("." + zone):
        yield (*key, "record"), f"{dns.record} is not in the zone {dns.zone}; write its full name, e.g. dsls.{dns.zone}"
    for field, address in (("main_address", dns.main_address), ("dr_address", dns.dr_address)):
        if not _is_ipv4(address):
            yield (*key, field), f"{address} is no IPv4 address; the record is of type A and needs one"
    if comparable(dns.main_address) == comparable(dns.dr_address):
        yield (*key, "dr_address"), f"{dns.dr_address} is main_address too; a switch would change nothing"
    everywhere = cluster.nodes | dr.nodes
    for number, name in enumerate(dns.run_on):
        if name not in everywhere:
            yield (*key, "run_on", number), _unknown_node(name, everywhere, "this cluster")


def _is_ipv4(address: str) -> bool:
    try:
        ipaddress.IPv4Address(address)
    except ValueError:
        return False
    return True


def _automation(key: Key, cluster: Cluster) -> Iterator[Contradiction]:
    everywhere = cluster.nodes | (cluster.dr.nodes if cluster.dr else {})
    seen: set[tuple[str, str]] = set()
    for number, loop in enumerate(cluster.automation):
        at: Key = (*key, "automation", number)
        if loop.node not in everywhere:
            yield (*at, "node"), _unknown_node(loop.node, everywhere, "this cluster")
        if (loop.node, loop.unit) in seen:
            yield (*at, "unit"), f"{loop.unit} on {loop.node} is given twice; remove one"
        seen.add((loop.node, loop.unit))
    monitoring = cluster.monitoring
    if monitoring is None:
        return
    if monitoring.node is not None and monitoring.node not in everywhere:
        yield (*key, "monitoring", "node"), _unknown_node(monitoring.node, everywhere, "this cluster")
    if (monitoring.node is None) != (monitoring.path is None):
        missing = "path" if monitoring.path is None else "node"
        yield (*key, "monitoring"), f"{missing} is missing; give node and path, or the thresholds themselves"


def _academic(key: Key, academic: Academic) -> Iterator[Contradiction]:
    try:
        zoneinfo.ZoneInfo(academic.timezone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        yield (*key, "timezone"), f"{quoted(academic.timezone)} is no time zone; write its IANA name, e.g. Europe/Paris"
    if academic.class_hours is not None:
        yield from _told((*key, "class_hours"), academic.class_hours, class_periods)
    for number, semester in enumerate(academic.semesters):
        at: Key = (*key, "semesters", number)
        exams = semester.exams
        if semester.end < semester.start:
            yield (*at, "end"), f"{semester.end} is before start ({semester.start}); write the later day here"
        elif exams is not None and exams.end < exams.start:
            yield (*at, "exams", "end"), f"{exams.end} is before start ({exams.start}); write the later day here"
        elif exams is not None and not semester.start <= exams.start <= exams.end <= semester.end:
            yield (*at, "exams"), f"is not within the semester ({semester.start} to {semester.end}); write days in it"


def _told(key: Key, value: str, read: Callable[[str], object]) -> Iterator[Contradiction]:
    try:
        read(value)
    except ValueError as error:
        yield key, f"{quoted(value)} {error}"
