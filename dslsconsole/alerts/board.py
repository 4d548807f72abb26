"""The alerts of one cluster: asks every rule, and raises what has held for as long as its rule wants."""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from functools import cache

import msgspec

from dslsconsole.alerts import rules
from dslsconsole.alerts.rule import Finding, Rule
from dslsconsole.alerts.thresholds import Thresholds
from dslsconsole.alerts.view import View
from dslsconsole.model.shape import ClusterShape
from dslsconsole.model.snapshot import Snapshot
from dslsconsole.model.verdict import Alert, ClusterVerdict, Severity

Key = tuple[str, str]
"""Rule id and subject."""
_ORDER = {Severity.CRITICAL: 0, Severity.WARNING: 1}
_FIRST = ("no_primary", "two_primaries", "split_brain", "quorum_lost", "no_server_up", "address_missing")
"""Rules that say that no licences are served, or twice: within a severity they stand before what led to it."""


@cache
def discovered() -> Mapping[str, Callable[[], Rule]]:
    """How to make each rule, by its id: every module of `alerts.rules` is one, with a function `rule`."""
    names = sorted(module.name for module in pkgutil.iter_modules(rules.__path__))
    return {name: importlib.import_module(f"{rules.__name__}.{name}").rule for name in names}


def in_order(alerts: list[Alert]) -> tuple[Alert, ...]:
    """Worst first, then what concerns the service as a whole, then the oldest, so that the list does not jump about."""
    return tuple(sorted(alerts, key=lambda a: (_ORDER[a.severity], _rank(a), a.since, a.cluster, a.id, a.subject)))


def _rank(alert: Alert) -> int:
    return _FIRST.index(alert.id) if alert.id in _FIRST else len(_FIRST)


class Board:
    """Keeps since when each finding of one cluster holds.

    Args:
        patient: False for a single reading, where nothing can be waited for: every finding is an alert at once.
    """

    def __init__(
        self,
        shape: ClusterShape,
        thresholds: Thresholds,
        *,
        interval: float,
        stale_after: float,
        patient: bool = True,
    ) -> None:
        self._shape = shape
        self._thresholds = thresholds
        self._interval = interval
        self._stale_after = stale_after
        self._patient = patient
        self._rules = {name: make() for name, make in discovered().items()}
        self._began: dict[Key, float] = {}
        self._alerts: dict[Key, Alert] = {}
        self._whole_at: float | None = None
        """Up to when what is found may have been so before everything had been read for the first time."""

    def use(self, thresholds: Thresholds) -> None:
        """Judge by these from now on."""
        self._thresholds = thresholds

    def judge(self, snapshot: Snapshot, verdict: ClusterVerdict, now: float) -> tuple[Alert, ...]:
        """The alerts that hold now, in order. Called for every snapshot: it remembers since when."""
        view = View(
            self._shape,
            snapshot,
            verdict,
            now,
            stale_after=self._stale_after,
            thresholds=self._thresholds,
            raised=frozenset(self._alerts),
        )
        if self._whole_at is None and snapshot.round_at is not None:
            self._whole_at = snapshot.round_at + self._interval / 2  # it is judged a moment after it was read
        began: dict[Key, float] = {}
        alerts: dict[Key, Alert] = {}
        for name, rule in self._rules.items():
            for finding in rule.find(view):
                key = (name, finding.subject)
                began[key] = self._began.get(key, now)
                if key in self._alerts or self._ripe(rule, finding, now - began[key]):
                    alerts[key] = self._alert(key, finding, began[key])
        self._began = began
        self._alerts = alerts
        return in_order(list(alerts.values()))

    def _ripe(self, rule: Rule, finding: Finding, held_s: float) -> bool:
        patience = rule.hold_s + rule.hold_rounds * self._interval
        return finding.urgent or not self._patient or held_s >= patience

    def _alert(self, key: Key, finding: Finding, began: float) -> Alert:
        alert = Alert(
            id=key[0],
            severity=self._thresholds.severities.get(key[0], finding.severity),
            cluster=self._shape.name,
            subject=finding.subject,
            summary=finding.summary,
            since=began if finding.since is None else finding.since,
            evidence=finding.evidence,
            advice=finding.advice,
            found=finding.since is None and (self._whole_at is None or began <= self._whole_at),
        )
        before = self._alerts.get(key)
        if before is not None:
            # A start that is read off a changing value must not move under the reader's eyes.
            alert = msgspec.structs.replace(alert, since=before.since, found=before.found)
        return before if before == alert else alert
