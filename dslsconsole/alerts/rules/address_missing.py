"""No load balancer of a site holds the address that clients use. Said only when each of them was read."""

from collections.abc import Iterator

from dslsconsole.alerts.rule import Finding, Rule, Stateless
from dslsconsole.alerts.view import View
from dslsconsole.alerts.wording import listed
from dslsconsole.model.shape import BalancersShape
from dslsconsole.model.verdict import Severity


def rule() -> Rule:
    # An address on the way from one host to the other is on neither for a moment.
    return Stateless(_find, hold_rounds=1.5)


def holders(view: View, site: BalancersShape) -> list[str] | None:
    """Which hosts hold the site's address; None where keepalived does not move one or a host was not read."""
    if site.vip is None or not site.keepalived:
        return None
    read = {host: view.fresh(view.balancer(host).addresses) for host in site.hosts}
    found = [host for host, addresses in read.items() if addresses is not None and site.vip in addresses]
    return None if None in read.values() and len(found) < 2 else found


def sites(view: View) -> Iterator[BalancersShape]:
    for site in (view.shape.balancers, view.shape.dr.balancers if view.shape.dr is not None else None):
        if site is not None:
            yield site


def _find(view: View) -> Iterator[Finding]:
    for site in sites(view):
        if holders(view, site) != []:
            continue
        yield Finding(
            subject=str(site.vip),
            severity=Severity.CRITICAL,
            summary=f"no load balancer holds {site.vip}: clients reach nobody",
            evidence=(f"read without it: {listed(site.hosts)}",),
            advice="Look at keepalived on each load balancer (`journalctl -u keepalived`), then run vip-move.",
        )
