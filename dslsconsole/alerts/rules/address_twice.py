"""Two load balancers hold the address at once: VRRP's own split brain."""

from collections.abc import Iterator

from dslsconsole.alerts.rule import Finding, Rule, Stateless
from dslsconsole.alerts.rules.address_missing import holders, sites
from dslsconsole.alerts.view import View
from dslsconsole.alerts.wording import listed
from dslsconsole.model.verdict import Severity


def rule() -> Rule:
    # The hosts are read at different moments, so an address that moves may be seen on both for one round.
    return Stateless(_find, hold_rounds=1.5)


def _find(view: View) -> Iterator[Finding]:
    for site in sites(view):
        found = holders(view, site)
        if found is None or len(found) < 2:
            continue
        yield Finding(
            subject=str(site.vip),
            severity=Severity.CRITICAL,
            summary=f"{listed(found)} both hold {site.vip}",
            advice="They do not hear each other's VRRP. Mend that, or stop keepalived on one of them.",
        )
