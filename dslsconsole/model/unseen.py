"""Whether an alert that is not told any more is over, or only can't be seen any more."""

from collections.abc import Mapping

from dslsconsole.model.balancer import Process
from dslsconsole.model.node import Link
from dslsconsole.model.reading import Reading
from dslsconsole.model.snapshot import Snapshot
from dslsconsole.model.verdict import Alert, ClusterVerdict

_OF_POOLS = ("tokens_low", "tokens_exhausted")


def unseen(alert: Alert, snapshot: Snapshot, verdicts: Mapping[str, ClusterVerdict]) -> str:
    """Which host has to be read for it to be known whether an alert holds, and is not; nothing where all are."""
    cluster = f"{alert.cluster}/"
    known: dict[str, Reading[Link] | Reading[Process]] = {}
    for place, node in snapshot.nodes.items():
        if place.startswith(cluster):
            known[place.removeprefix(cluster)] = node.link
    for place, balancer in snapshot.balancers.items():
        if place.startswith(cluster):
            known[place.removeprefix(cluster)] = balancer.process
    if alert.subject in known:
        return alert.subject if known[alert.subject].failure is not None else ""
    if alert.id in _OF_POOLS:
        verdict = verdicts.get(alert.cluster)
        return "the primary" if verdict is None or verdict.tokens_at is None else ""
    # Of what is neither, the alert's own words tell where it was read. A host that was silent before it began had no
    # part in it but its silence.
    told = " ".join((alert.summary, *alert.evidence))
    return next(
        (
            host
            for host, link in known.items()
            if link.failure is not None and link.at is not None and link.at >= alert.since and host in told
        ),
        "",
    )
