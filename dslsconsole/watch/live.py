"""The state of an estate as the answers come in, and the frames that tell each step of it."""

from collections.abc import Mapping
from typing import Generic, TypeVar

import msgspec

from dslsconsole import __version__
from dslsconsole.alerts.board import Board, in_order
from dslsconsole.alerts.thresholds import Thresholds, thresholds_of
from dslsconsole.model.balancer import BalancerReadings
from dslsconsole.model.frames import Alerts, Change, Frame, Full, Hello, Verdicts
from dslsconsole.model.node import NodeReadings
from dslsconsole.model.shape import ClusterShape, EstateShape
from dslsconsole.model.snapshot import Snapshot, key
from dslsconsole.model.unseen import unseen
from dslsconsole.model.verdict import Alert, ClusterVerdict
from dslsconsole.watch.diff import advance
from dslsconsole.watch.history import History
from dslsconsole.watch.judgement import is_readable, judge, with_alerts

Readings = TypeVar("Readings", NodeReadings, BalancerReadings)


class _Side(Generic[Readings]):
    """The readings of one kind of host, and what of them has not been told yet."""

    def __init__(self, empty: Readings, hosts: list[str]) -> None:
        self.readings: dict[str, Readings] = dict.fromkeys(hosts, empty)
        self.untold: dict[str, Readings] = {}

    def arrived(self, host: str, answer: Readings) -> tuple[float | None, bool]:
        """Take an answer in. Returns when it came and whether it changed anything."""
        step = advance(self.readings[host], answer)
        self.readings[host] = step.readings
        before = self.untold.get(host)
        if before is not None:
            self.untold[host] = self._both(before, step.changed, step.readings)
        elif step.any_changed:
            self.untold[host] = step.changed
        return step.touched_at, step.any_changed

    def _both(self, before: Readings, after: Readings, now: Readings) -> Readings:
        """The sections of two steps that are told at once, as they are now."""
        told = {
            name: getattr(now, name)
            for name in now.__struct_fields__
            if getattr(before, name).tried_at is not None or getattr(after, name).tried_at is not None
        }
        return msgspec.structs.replace(after, **told)

    def taken(self) -> dict[str, Readings]:
        untold, self.untold = self.untold, {}
        return untold


