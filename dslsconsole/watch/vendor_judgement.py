"""Whether a cluster of the vendor's licence servers serves: no member is primary, and a majority that is ready serves.

A standalone server is a cluster of one. What cannot be read counts neither as ready nor as not ready.
"""

from dslsconsole.alerts.view import Reach
from dslsconsole.model.node import Quorum
from dslsconsole.model.reading import FailureKind
from dslsconsole.model.shape import NodeShape
from dslsconsole.model.verdict import ClusterVerdict, Health
from dslsconsole.systems.dslicsrv.vendor import READY
from dslsconsole.watch.evidence import Evidence


def judge_members(evidence: Evidence) -> ClusterVerdict:
    """The verdict on such a cluster. Primary, epoch and roles stay unknown: it has none."""
    members = evidence.shape.nodes
    ready = [node for node in members if _is_ready(evidence, node) is True]
    not_ready = [node for node in members if _is_ready(evidence, node) is False]
    needed = evidence.shape.quorum or len(members) // 2 + 1
    serving: bool | None = None
    if len(ready) >= needed:
        serving = True
    elif len(members) - len(not_ready) < needed:
        serving = False
    all_known = len(ready) + len(not_ready) == len(members)
    return ClusterVerdict(
        cluster=evidence.shape.name,
        health=Health.OK if serving else Health.CRITICAL if serving is False else Health.UNKNOWN,
        sentence=_sentence(evidence, ready, needed, serving),
        serving=serving,
        quorum=Quorum(held=serving, votes=len(ready) if all_known else None, members=len(members), needed=needed),
        tokens_from=next((node.name for node in ready if evidence.fresh(evidence.node(node).tokens)), None),
    )


def _is_ready(evidence: Evidence, node: NodeShape) -> bool | None:
    """By its own word, or proven not to run by its own host."""
    readings = evidence.node(node)
    status = evidence.fresh(readings.status)
    if status is not None:
        return status.status == READY
    failure = readings.status.failure
    if failure is not None and failure.kind is FailureKind.REFUSED and evidence.fresh(readings.link) is not None:
        return False
    service = evidence.fresh(readings.service)
    return False if service is not None and service.active in ("inactive", "failed") else None


def _sentence(evidence: Evidence, ready: list[NodeShape], needed: int, serving: bool | None) -> str:
    members = evidence.shape.nodes
    reached = [evidence.reach(node) for node in members]
    if all(reach is Reach.UNTRIED for reach in reached):
        return "nothing has been read yet"
    if all(reach is not Reach.ANSWERS for reach in reached):
        return "no node could be read: whether licences are served is not known"
    if len(members) == 1:
        name = members[0].name
        if serving is None:
            return f"whether {name} is ready is not known"
        return f"licences are served by {name}" if serving else f"{name} is not ready: no licences are served"
    count = f"{len(ready)} of {len(members)} members"
    if serving:
        return f"licences are served: {count} are ready, {needed} needed"
    if serving is False:
        return f"only {count} are ready and {needed} are needed: no licences are served"
    return f"only {count} are known to be ready and {needed} are needed: whether licences are served is not known"
