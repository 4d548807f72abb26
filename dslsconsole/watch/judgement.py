"""Are licences being served, and by whom: what one cluster's fresh readings prove, and nothing beyond it.

`serving` is True only if a primary is known to run with quorum and a load balancer that clients reach (the holder of
the address where that is known, else any that answers) sends new clients to it; a cluster without load balancers
needs the primary alone. It is False only if the opposite is proven: no server can be primary, or the primary says that
it does not grant, or every load balancer was read and none sends clients to it. Else it is None.
"""

from collections import Counter

import msgspec

from dslsconsole.alerts.view import Reach
from dslsconsole.model.node import Quorum
from dslsconsole.model.shape import ClusterShape
from dslsconsole.model.snapshot import Snapshot
from dslsconsole.model.verdict import Alert, ClusterVerdict, Health, Severity
from dslsconsole.watch.evidence import Claim, Evidence
from dslsconsole.watch.vendor_judgement import judge_members


def judge(shape: ClusterShape, snapshot: Snapshot, now: float, stale_after: float) -> ClusterVerdict:
    """The verdict on one cluster. Its health is that of the facts alone; `with_alerts` completes it.

    Args:
        now: seconds since the epoch.
        stale_after: readings older than this many seconds do not count.
    """
    evidence = Evidence(shape, snapshot, now, stale_after)
    if shape.dialect == "vendor":
        return judge_members(evidence)
    claim = evidence.claims[0] if evidence.claims else None
    quorum = _quorum(evidence, claim)
    serving = _serving(evidence, claim, quorum)
    facts = ClusterVerdict(
        cluster=shape.name,
        health=Health.OK if serving else Health.CRITICAL if serving is False else Health.UNKNOWN,
        sentence="",
        serving=serving,
        primary=claim.node.name if claim else None,
        primaries=tuple(claim.node.name for claim in evidence.claims),
        epoch=_epoch(evidence, claim),
        quorum=quorum,
        split_brain=_split_brain(evidence),
        dr_active=_dr_active(evidence),
    )
    return msgspec.structs.replace(facts, sentence=_sentence(evidence, facts, claim))


def with_alerts(verdict: ClusterVerdict, alerts: tuple[Alert, ...], *, readable: bool) -> ClusterVerdict:
    """The verdict with the health that the alerts give it, and in its sentence the gravest of them.

    Args:
        alerts: the gravest first.
        readable: whether any node of the cluster could be read. Where none could, the health is unknown: that is more
            often our own network than all of theirs.
    """
    if not readable:
        health = Health.UNKNOWN
    elif verdict.serving is False or any(alert.severity is Severity.CRITICAL for alert in alerts):
        health = Health.CRITICAL
    elif alerts:
        health = Health.WARNING
    else:
        health = verdict.health
    return msgspec.structs.replace(
        verdict, health=health, sentence=f"{verdict.sentence}{_reservation(verdict, alerts)}"
    )


def _reservation(verdict: ClusterVerdict, alerts: tuple[Alert, ...]) -> str:
    """What the person on call must know besides that licences are served; else the sentence says all itself."""
    if not verdict.serving or not alerts or (verdict.split_brain and len(verdict.primaries) > 1):
        return ""
    gravest = alerts[0]
    # What one stands on is in the alert; the sentence has a line of 80 columns.
    text = (
        gravest.summary.partition(": ")[0]
        if gravest.id in ("node_failure", "service_down", "sync_wrong_way")
        else gravest.summary
    )
    quorum = verdict.quorum
    if gravest.id == "quorum_edge" or quorum is None or None in (quorum.votes, quorum.members, quorum.needed):
        return f", but {text}"
    votes, members, needed = quorum.votes or 0, quorum.members or 0, quorum.needed or 0
    edge = f" and only {votes} of {members} vote: one more loss stops service" if needed >= votes < members else ""
    return f", but {text}{edge}"


def is_readable(shape: ClusterShape, snapshot: Snapshot, now: float, stale_after: float) -> bool:
    """Whether any node of the cluster answers."""
    return any(
        snapshot.node(shape.name, node.name).link.fresh(now, stale_after) is not None for node in shape.all_nodes
    )


