"""A licence server does not know all of the others."""

from collections.abc import Iterator

from dslsconsole.audit.facts import ClusterFacts, HostFacts, Settings
from dslsconsole.audit.of_licence import in_own_file
from dslsconsole.audit.rule import Rule, Verdict, found, of_each
from dslsconsole.audit.wording import listed
from dslsconsole.model.verdict import Severity


def rule() -> Rule:
    return Rule(
        severity=Severity.CRITICAL,
        about="whether the licence servers' lists of nodes are complete",
        why="Votes are counted among the nodes that a server knows. One whose DSLS_HA_PEER_SERVERS lacks a node "
        "never hears its vote: "
        "quorum is lost when the next one fails, or a partition leaves two majorities.",
        of_cluster=_judge,
    )


def _judge(facts: ClusterFacts) -> Iterator[Verdict]:
    return of_each(facts.main.nodes, lambda host: host.licence, lambda host, settings: _of_host(facts, host, settings))


def _of_host(facts: ClusterFacts, host: HostFacts, settings: Settings) -> Iterator[Verdict]:
    if len(facts.main.nodes) < 2:
        return
    told = settings.get("DSLS_HA_PEER_SERVERS", "")
    said = {peer.strip().rpartition(":")[0] or peer.strip() for peer in told.split(",") if peer.strip()}
    peers = {
        node.name: {node.name, node.address.address, node.name.partition(".")[0]}
        for node in facts.main.nodes
        if node is not host
    }
    short = {peer.partition(".")[0] if not peer.replace(".", "").isdigit() else peer for peer in said}
    missing = [name for name, names in peers.items() if not names & (said | short)]
    strange = sorted(
        peer for peer in said if not any({peer, peer.partition(".")[0]} & names for names in peers.values())
    )
    evidence = f"DSLS_HA_PEER_SERVERS={told}" if told else "there is no DSLS_HA_PEER_SERVERS"
    wanted = ",".join(f"{node.name}:{node.address.licence_port}" for node in facts.main.nodes if node is not host)
    if missing or strange:
        text = (
            f"does not know {listed(missing)}"
            if missing
            else f"knows {listed(strange)}, which is no other node of the cluster"
        )
        yield found(
            host.name,
            f"the licence server of {host.name} {text}",
            in_own_file(host, f"write `DSLS_HA_PEER_SERVERS={wanted}`"),
            evidence,
        )