class Live:
    """An estate's readings, verdicts and alerts.

    Args:
        thresholds: of each cluster; the shape's own where one is not named.
        patient: False for a single reading: alerts are raised without waiting for a second one.
    """

    def __init__(
        self, shape: EstateShape, thresholds: Mapping[str, Thresholds] | None = None, *, patient: bool = True
    ) -> None:
        self.shape = shape
        nodes = [key(cluster.name, node.name) for cluster in shape.clusters for node in cluster.all_nodes]
        balancers = [key(cluster.name, host) for cluster in shape.clusters for host in cluster.all_balancers]
        self._nodes = _Side(NodeReadings(), nodes)
        self._balancers = _Side(BalancerReadings(), balancers)
        self._hosts = frozenset(nodes) | frozenset(balancers)
        self._cluster_of = {
            host: cluster
            for cluster in shape.clusters
            for host in [key(cluster.name, name) for name in _hosts_of(cluster)]
        }
        self._boards = {
            cluster.name: Board(
                cluster,
                (thresholds or {}).get(cluster.name) or thresholds_of(cluster),
                interval=shape.interval_s,
                stale_after=shape.stale_after_s,
                patient=patient,
            )
            for cluster in shape.clusters
        }
        self._verdicts: dict[str, ClusterVerdict] = {}
        self._alerts: dict[str, tuple[Alert, ...]] = {}
        self._told_alerts: tuple[Alert, ...] = ()
        self._judged_at: dict[str, float] = {}
        self._dirty: set[str] = set()
        self._touched: dict[str, float] = {}
        self._history = History()
        self._untold_history: set[str] = set()
        self._pools: dict[str, frozenset[str]] = {}
        self._awaited = set(self._hosts)
        self._round_at: float | None = None
        self._round_untold = False

    @property
    def hosts(self) -> frozenset[str]:
        """The keys of every host there is to read."""
        return self._hosts

    @property
    def has_news(self) -> bool:
        """Whether an answer came since the last tick."""
        return bool(self._touched)

    def node(self, host: str) -> NodeReadings:
        return self._nodes.readings[host]

    def arrived(self, host: str, answer: NodeReadings | BalancerReadings, now: float) -> None:
        """Take in what one attempt to read a host gave.

        Raises:
            KeyError: the estate has no such host.
        """
        if isinstance(answer, NodeReadings):
            touched, changed = self._nodes.arrived(host, answer)
            self._use_thresholds(host, answer)
        else:
            touched, changed = self._balancers.arrived(host, answer)
        if touched is not None:
            self._touched[host] = touched
        if changed:
            self._dirty.add(self._cluster_of[host].name)
        self._awaited.discard(host)
        if not self._awaited:
            self._awaited = set(self._hosts)
            self._round_at = now
            self._round_untold = True

    def _use_thresholds(self, host: str, answer: NodeReadings) -> None:
        """A monitoring file that was read counts until it is read again, whether its node answers or not."""
        if (monitoring := answer.monitoring.value) is not None:
            cluster = self._cluster_of[host]
            self._boards[cluster.name].use(thresholds_of(cluster, monitoring))

    def tick(self, now: float) -> list[Frame]:
        """The frames that tell what happened since the last tick; none if nothing did."""
        judged = self._judge(now)
        frames: list[Frame] = []
        if self._touched or self._untold_history or self._round_untold:
            frames.append(self._change(now))
        if judged:
            frames.append(Verdicts(at=now, verdicts=tuple(judged)))
        alerts = self.alerts
        if alerts != self._told_alerts:
            self._told_alerts = alerts
            frames.append(Alerts(at=now, alerts=alerts))
        return frames

    def hello(self, now: float) -> Hello:
        return Hello(at=now, estate=self.shape, version=__version__)

    def full(self, now: float) -> Full:
        """Everything that is known now."""
        self._judge(now)
        self._change(now)  # what it would tell is told whole
        self._told_alerts = self.alerts
        return Full(at=now, snapshot=self.snapshot(now), verdicts=tuple(self._verdicts.values()), alerts=self.alerts)

    def snapshot(self, now: float) -> Snapshot:
        return Snapshot(
            at=now,
            nodes=dict(self._nodes.readings),
            balancers=dict(self._balancers.readings),
            history={pool: self._history.series(pool) for pool in self._history.pools},
            round_at=self._round_at,
        )

    @property
    def alerts(self) -> tuple[Alert, ...]:
        """Every alert of the estate, worst first."""
        return in_order([alert for alerts in self._alerts.values() for alert in alerts])

    def unseen(self, alert: Alert) -> str:
        """Which host has to be read for it to be known whether an alert holds, and is not; nothing where all are."""
        known = Snapshot(at=0.0, nodes=self._nodes.readings, balancers=self._balancers.readings)
        return unseen(alert, known, self._verdicts)

    def _change(self, now: float) -> Change:
        touched, self._touched = self._touched, {}
        history, self._untold_history = self._untold_history, set()
        round_at, self._round_untold = (self._round_at if self._round_untold else None), False
        return Change(
            at=now,
            touched=touched,
            nodes=self._nodes.taken(),
            balancers=self._balancers.taken(),
            history={pool: self._history.series(pool) for pool in history},
            round_at=round_at,
        )

    def _judge(self, now: float) -> list[ClusterVerdict]:
        """Judge the clusters that changed, and each of them once an interval: silence changes a verdict too."""
        nodes, balancers = self._nodes.readings, self._balancers.readings
        view = Snapshot(at=now, nodes=nodes, balancers=balancers, round_at=self._round_at)
        changed: list[ClusterVerdict] = []
        for cluster in self.shape.clusters:
            judged_at = self._judged_at.get(cluster.name)
            due = judged_at is None or now - judged_at >= self.shape.interval_s
            if not due and cluster.name not in self._dirty:
                continue
            self._judged_at[cluster.name] = now
            verdict = self._judge_one(cluster, view, now)
            if verdict != self._verdicts.get(cluster.name):
                self._verdicts[cluster.name] = verdict
                changed.append(verdict)
        self._dirty.clear()
        return changed

    def _judge_one(self, cluster: ClusterShape, view: Snapshot, now: float) -> ClusterVerdict:
        stale_after = self.shape.stale_after_s
        facts = judge(cluster, view, now, stale_after)
        alerts = self._boards[cluster.name].judge(view, facts, now)
        self._alerts[cluster.name] = alerts
        self._observe_pools(cluster, view, facts, now)
        return with_alerts(facts, alerts, readable=is_readable(cluster, view, now, stale_after))

    def _observe_pools(self, cluster: ClusterShape, view: Snapshot, verdict: ClusterVerdict, now: float) -> None:
        tokens = None
        if verdict.tokens_at is not None:
            tokens = view.node(cluster.name, verdict.tokens_at).tokens.fresh(now, self.shape.stale_after_s)
        used = {key(cluster.name, pool.name): pool.used for pool in tokens.pools} if tokens is not None else {}
        self._pools[cluster.name] = known = self._pools.get(cluster.name, frozenset()) | used.keys()
        for pool in known:
            if self._history.observe(pool, used.get(pool), now):
                self._untold_history.add(pool)


def _hosts_of(cluster: ClusterShape) -> tuple[str, ...]:
    return tuple(node.name for node in cluster.all_nodes) + cluster.all_balancers
