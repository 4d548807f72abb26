"""Something of a host can't be read, so that nothing is known of it now. It says nothing of the host's health."""

from collections.abc import Iterator

from dslsconsole.alerts.rule import Finding, Rule, Stateless
from dslsconsole.alerts.rules.load_balancer_down import is_down
from dslsconsole.alerts.view import Reach, View
from dslsconsole.alerts.wording import clock_time, do, listed
from dslsconsole.model.balancer import BalancerReadings
from dslsconsole.model.node import Link, Mode, NodeReadings
from dslsconsole.model.reading import FailureKind, Reading
from dslsconsole.model.shape import NodeShape
from dslsconsole.model.verdict import Severity

_OF_A_RUNNING_SERVER = frozenset({"status", "cluster", "tokens", "dr_sync"})
"""Sections that only a running licence server answers."""
_READ_SELDOM = frozenset({"checks", "monitoring", "disk"})
"""Sections whose last value holds until they are read again, much later."""
_SAYS_NOTHING_OF_THE_SERVICE = frozenset({"lock"})
"""Sections that are a courtesy to other consoles: an older probe or a closed directory is no alarm."""
_WAY = "Look at the way from here to the host before concluding anything about the host."
_WAYS_IN: dict[FailureKind | None, str] = {
    FailureKind.PERMISSION: "It answers, and refuses our key: put the probe user's key right, there or here.",
    FailureKind.HOST_KEY_UNKNOWN: "It answers, and its host key is not known here: compare and add it as told above.",
    FailureKind.BUSY: "It answers, and takes no more connections: see who holds so many, or whether it bans us.",
}
_WORDS = {
    "resource": "Pacemaker",
    "monitoring": "alert thresholds",
    "cluster": "cluster status",
    "dr_sync": "DR sync",
    "mounts": "storage",
    "dns": "DNS",
}


def rule() -> Rule:
    return Stateless(_find, hold_rounds=1.0)


def _find(view: View) -> Iterator[Finding]:
    no_dns = frozenset({"dns"}) if (silent := _silent_dns(view)) else frozenset[str]()
    if silent and view.shape.dr is not None:
        yield Finding(
            subject=view.shape.name,
            severity=Severity.WARNING,
            summary=f"where {view.shape.dr.record} points can't be read",
            evidence=silent,
            advice="Look at the name server, not at the hosts that asked it: dr-activate changes the record there.",
        )
    for node in view.shape.all_nodes:
        readings = view.node(node.name)
        reach = view.reach(node)
        if reach is Reach.UNREADABLE:
            yield from _unreadable(view, node, readings.link)
        elif reach is Reach.ANSWERS:
            yield from _sections(view, node.name, readings, _unanswered(view, node) | no_dns)
    for host in view.shape.all_balancers:
        balancer = view.balancer(host)
        if not is_down(view, host) and not _key_changed(balancer.link):
            yield from _sections(view, host, balancer, frozenset())


def _silent_dns(view: View) -> tuple[str, ...]:
    """What each host that asked the name server says, where none of them was answered; empty where one was."""
    answering = (node.name for node in view.shape.all_nodes if view.reach(node) is Reach.ANSWERS)
    asked = {name: view.node(name).dns for name in answering}
    asked = {name: reading for name, reading in asked.items() if reading.tried_at is not None}
    if any(view.fresh(reading) is not None or reading.failure is None for reading in asked.values()):
        return ()
    return tuple(f"{name}: {reading.failure.text}" for name, reading in asked.items() if reading.failure)


def _key_changed(link: Reading[Link]) -> bool:
    return link.failure is not None and link.failure.kind is FailureKind.HOST_KEY_CHANGED


def _unreadable(view: View, node: NodeShape, link: Reading[Link]) -> Iterator[Finding]:
    if _key_changed(link):
        return
    witnesses = view.seen_running_by(node)
    seen = (f"{do(witnesses, 'see')} it running",) if witnesses else ()
    known = "nothing is known of it" if link.at is None else "what is known of it is old"
    last = () if link.at is None else (f"last read {clock_time(link.at)}",)
    yield Finding(
        subject=node.name,
        severity=Severity.WARNING,
        summary=f"{node.name} can't be read: {known}",
        evidence=((link.failure.text,) if link.failure else ()) + seen + last,
        advice=_WAYS_IN.get(link.failure.kind if link.failure else None, _WAY),
    )


def _unanswered(view: View, node: NodeShape) -> frozenset[str]:
    """The sections that nobody can expect an answer to."""
    expected: frozenset[str] = frozenset({"tokens"}) if node.mode is Mode.ARBITRATOR else frozenset()
    service = view.fresh(view.node(node.name).service)
    if view.service_down(node) or (service is not None and service.active not in ("active", "reloading")):
        return expected | _OF_A_RUNNING_SERVER
    return expected


def _sections(
    view: View, name: str, readings: NodeReadings | BalancerReadings, unanswered: frozenset[str]
) -> Iterator[Finding]:
    old: dict[str, str] = {}
    for section in readings.__struct_fields__:
        reading: Reading[object] = getattr(readings, section)
        if (
            section in unanswered | _SAYS_NOTHING_OF_THE_SERVICE
            or reading.tried_at is None
            or view.fresh(reading) is not None
        ):
            continue
        if reading.failure is None and (reading.value is None or section in _READ_SELDOM):
            continue
        text = reading.failure.text if reading.failure else "no newer answer came"
        old[_WORDS.get(section, section)] = text
    if old:
        yield Finding(
            subject=name,
            severity=Severity.WARNING,
            summary=f"{name} answers, but not about {listed(old)}",
            evidence=tuple(dict.fromkeys(f"{what}: {text}" for what, text in old.items())),
            advice="What is shown of it is old. See what hangs or refuses there.",
        )
