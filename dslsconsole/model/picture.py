"""The state a stream of frames describes, kept up to date by applying them in order."""

from typing import TypeVar

import msgspec
from msgspec import Struct

from dslsconsole.model.balancer import BalancerReadings
from dslsconsole.model.frames import Alerts, Change, Frame, Full, Hello, Trouble, Verdicts
from dslsconsole.model.lock import HeldLock
from dslsconsole.model.node import NodeReadings
from dslsconsole.model.reading import Reading
from dslsconsole.model.shape import EstateShape
from dslsconsole.model.snapshot import Snapshot
from dslsconsole.model.verdict import Alert, ClusterVerdict

Readings = TypeVar("Readings", NodeReadings, BalancerReadings)


class Picture(Struct, frozen=True):
    """What is known after the frames so far. Immutable: `apply` gives the next one."""

    at: float = 0.0
    """Time of the newest frame; 0 before the first."""
    estate: EstateShape | None = None
    snapshot: Snapshot = Snapshot(at=0.0)
    verdicts: dict[str, ClusterVerdict] = {}
    alerts: tuple[Alert, ...] = ()
    trouble: str | None = None
    ended: bool = False

    def lock_on(self, cluster: str, now: float) -> HeldLock | None:
        """Who runs an operation on a cluster, as its nodes tell it now: what was heard of last, and is furthest."""
        found = [lock for locks in self._locks(cluster, now) for lock in locks]
        return max(found, key=lambda lock: (lock.beat_at, lock.step), default=None)

    def is_unlocked(self, cluster: str, now: float) -> bool:
        """Whether nodes of a cluster could be asked for its lock, and none of them carries one."""
        told = self._locks(cluster, now)
        return bool(told) and not any(told)

    def _locks(self, cluster: str, now: float) -> list[tuple[HeldLock, ...]]:
        """What each node tells whose answer is current."""
        shape = self.estate.cluster(cluster) if self.estate is not None else None
        if self.estate is None or shape is None:
            return []
        readings = [self.snapshot.node(cluster, node.name).lock for node in shape.all_nodes]
        told = [reading.fresh(now, self.estate.stale_after_s) for reading in readings]
        return [one for one in told if one is not None]

    def apply(self, frame: Frame) -> "Picture":
        """The picture after one more frame."""
        match frame:
            case Hello():
                return Picture(at=frame.at, estate=frame.estate)
            case Full():
                return msgspec.structs.replace(
                    self,
                    at=frame.at,
                    snapshot=frame.snapshot,
                    verdicts={verdict.cluster: verdict for verdict in frame.verdicts},
                    alerts=frame.alerts,
                    trouble=None,
                )
            case Change():
                return msgspec.structs.replace(self, at=frame.at, snapshot=_changed(self.snapshot, frame), trouble=None)
            case Verdicts():
                newer = {verdict.cluster: verdict for verdict in frame.verdicts}
                return msgspec.structs.replace(self, at=frame.at, verdicts=self.verdicts | newer)
            case Alerts():
                return msgspec.structs.replace(self, at=frame.at, alerts=frame.alerts)
            case Trouble():
                return msgspec.structs.replace(self, at=frame.at, trouble=frame.text, ended=frame.ends)


def _changed(snapshot: Snapshot, change: Change) -> Snapshot:
    nodes = dict(snapshot.nodes)
    balancers = dict(snapshot.balancers)
    for host in change.touched.keys() | change.nodes.keys() | change.balancers.keys():
        at = change.touched.get(host)
        if host in change.balancers or host in balancers:
            now = change.balancers.get(host, BalancerReadings())
            balancers[host] = merged(balancers.get(host, BalancerReadings()), now, at)
        else:
            nodes[host] = merged(nodes.get(host, NodeReadings()), change.nodes.get(host, NodeReadings()), at)
    return Snapshot(
        at=change.at,
        nodes=nodes,
        balancers=balancers,
        history=snapshot.history | change.history,
        round_at=snapshot.round_at if change.round_at is None else change.round_at,
    )


def merged(before: Readings, now: Readings, touched_at: float | None) -> Readings:
    """`before` with the sections that `now` carries, and the others read again, as before, at `touched_at`."""
    sections: dict[str, Reading[object]] = {}
    for name in before.__struct_fields__:
        new: Reading[object] = getattr(now, name)
        old: Reading[object] = getattr(before, name)
        if new.tried_at is not None:
            sections[name] = new
        elif touched_at is not None and old.tried_at is not None:
            at = touched_at if old.failure is None else old.at
            sections[name] = msgspec.structs.replace(old, at=at, tried_at=touched_at)
    return msgspec.structs.replace(before, **sections)