def _quorum(evidence: Evidence, claim: Claim | None) -> Quorum | None:
    """The primary's own view of quorum; without one, what most of the main site's servers say."""
    if claim is not None and claim.status.quorum is not None:
        return claim.status.quorum
    main = {node.name for node in evidence.shape.nodes}
    views = [view.quorum for name, view in evidence.views.items() if name in main and view.quorum is not None]
    counted = Counter(view.held for view in views if view.held is not None).most_common(2)
    if not counted or (len(counted) == 2 and counted[0][1] == counted[1][1]):
        return None
    agreeing = [view for view in views if view.held is counted[0][0]]
    return max(agreeing, key=lambda view: -1 if view.votes is None else view.votes)


def _epoch(evidence: Evidence, claim: Claim | None) -> int | None:
    if claim is not None:
        return claim.status.epoch
    epochs = [view.epoch for view in evidence.views.values() if view.epoch is not None]
    return max(epochs, default=None)


def _split_brain(evidence: Evidence) -> bool | None:
    """True if any server says so or two grant as primary; False if a server says no and none says yes."""
    words = [view.split_brain for view in evidence.views.values()]
    if True in words or sum(claim.grants is True for claim in evidence.claims) > 1:
        return True
    return False if False in words else None


def _dr_active(evidence: Evidence) -> bool | None:
    """Whether the DR site serves; None if a DR node that could be serving was not read."""
    dr = evidence.shape.dr
    if dr is None:
        return None
    names = {node.name for node in dr.nodes}
    if any(claim.node.name in names and claim.grants is not False for claim in evidence.claims):
        return True
    return False if all(evidence.is_not_primary(node) for node in dr.nodes) else None


def _serving(evidence: Evidence, claim: Claim | None, quorum: Quorum | None) -> bool | None:
    if claim is None:
        return False if all(evidence.is_not_primary(node) for node in evidence.shape.all_nodes) else None
    if claim.grants is not True:
        return claim.grants
    held = quorum.held if quorum is not None else None
    if held is not True:
        return held
    if evidence.sent_to_the_other_site(claim.node):
        return False
    dr = evidence.shape.dr
    site = dr.balancers if claim.node.is_dr and dr is not None else evidence.shape.balancers
    return True if site is None else evidence.sends_to(site, claim.node.name)


def _sentence(evidence: Evidence, verdict: ClusterVerdict, claim: Claim | None) -> str:
    if claim is None:
        return _no_primary_sentence(evidence, verdict)
    name = claim.node.name
    where = f" at the DR site {evidence.shape.dr.site}" if claim.node.is_dr and evidence.shape.dr else ""
    if len(verdict.primaries) > 1 and verdict.split_brain:
        return f"{len(verdict.primaries)} nodes claim to be primary: {', '.join(verdict.primaries)}"
    if verdict.serving:
        return f"licences are served by {name}{where}"
    state = claim.status.state or "unknown"
    if claim.grants is not True:
        return f"{name}{where} is primary but its state is {state}" + ("" if claim.grants is None else ": no licences")
    held = verdict.quorum.held if verdict.quorum is not None else None
    if held is False:
        return f"{name}{where} is primary without quorum: no licences are served"
    if held is None:
        return f"{name}{where} is primary, but whether it has quorum is not known"
    if evidence.sent_to_the_other_site(claim.node):
        record = evidence.shape.dr.record if evidence.shape.dr else "DNS"
        other = "main" if claim.node.is_dr else "DR"
        return f"{name}{where} is primary, but {record} sends clients to the {other} site"
    if verdict.serving is False:
        return f"{name}{where} is primary, but no load balancer sends clients to it"
    return f"{name}{where} is primary, but whether clients reach it is not known"


def _no_primary_sentence(evidence: Evidence, verdict: ClusterVerdict) -> str:
    nodes = evidence.shape.all_nodes
    if all(evidence.reach(node) is Reach.UNTRIED for node in nodes):
        return "nothing has been read yet"
    if all(evidence.reach(node) is not Reach.ANSWERS for node in nodes):
        return "no node could be read: whether licences are served is not known"
    if verdict.serving is False:
        return "no node is primary: no licences are served"
    if any(evidence.reach(node) is Reach.UNTRIED for node in nodes):
        return "the first reading is under way; no primary is known yet"
    unread = [node.name for node in nodes if not evidence.is_not_primary(node)]
    return f"no primary is known; {', '.join(unread)} could not be read"
