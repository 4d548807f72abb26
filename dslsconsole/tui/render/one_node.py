"""One licence server: all that is known of it, each part with its age where it is late."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from dslsconsole.model.node import (
    ClusterStatus,
    Disk,
    DnsAnswer,
    DrSync,
    Link,
    Mount,
    NodeReadings,
    Peer,
    ServerStatus,
    Service,
    TokenState,
)
from dslsconsole.model.reading import Reading
from dslsconsole.model.shape import NodeShape
from dslsconsole.tui.render import words
from dslsconsole.tui.render.cells import GLYPHS, Cell, Column, Cut, Row, Sheet, Tone, worst
from dslsconsole.tui.render.closely import node_rows
from dslsconsole.tui.render.nodes import node_tone
from dslsconsole.tui.render.view import SEVERITIES, View, failure_word

T = TypeVar("T")

COLUMNS = (
    Column("what", "", least=10, most=28),
    Column("value", "", least=20, most=400, cut=Cut.WRAP, grows=True),
    Column("late", "late", least=4, most=4, right=True),
)


def one_node(view: View, name: str) -> Sheet | None:
    """Everything the readings of one node say; None where the cluster has no node of this name."""
    shape = view.cluster.node(name)
    if shape is None:
        return None
    readings = view.node(name)
    rows = [*_alerts(view, name), *_readings(view, shape, readings), *_history(view, name), *node_rows(view, name)]
    tone = worst((node_tone(view, shape, readings),))
    return Sheet(f"Node · {name}", COLUMNS, tuple(rows), tone if tone in SEVERITIES.values() else Tone.TITLE)


def _alerts(view: View, name: str) -> Iterator[Row]:
    for alert in view.alerts:
        if alert.subject == name:
            tone = SEVERITIES[alert.severity]
            said = f"{GLYPHS[tone]} {alert.summary}"
            yield _row(f"alert {alert.id}", alert.severity.value, Cell(said, tone))
            if alert.advice:
                yield _row(f"advice {alert.id}", "", Cell(f"→ {alert.advice}", Tone.ACCENT))


def _readings(view: View, shape: NodeShape, readings: NodeReadings) -> Iterator[Row]:
    port = f":{shape.port}" if shape.port is not None else ""
    yield _row("mode", "configured as", Cell(f"{shape.mode.value}, {shape.unit}, {shape.address}{port}"))
    yield from _told(view, "connection", readings.link, lambda link: _link(view, shape, link))
    yield from _told(view, "service", readings.service, lambda service: _service(view, service))
    yield from _told(view, "server", readings.status, lambda status: _status(view, status))
    yield from _told(view, "role", readings.cluster, _role)
    for peer in readings.cluster.value.peers if readings.cluster.value else ():
        yield from _told(view, f"sees {peer.node}", readings.cluster, _always(_peer(peer)))
    yield from _told(view, "tokens", readings.tokens, _tokens)
    yield from _told(view, "DR sync", readings.dr_sync, lambda sync: _dr_sync(view, sync))
    for mount in readings.mounts.value or ():
        yield from _told(view, mount.name, readings.mounts, _always(_mount(mount)))
    if readings.mounts.value is None:
        yield from _told(view, "storage", readings.mounts, lambda mounts: Cell(words.number(len(mounts))))
    for unit in readings.automation.value or ():
        yield from _told(view, "automation", readings.automation, _always(_unit(unit)), key=unit.unit)
    yield from _told(view, "DNS", readings.dns, _dns)
    yield from _seldom(view, readings.disk)


def _told(
    view: View, what: str, reading: Reading[T], word: Callable[[T], Cell], key: str | None = None
) -> Iterator[Row]:
    """What one reading says now, or said last, or why it says nothing; no row for what was never asked."""
    age = view.late(reading)
    late = Cell(words.duration(age), Tone.WARNING) if age is not None else Cell("")
    if (value := view.now_value(reading)) is not None:
        yield _row(key or what, what, word(value))
    elif reading.value is not None:
        yield _row(key or what, what, Cell(f"was {word(reading.value).text}", Tone.STALE), late)
    if reading.failure is not None:
        failed = Cell(f"{failure_word(reading.failure)}: {reading.failure.text}", Tone.UNKNOWN)
        yield _row(f"{key or what} failure", "" if reading.value is not None else what, failed)


def _seldom(view: View, reading: Reading[Disk]) -> Iterator[Row]:
    """The disk is asked seldom: its last value holds until the next, or until it can't be read."""
    if reading.value is not None and reading.failure is None:
        yield _row("disk", "disk", _disk(reading.value))
    else:
        yield from _told(view, "disk", reading, _disk)


def _always(cell: Cell) -> Callable[[object], Cell]:
    """The word of one of several things that a reading tells."""
    return lambda _: cell


def _row(key: str, what: str, value: Cell, late: Cell | None = None) -> Row:
    return Row(key, (Cell(what, Tone.MUTED), value, late or Cell("")))


def _parts(*parts: str | None) -> str:
    return " · ".join(part for part in parts if part)


def _since(view: View, at: float | None) -> str | None:
    return None if at is None else f"for {words.coarse(max(0.0, view.now - at))} (since {view.moment(at)})"


