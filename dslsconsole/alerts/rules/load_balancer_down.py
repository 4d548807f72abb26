"""A load balancer's HAProxy does not answer: warning, critical when no other of the serving site does."""

from collections.abc import Iterator

from dslsconsole.alerts.rule import Finding, Rule, Stateless
from dslsconsole.alerts.view import SILENT, View
from dslsconsole.alerts.wording import clock_time, listed
from dslsconsole.model.balancer import BalancerReadings
from dslsconsole.model.reading import FailureKind
from dslsconsole.model.shape import BalancersShape
from dslsconsole.model.verdict import Severity

_GONE = SILENT | {FailureKind.ABSENT}


def rule() -> Rule:
    return Stateless(_find, hold_rounds=1.0)


def is_down(view: View, host: str) -> bool:
    """Whether neither the statistics page nor the socket answers, and not for want of a right of ours."""
    readings = view.balancer(host)
    if view.fresh(readings.backend) is not None or view.fresh(readings.process) is not None:
        return False
    failures = [failure for reading in (readings.backend, readings.link) if (failure := reading.failure) is not None]
    return any(failure.kind in _GONE for failure in failures) and not any(
        failure.kind in (FailureKind.HOST_KEY_CHANGED, FailureKind.HOST_KEY_UNKNOWN, FailureKind.PERMISSION)
        for failure in failures
    )


def _find(view: View) -> Iterator[Finding]:
    dr_site = view.shape.dr.balancers if view.shape.dr is not None else None
    for site in (view.shape.balancers, dr_site):
        if site is None:
            continue
        down = [host for host in site.hosts if is_down(view, host)]
        last = site == view.serving_balancers and len(down) == len(site.hosts)
        for host in down:
            yield _finding(view, site, host, last)


def _finding(view: View, site: BalancersShape, host: str, last: bool) -> Finding:
    readings = view.balancer(host)
    what = "load balancer" if view.fresh(readings.link) is None else "HAProxy on"
    alone = "; it was the last" if last else ""
    return Finding(
        subject=host,
        severity=Severity.CRITICAL if last else Severity.WARNING,
        summary=f"{what} {host} does not answer{alone}",
        evidence=tuple(_evidence(view, site, host, readings)),
        advice="Look at the host and at HAProxy on it. While it is out, changes reach only the other load balancers.",
        urgent=last,
    )


def _evidence(view: View, site: BalancersShape, host: str, readings: BalancerReadings) -> Iterator[str]:
    texts = [reading.failure.text for reading in (readings.link, readings.backend) if reading.failure is not None]
    yield from dict.fromkeys(texts)
    held = readings.addresses
    if site.vip is not None and site.vip in (held.value or ()) and held.at is not None:
        others = [
            other
            for other in site.hosts
            if other != host and site.vip in (view.fresh(view.balancer(other).addresses) or ())
        ]
        now = f"; {listed(others)} holds it now" if others else "; no other load balancer is known to hold it"
        yield f"it held {site.vip} when last read, {clock_time(held.at)}{now}"
