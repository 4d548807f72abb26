"""What happened, told by two pictures one after another: who became primary, what stopped, what answers again."""

from collections.abc import Iterator

from msgspec import Struct

from dslsconsole.model.balancer import BalancerReadings
from dslsconsole.model.frames import Alerts, Change, Frame, Full, Verdicts
from dslsconsole.model.node import NodeReadings, Role
from dslsconsole.model.picture import Picture
from dslsconsole.model.unseen import unseen
from dslsconsole.model.verdict import Alert, ClusterVerdict, Health, Severity
from dslsconsole.tui.render.cells import Tone

KEPT = 1000
"""Events that are remembered, the newest."""
_SEVERITIES = {Severity.WARNING: Tone.WARNING, Severity.CRITICAL: Tone.CRITICAL}
_HEALTHS = {
    Health.OK: Tone.OK,
    Health.WARNING: Tone.WARNING,
    Health.CRITICAL: Tone.CRITICAL,
    Health.UNKNOWN: Tone.UNKNOWN,
}
_LEADING = (Role.PRIMARY, Role.DR_PRIMARY)


class Event(Struct, frozen=True):
    """Something that changed. `at` is the time of the reading that showed it, in seconds since the epoch."""

    at: float
    cluster: str
    panel: str
    """Where more can be seen of it: a panel's name."""
    subject: str
    """The row there: a node, a server, an alert."""
    text: str
    tone: Tone = Tone.TEXT


def happened(before: Picture, after: Picture, frame: Frame) -> tuple[Event, ...]:
    """What the frame, which made `after` of `before`, told anew. What was not known before is no event."""
    if before.snapshot.round_at is None:
        return ()
    match frame:
        case Change():
            return tuple(_readings(before, after, frame))
        case Verdicts():
            return tuple(e for one in frame.verdicts for e in _verdict(before.verdicts.get(one.cluster), one, frame.at))
        case Alerts():
            return tuple(_alerts(before.alerts, after, frame.at))
        case Full():
            return tuple(_whole(before, after, frame.at))
        case _:
            return ()


def _readings(before: Picture, after: Picture, frame: Change) -> Iterator[Event]:
    for place in frame.nodes:
        if (old := before.snapshot.nodes.get(place)) is not None:
            yield from _node(place, old, after.snapshot.nodes[place], frame.at)
    for place in frame.balancers:
        if (was := before.snapshot.balancers.get(place)) is not None:
            yield from _balancer(place, was, after.snapshot.balancers[place], frame.at)


def _whole(before: Picture, after: Picture, at: float) -> Iterator[Event]:
    """The reading process began anew: what changed meanwhile."""
    for place, new in after.snapshot.nodes.items():
        if (old := before.snapshot.nodes.get(place)) is not None:
            yield from _node(place, old, new, at)
    for place, now in after.snapshot.balancers.items():
        if (was := before.snapshot.balancers.get(place)) is not None:
            yield from _balancer(place, was, now, at)
    for verdict in after.verdicts.values():
        yield from _verdict(before.verdicts.get(verdict.cluster), verdict, at)
    yield from _alerts(before.alerts, after, at)


def _node(place: str, old: NodeReadings, new: NodeReadings, at: float) -> Iterator[Event]:
    cluster, _, name = place.partition("/")

    def event(text: str, tone: Tone = Tone.TEXT) -> Event:
        return Event(at, cluster, "nodes", name, text, tone)

    if old.link.value is not None or old.link.failure is not None:
        if new.link.failure is not None and old.link.failure is None:
            yield event(f"{name} is lost: {new.link.failure.text.removeprefix(f'{name}: ')}", Tone.CRITICAL)
        elif old.link.failure is not None and new.link.failure is None:
            yield event(f"{name} answers again", Tone.OK)
    was, now = old.cluster.value, new.cluster.value
    if was is not None and now is not None and now.role is not None and was.role is not now.role:
        yield event(
            f"{name} became {now.role.value}, was {was.role.value if was.role else 'unknown'}", _role_tone(now.role)
        )
    if (
        was is not None
        and now is not None
        and now.epoch is not None
        and was.epoch is not None
        and was.epoch != now.epoch
    ):
        yield event(f"{name} has epoch {now.epoch}, had {was.epoch}")
    ran, runs = old.service.value, new.service.value
    if ran is not None and runs is not None and ran.active != runs.active:
        tone = {"active": Tone.OK, "failed": Tone.CRITICAL}.get(runs.active, Tone.WARNING)
        yield event(f"{runs.unit} on {name} is {runs.active}, was {ran.active}", tone)
    for unit in new.automation.value or ():
        before = next((one for one in old.automation.value or () if one.unit == unit.unit), None)
        if before is not None and before.active != unit.active:
            yield event(f"{unit.unit} on {name} is {unit.active}, was {before.active}")