def _link(view: View, shape: NodeShape, link: Link) -> Cell:
    named = f"calls itself {link.hostname}" if link.hostname else None
    offset = link.clock_offset_s
    # A tenth of a second is what a round trip makes of it; finer figures would change with every reading.
    clock = None if offset is None else f"clock {offset:+.1f} s" if abs(offset) >= 0.1 else "clock as ours"
    tone = Tone.TEXT if link.hostname in (None, shape.name) else Tone.WARNING
    return Cell(_parts(_since(view, link.since), named, clock), tone)


def _service(view: View, service: Service) -> Cell:
    pid = f"pid {service.main_pid}" if service.main_pid else None
    again = f"{service.restarts} restarts" if service.restarts else None
    result = f"result {service.result}" if service.result not in ("", "success") else None
    state = f"{service.active} ({service.sub})" if service.sub else service.active
    load = service.load if service.load not in ("", "loaded") else None
    tone = Tone.OK if service.active == "active" else Tone.CRITICAL if service.active == "failed" else Tone.TEXT
    return Cell(_parts(state, load, service.enabled, pid, again, result, _since(view, service.since)), tone)


def _status(view: View, status: ServerStatus) -> Cell:
    clients = None
    if status.connections is not None:
        most = f" of {status.max_connections}" if status.max_connections is not None else ""
        clients = f"{status.connections}{most} clients"
    valid = {True: "licence valid", False: "licence INVALID", None: None}[status.license_valid]
    until = f"until {status.license_expires}" if status.license_expires else None
    version = f"version {status.version}" if status.version else None
    tone = Tone.CRITICAL if status.license_valid is False else Tone.OK if status.status == "Running" else Tone.WARNING
    note = status.license_note if status.license_valid is not True else None
    said = _parts(status.status, version, clients, valid, until, note, _since(view, status.started_at))
    return Cell(said, tone)


def _role(status: ClusterStatus) -> Cell:
    quorum = status.quorum
    votes = None
    if quorum is not None:
        held = {True: "quorum", False: "NO quorum", None: "quorum unknown"}[quorum.held]
        votes = (
            f"{held} {words.number(quorum.votes)}/{words.number(quorum.members)}, {words.number(quorum.needed)} needed"
        )
    split = "SPLIT BRAIN" if status.split_brain else None
    epoch = f"epoch {status.epoch}" if status.epoch is not None else None
    wrong = split or (quorum is not None and quorum.held is False)
    role = status.role.value if status.role is not None else words.UNKNOWN
    return Cell(_parts(role, status.state, epoch, votes, split), Tone.CRITICAL if wrong else Tone.ACCENT)


def _peer(peer: Peer) -> Cell:
    lag = f"lag {words.duration(peer.lag_s)}" if peer.lag_s is not None else None
    sync = f"sync {peer.sync}" if peer.sync else None
    tone = Tone.CRITICAL if peer.state == "unreachable" else Tone.TEXT
    return Cell(_parts(peer.state, peer.role, sync, lag) or words.UNKNOWN, tone)


def _tokens(state: TokenState) -> Cell:
    pools = ", ".join(f"{pool.name} {words.number(pool.used)}/{words.number(pool.total)}" for pool in state.pools)
    return Cell(_parts(f"generation {words.number(state.generation)}", pools))


def _dr_sync(view: View, sync: DrSync) -> Cell:
    last = f"last {view.moment(sync.last_sync)}" if sync.last_sync is not None else None
    files = _parts(
        f"licence files {sync.license_files}" if sync.license_files else None,
        f"configuration {sync.config_files}" if sync.config_files else None,
    )
    generation = f"generation {sync.generation}" if sync.generation is not None else None
    return Cell(_parts(sync.result, last, generation, files), Tone.OK if sync.result == "OK" else Tone.WARNING)


def _mount(mount: Mount) -> Cell:
    if not mount.mounted:
        return Cell(f"{mount.path} is NOT a mount", Tone.CRITICAL)
    hangs = "does NOT answer" if mount.answers is False else None
    free = f"{mount.free_pct}% free" if mount.free_pct is not None else None
    said = _parts(mount.path, _parts(mount.fstype, mount.source), free, hangs)
    return Cell(said, Tone.CRITICAL if hangs else Tone.TEXT)


def _unit(unit: Service) -> Cell:
    return Cell(_parts(unit.unit, f"{unit.active} {unit.sub}".rstrip(), unit.enabled))


def _dns(answer: DnsAnswer) -> Cell:
    told = ", ".join(answer.addresses) or "no address"
    ttl = f"TTL {answer.ttl} s" if answer.ttl is not None else None
    fine = answer.authoritative and answer.status == "NOERROR"
    return Cell(
        _parts(told, ttl, answer.status, "authoritative" if answer.authoritative else "NOT authoritative"),
        Tone.TEXT if fine else Tone.WARNING,
    )


def _disk(disk: Disk) -> Cell:
    return Cell(f"{disk.path} {disk.free_pct}% free", Tone.TEXT if disk.free_pct >= 5 else Tone.WARNING)


def _history(view: View, name: str) -> Iterator[Row]:
    """What happened to it while this console looked, the newest first."""
    for number, event in reversed(list(enumerate(view.events))):
        if event.cluster == view.cluster.name and event.panel == "nodes" and event.subject == name:
            yield _row(f"event {number}", view.time(event.at), Cell(event.text, event.tone))
