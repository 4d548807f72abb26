"""From which value on a rule holds. The site's `monitoring` overrides, in the guide's form."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from dslsconsole.model.node import Monitoring
from dslsconsole.model.shape import ClusterShape
from dslsconsole.model.verdict import Severity
from dslsconsole.systems.node.monitoring import alerts_of, told


class Thresholds(Struct, frozen=True):
    sync_lag_s: float = 60.0
    dr_lag_s: float = 900.0
    tokens_low_pct: float = 90.0
    storage_free_pct: float = 10.0
    license_days: float = 30.0
    clock_skew_s: float = 5.0
    """Servers of a cluster tolerate an hour; clocks that far apart are noticed in time to mend them."""
    restarts: int = 2
    """So many restarts within `restart_window_s` are a loop."""
    restart_window_s: float = 600.0
    severities: dict[str, Severity] = {}
    """By rule, where the site wants another severity than the rule's own."""


_THRESHOLDS = {
    "sync_lag": "sync_lag_s",
    "dr_late": "dr_lag_s",
    "dr_sync_failure": "dr_lag_s",
    "tokens_low": "tokens_low_pct",
    "storage_full": "storage_free_pct",
    "license_expiring": "license_days",
    "clock_skew": "clock_skew_s",
}
_SEVERITIES = {
    "node_failure": ("node_failure",),
    "sync_lag": ("sync_lag",),
    "split_brain": ("split_brain",),
    "dr_sync_failure": ("dr_late", "dr_mismatch"),
}
"""The guide's own alerts, and the rules that find them."""
_KNOWN = {severity.value: severity for severity in Severity}


def thresholds_of(shape: ClusterShape, monitoring: Mapping[str, Any] | Monitoring | None = None) -> Thresholds:
    """The thresholds of one cluster.

    Args:
        monitoring: what was read from the site's own file, or the guide's `ha_monitoring` mapping, with or without that
            key around it; what it does not say, or says in another form than a number, keeps its default.
    """
    values: dict[str, float] = {"sync_lag_s": shape.max_sync_lag_s}
    if shape.dr is not None:
        values["dr_lag_s"] = shape.dr.max_lag_s
    said = monitoring if isinstance(monitoring, Monitoring) else told(alerts_of(monitoring or {}) or {})
    values |= {name: said.thresholds[rule] for rule, name in _THRESHOLDS.items() if rule in said.thresholds}
    severities = {
        rule: severity
        for name, rules in _SEVERITIES.items()
        if (severity := _KNOWN.get(said.severities.get(name, ""))) is not None
        for rule in rules
    }
    return Thresholds(**values, severities=severities)  # type: ignore[arg-type]
