"""The site's own alert thresholds, in the form of the guide's “HA Monitoring and Alerting”: a YAML mapping."""

import math
from collections.abc import Mapping
from typing import Any

from dslsconsole.model.node import Monitoring
from dslsconsole.settings.document import NotReadable, parse
from dslsconsole.ssh.cleaning import clean
from dslsconsole.systems.answers import Unreadable

MOST_RULES = 200


def parse_monitoring(text: str) -> Monitoring:
    """The file's `ha_monitoring.alerts`, with or without the outer key.

    Raises:
        Unreadable: it is no YAML, or names no alerts.
    """
    try:
        # As the estate file is read: depth and growth are bounded. PyYAML alone takes minutes for 64 kB of brackets.
        found = parse(text).data
    except NotReadable as problem:
        raise Unreadable(f"it is no YAML: {clean(problem.text, 160)}") from None
    if not isinstance(found, dict):
        raise Unreadable(f"it is no mapping: {clean(text, 80) or 'nothing at all'}")
    rules = alerts_of(found)
    if rules is None:
        raise Unreadable("it has no ha_monitoring.alerts")
    return told(rules)


def alerts_of(mapping: Mapping[Any, Any]) -> Mapping[Any, Any] | None:
    """The part that names the alerts; None if there is none."""
    inner = mapping.get("ha_monitoring", mapping)
    rules = inner.get("alerts") if isinstance(inner, Mapping) else None
    return rules if isinstance(rules, Mapping) else None


def told(rules: Mapping[Any, Any]) -> Monitoring:
    """Thresholds and severities by the names of their alerts. What has another form is left out."""
    thresholds: dict[str, float] = {}
    severities: dict[str, str] = {}
    for name, rule in list(rules.items())[:MOST_RULES]:
        if not isinstance(name, str) or not isinstance(rule, Mapping):
            continue
        threshold, severity = rule.get("threshold"), rule.get("severity")
        if isinstance(threshold, int | float) and not isinstance(threshold, bool) and 0 < threshold < math.inf:
            thresholds[clean(name, 60)] = float(threshold)
        if isinstance(severity, str):
            severities[clean(name, 60)] = clean(severity, 60).lower()
    return Monitoring(thresholds, severities)
