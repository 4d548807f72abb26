"""New clients are sent to a server that is not primary, which refuses them: HAProxy's check does not see the role.

Where the primary itself can't grant, for want of its storage or of a valid licence, that is the alert: HAProxy is right
to leave it, and nothing done to the backup's server would help.
"""

from collections.abc import Iterator

from dslsconsole.alerts.rule import Finding, Rule, Stateless
from dslsconsole.alerts.rules.storage_missing import wrong_mount
from dslsconsole.alerts.traffic import receivers
from dslsconsole.alerts.view import View
from dslsconsole.alerts.wording import do
from dslsconsole.model.verdict import Severity


def rule() -> Rule:
    return Stateless(_find, hold_rounds=1.0)


def _find(view: View) -> Iterator[Finding]:
    primary = view.verdict.primary
    if primary is None or view.serving_balancers is None or _cannot_grant(view, primary):
        return
    wrong: dict[str, list[str]] = {}
    for host, backend in view.backends.items():
        for server in receivers(backend):
            node = view.node_of(server)
            status = view.views.get(node.name) if node is not None else None
            known = status is not None and status.role is not None
            if node is not None and known and node.name not in view.verdict.primaries:
                wrong.setdefault(server.name, []).append(host)
    for name, hosts in wrong.items():
        node = view.node_of(name)
        role = view.views[node.name].role if node is not None else None
        yield Finding(
            subject=name,
            severity=Severity.CRITICAL,
            summary=f"{do(hosts, 'send')} clients to {name}, which is {role} and refuses them",
            evidence=(f"the primary is {primary}",),
            advice=f"Put {name} into maintenance on every load balancer (runbook lb-maint).",
        )


def _cannot_grant(view: View, primary: str) -> bool:
    """Whether another alert tells why the primary grants nothing."""
    readings = view.node(primary)
    status, mounts = view.fresh(readings.status), view.fresh(readings.mounts) or ()
    return (status is not None and status.license_valid is False) or any(wrong_mount(view, mount) for mount in mounts)