def _role_tone(role: Role) -> Tone:
    return Tone.ACCENT if role in _LEADING else Tone.TEXT


def _balancer(place: str, old: BalancerReadings, new: BalancerReadings, at: float) -> Iterator[Event]:
    cluster, _, host = place.partition("/")

    def event(subject: str, text: str, tone: Tone = Tone.TEXT) -> Event:
        return Event(at, cluster, "balancers", subject, text, tone)

    if old.backend.value is not None and new.backend.value is not None:
        states = {server.name: server.state for server in old.backend.value.servers}
        for server in new.backend.value.servers:
            was = states.get(server.name)
            if was is not None and was is not server.state:
                tone = Tone.OK if server.state.value == "UP" else Tone.WARNING
                yield event(server.name, f"{server.name} is {server.state.value} on {host}, was {was.value}", tone)
    if old.process.value is not None and new.process.value is not None:
        had, has = old.process.value.pid, new.process.value.pid
        if had is not None and has is not None and had != has:
            yield event(host, f"HAProxy on {host} is a new process: what was set at run time is gone", Tone.WARNING)
    if old.addresses.value is not None and new.addresses.value is not None:
        for address in new.addresses.value:
            if address not in old.addresses.value:
                yield event(host, f"{host} holds the address {address}")
        for address in old.addresses.value:
            if address not in new.addresses.value:
                yield event(host, f"{host} gave up the address {address}")


def _verdict(old: ClusterVerdict | None, new: ClusterVerdict, at: float) -> Iterator[Event]:
    if old is None:
        return
    if old.health is not new.health:
        text = f"{new.cluster} is {new.health.value}, was {old.health.value}: {new.sentence}"
        yield Event(at, new.cluster, "cluster", new.cluster, text, _HEALTHS[new.health])
    if old.dr_active is not new.dr_active and None not in (old.dr_active, new.dr_active):
        text = "the DR site serves" if new.dr_active else "the DR site is in standby again"
        yield Event(at, new.cluster, "dr", new.cluster, text, Tone.WARNING if new.dr_active else Tone.OK)


def _alerts(old: tuple[Alert, ...], after: Picture, at: float) -> Iterator[Event]:
    before = {(one.cluster, one.id, one.subject): one for one in old}
    now = {(one.cluster, one.id, one.subject): one for one in after.alerts}
    for place, alert in now.items():
        if place not in before:
            yield _of_alert(alert, at, f"alert: {alert.summary}", _SEVERITIES[alert.severity])
    raised = {(one.cluster, one.subject) for place, one in now.items() if place not in before}
    for place, alert in before.items():
        # One that grew into another of the same thing is not over.
        if place not in now and (alert.cluster, alert.subject) not in raised:
            if unread := unseen(alert, after.snapshot, after.verdicts):
                said = f"can't be seen any more, because {unread} is not read: {alert.summary}"
                yield _of_alert(alert, at, said, Tone.UNKNOWN)
            else:
                yield _of_alert(alert, at, f"over: {alert.summary}", Tone.OK)


def _of_alert(alert: Alert, at: float, text: str, tone: Tone) -> Event:
    return Event(at, alert.cluster, "alerts", f"{alert.id} {alert.subject}", text, tone)
