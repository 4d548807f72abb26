"""The site's own alert thresholds, in the form of the guide's “HA Monitoring and Alerting”: a YAML mapping."""

import math
from collections.abc import Mapping
from typing import Any

import yaml

from dslsconsole.model.node import Monitoring
from dslsconsole.ssh.cleaning import clean
from dslsconsole.systems.answers import Unreadable

MOST_RULES = 200


def parse_monitoring(text: str) -> Monitoring:
    """The file's `ha_monitoring.alerts`, with or without the outer key.

    Raises:
        Unreadable: it is no YAML, or names no alerts.
    """
    try:
        # Anchors are what makes a small file grow without bound, and no threshold needs them.
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.SafeLoader)):
            raise Unreadable("it uses YAML aliases, which are not followed")
        found = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable(f"it is no YAML: {clean(str(error), 160)}") from None
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
