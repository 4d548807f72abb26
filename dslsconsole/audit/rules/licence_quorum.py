"""The arbitrator goes by another quorum than the cluster needs."""

from collections.abc import Iterator

from dslsconsole.audit.facts import ClusterFacts, HostFacts, Settings
from dslsconsole.audit.of_licence import in_own_file
from dslsconsole.audit.rule import Rule, Verdict, fine, found, of_each
from dslsconsole.audit.wording import in_estate
from dslsconsole.model.node import Mode
from dslsconsole.model.verdict import Severity
from dslsconsole.settings.hosts import quorum_of


def rule() -> Rule:
    return Rule(
        severity=Severity.CRITICAL,
        about="how many votes are needed",
        why="With half of the votes or fewer both halves of a partition have quorum and both grant licences (split "
        "brain); where every "
        "vote is needed, the loss of one node stops the service. More than half, and less than all, is right.",
        of_cluster=_judge,
    )


def _judge(facts: ClusterFacts) -> Iterator[Verdict]:
    nodes = len(facts.main.nodes)
    needed = quorum_of(facts.cluster)
    if nodes > 1 and 2 * needed <= nodes:
        right = in_estate(f"write `quorum: {nodes // 2 + 1}` for {facts.name}")
        yield found("", f"{needed} of {nodes} votes are no majority", right, f"quorum {needed}, {nodes} nodes")
    elif nodes > 1 and needed == nodes:
        advice = (
            in_estate("name a third node of mode arbitrator")
            if nodes == 2
            else in_estate(f"write `quorum: {nodes // 2 + 1}`")
        )
        text = f"every one of the {nodes} votes is needed, so the loss of one node stops the service"
        yield found("", text, advice, f"quorum {needed}, {nodes} nodes", severity=Severity.WARNING)
    else:
        yield fine()
    arbitrators = [host for host in facts.main.nodes if host.address.mode is Mode.ARBITRATOR]
    yield from of_each(arbitrators, lambda host: host.licence, lambda host, settings: _of_host(needed, host, settings))


def _of_host(needed: int, host: HostFacts, settings: Settings) -> Iterator[Verdict]:
    said = settings.get("DSLS_ARBITRATOR_QUORUM_SIZE")
    if said is not None and said != str(needed):
        yield found(
            host.name,
            f"the arbitrator {host.name} goes by a quorum of {said}, and the cluster by {needed}",
            in_own_file(host, f"write `DSLS_ARBITRATOR_QUORUM_SIZE={needed}`, or correct the estate file's quorum"),
            f"DSLS_ARBITRATOR_QUORUM_SIZE={said}",
        )
