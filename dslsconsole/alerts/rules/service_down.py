"""A host answers, but its licence server does not run."""

from collections.abc import Iterator

from dslsconsole.alerts.rule import Finding, Rule, Stateless
from dslsconsole.alerts.rules.main_site_stopped import stopped_for_dr
from dslsconsole.alerts.view import View
from dslsconsole.alerts.wording import clock_time
from dslsconsole.model.node import Mode
from dslsconsole.model.shape import NodeShape
from dslsconsole.model.verdict import Severity


def rule() -> Rule:
    return Stateless(_find)


def _find(view: View) -> Iterator[Finding]:
    for node in view.shape.nodes:
        if view.failed(node.name) or not view.service_down(node):
            continue
        service = view.fresh(view.node(node.name).service)
        if service is None or stopped_for_dr(view, node, service):
            continue
        verb = "answer" if view.server_hangs(node) else "run"
        stopped = service.active in ("inactive", "failed", "deactivating")
        yield Finding(
            subject=node.name,
            severity=Severity.CRITICAL,
            summary=f"the licence server on {node.name} does not {verb}: {_state(view, node)}",
            evidence=tuple(_evidence(view, node)),
            advice=_advice(view, node),
            since=service.since if stopped else None,
        )


def _advice(view: View, node: NodeShape) -> str:
    if view.verdict.dr_active and not node.is_dr:
        return "The DR site serves: leave it stopped, or two sites may give out the same licences; dr-return starts it."
    if view.server_hangs(node):
        may_serve = view.verdict.primary is None and node.mode is not Mode.ARBITRATOR
        first = "Fail over (F), or restart" if may_serve else "Restart"
        return f"{first} it with the runbook service-restart; it runs already, so starting it changes nothing."
    if view.verdict.primary not in (None, node.name) and node.mode is Mode.PRIMARY:
        return f"After a planned failover it rests until failback (B) starts it; else read the log of {node.unit}."
    return f"Read `journalctl -u {node.unit}` on {node.name}; start it with the runbook service-start."


def _state(view: View, node: NodeShape) -> str:
    service = view.fresh(view.node(node.name).service)
    if service is None:
        return "unknown"
    if service.active in ("active", "reloading"):
        says = "answers neither here nor its peers" if view.server_hangs(node) else "says Stopped"
        return f"{service.unit} is {service.active}, but the server {says}"
    result = f" ({service.result})" if service.result not in ("", "success") else ""
    return f"{service.unit} is {service.active}{result}"


def _evidence(view: View, node: NodeShape) -> Iterator[str]:
    service = view.fresh(view.node(node.name).service)
    if service is None:
        return
    if service.load not in ("", "loaded"):
        yield f"the unit is {service.load}"
    if service.since is not None:
        yield f"in this state since {clock_time(service.since)}"
    if service.restarts:
        yield f"systemd restarted it {service.restarts} times"
    quorum = view.verdict.quorum
    if quorum is not None and quorum.votes is not None and quorum.needed is not None:
        yield f"quorum is {quorum.votes} of {quorum.members or '?'} votes with {quorum.needed} needed"
