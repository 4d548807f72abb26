"""From which value on a rule holds. The estate file's `monitoring` mapping overrides, in the guide's form."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from dslsconsole.model.shape import ClusterShape


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


_FROM_MONITORING = {
    ("sync_lag", "threshold"): "sync_lag_s",
    ("dr_late", "threshold"): "dr_lag_s",
    ("tokens_low", "threshold"): "tokens_low_pct",
    ("storage_full", "threshold"): "storage_free_pct",
    ("license_expiring", "threshold"): "license_days",
    ("clock_skew", "threshold"): "clock_skew_s",
}


def thresholds_of(shape: ClusterShape, monitoring: Mapping[str, Any] | None = None) -> Thresholds:
    """The thresholds of one cluster.

    Args:
        monitoring: the guide's `ha_monitoring` mapping, with or without that key around it; what it does not say, or
            says in another form than a number, keeps its default.
    """
    values: dict[str, float] = {"sync_lag_s": shape.max_sync_lag_s}
    if shape.dr is not None:
        values["dr_lag_s"] = shape.dr.max_lag_s
    inner = (monitoring or {}).get("ha_monitoring", monitoring)
    alerts = inner.get("alerts") if isinstance(inner, Mapping) else None
    for (rule, key), name in _FROM_MONITORING.items():
        said = alerts.get(rule) if isinstance(alerts, Mapping) else None
        value = said.get(key) if isinstance(said, Mapping) else None
        if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
            values[name] = float(value)
    return Thresholds(**values)  # type: ignore[arg-type]
