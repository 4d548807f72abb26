"""Hosts that could not be reached, clocks, storage and licences, as faults of the practice estate.

They are faults by name, so that `lab heal` mends them here as somebody would there.
"""

from __future__ import annotations

import time
from typing import Any

from dslsconsole.lab.accounts import PROBE
from dslsconsole.lab.likeness.ground import Ground
from dslsconsole.lab.likeness.servers import UNHEARD
from dslsconsole.lab.network import CONSOLE
from dslsconsole.model.balancer import BalancerReadings
from dslsconsole.model.node import NodeReadings
from dslsconsole.model.reading import FailureKind, Reading

NOTABLE_SKEW_S = 1.0
OF_NO_POWER = frozenset({FailureKind.UNREACHABLE, FailureKind.NO_ANSWER, FailureKind.LOST})


async def put(ground: Ground) -> None:
    """Break what was broken."""
    faults: list[tuple[str, ...]] = []
    for node, readings in ground.nodes():
        name = node.server.name
        offset = readings.link.value.clock_offset_s if readings.link.value is not None else None
        if offset is not None and abs(offset) >= NOTABLE_SKEW_S:
            ground.world.skew[name] = offset
        if not node.server.plan.is_dr and node.server.plan.holds_tokens:
            faults += [*_storage(name, readings), *_licences(ground, readings)]
        faults += _reached(ground, name, readings)
        ground.unlike.extend(_unread(ground, name, readings))
    for balancer, found in ground.balancers():
        faults += _reached(ground, balancer.plan.name, found)
    for fault in dict.fromkeys(faults):
        await ground.lab.fault(*fault)


def _reached(ground: Ground, name: str, readings: NodeReadings | BalancerReadings) -> list[tuple[str, ...]]:
    """The fault that makes a host as unreachable as it was."""
    failure = readings.link.failure
    if failure is None:
        return [("lb-dead", name)] if _has_no_process(readings) else []
    if failure.kind in OF_NO_POWER:
        return [("partition", CONSOLE, name)] if _is_seen(ground, name) else [("node-down", name)]
    if failure.kind is FailureKind.REFUSED:
        return [("sshd-dead", name)]
    if failure.kind is FailureKind.PERMISSION:
        return [("key-refused", name, PROBE.name)]
    if failure.kind is FailureKind.HOST_KEY_CHANGED:
        return [("host-key-changed", name)]
    ground.unlike.append(f"{ground.twin.stands_for[name]} could not be read ({failure.text}); {name} here can")
    return []


def _unread(ground: Ground, name: str, readings: NodeReadings) -> list[str]:
    """What of a host that answered could not be read: here it is as it was read last, or well."""
    if readings.link.failure is not None:
        return []
    if readings.link.tried_at is None:
        return [f"{ground.twin.stands_for[name]} was never read; here all is well on it"]
    parts: dict[str, Reading[Any]] = {
        "unit": readings.service,
        "state": readings.status,
        "role": readings.cluster,
        "tokens": readings.tokens,
    }
    unread = [part for part, reading in parts.items() if reading.failure is not None]
    if not unread or (readings.service.value is not None and readings.service.value.active != "active"):
        return []
    return [f"the {', '.join(unread)} of {ground.twin.stands_for[name]} could not be read; here all is well with it"]


def _has_no_process(readings: NodeReadings | BalancerReadings) -> bool:
    """Whether HAProxy was gone from a host that answered: neither its socket nor its page could be opened."""
    if not isinstance(readings, BalancerReadings) or readings.backend.failure is None:
        return False
    told = readings.process.failure is None and readings.process.tried_at is not None
    return not told and readings.backend.failure.kind in (FailureKind.REFUSED, FailureKind.ABSENT)


def _is_seen(ground: Ground, name: str) -> bool:
    """Whether another server heard it, while this console's way to it was closed."""
    stale_after = ground.twin.picture.estate.stale_after_s if ground.twin.picture.estate is not None else 0.0
    views = [readings.cluster.fresh(ground.read_at, stale_after) for _, readings in ground.nodes()]
    told = [peer.state for view in views if view is not None for peer in view.peers if ground.is_of(peer, name)]
    return UNHEARD not in told and any(state is not None for state in told)


def _storage(name: str, readings: NodeReadings) -> list[tuple[str, ...]]:
    mounts = readings.mounts.value or ()
    if any(not mount.mounted for mount in mounts):
        return [("storage-unmounted", name)]
    return [("storage-hanging", name)] if any(mount.answers is False for mount in mounts) else []


def _licences(ground: Ground, readings: NodeReadings) -> list[tuple[str, ...]]:
    status = readings.status.value
    if status is None or status.license_valid is not False:
        return []
    today = time.strftime("%Y-%m-%d", time.gmtime(ground.read_at))
    has_expired = "expired" in (status.license_note or "").lower() or (status.license_expires or today) < today
    return [("license-expired" if has_expired else "license-invalid",)]
