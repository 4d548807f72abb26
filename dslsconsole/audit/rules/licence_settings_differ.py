"""What must be the same on all licence servers is not."""

from collections.abc import Iterator

from dslsconsole.audit.facts import ClusterFacts, Settings
from dslsconsole.audit.rule import Rule, Verdict, all_same, found, known
from dslsconsole.model.verdict import Severity

SAME = (
    "DSLS_HA_CLUSTER_NAME",
    "DSLS_HA_ENABLED",
    "DSLS_CLUSTER_HEARTBEAT_INTERVAL",
    "DSLS_CLUSTER_ELECTION_TIMEOUT",
    "DSLS_TOKEN_POOL_SIZE",
    "DSLS_TOKEN_REPLICATION",
    "DSLS_SHARED_LICENSE_PATH",
    "DSLS_SHARED_STATE_PATH",
)


def rule() -> Rule:
    return Rule(
        severity=Severity.CRITICAL,
        about="whether the licence servers' files agree",
        why="Nodes of another cluster name do not hear each other; other heartbeats and election times let one of "
        "them act before the "
        "others have voted; another pool size grants more licences after a failover than were bought.",
        of_cluster=_judge,
    )


def _judge(facts: ClusterFacts) -> Iterator[Verdict]:
    values, missing = known(facts.main.nodes, lambda host: host.licence)
    return all_same(values, missing, lambda told: _differ(facts.main.nodes[0].licence_directory, told))


def _differ(directory: str, told: dict[str, Settings]) -> Iterator[Verdict]:
    for key in SAME:
        said = {host: settings[key] for host, settings in told.items() if key in settings}
        if len(set(said.values())) > 1:
            yield found(
                "",
                f"{key} differs between the licence servers",
                f"Write the same {key} on {', '.join(said)} in {directory}; it counts from each server's next start.",
                *(f"{key}={value} on {host}" for host, value in said.items()),
            )
