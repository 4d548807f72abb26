"""A backup takes over before the vote has ended."""

from collections.abc import Iterator

from dslsconsole.audit.facts import ClusterFacts
from dslsconsole.audit.of_licence import merged
from dslsconsole.audit.rule import Rule, Verdict, fine, found, known
from dslsconsole.model.verdict import Severity


def rule() -> Rule:
    return Rule(
        severity=Severity.CRITICAL,
        about="whether takeover waits for the election",
        why="With DSLS_BACKUP_TAKEOVER_TIMEOUT below DSLS_CLUSTER_ELECTION_TIMEOUT the backup acts as primary "
        "while the others still "
        "vote: the old primary may win the vote, and then there are two (the guide has 90 s and 120 s).",
        of_cluster=_judge,
    )


def _judge(facts: ClusterFacts) -> Iterator[Verdict]:
    _, missing = known(facts.main.nodes, lambda host: host.licence)
    yield from missing
    told = merged(facts.main.nodes)
    directory = facts.main.nodes[0].licence_directory
    takeover, election = told.get("DSLS_BACKUP_TAKEOVER_TIMEOUT"), told.get("DSLS_CLUSTER_ELECTION_TIMEOUT")
    if takeover is not None and election is not None and takeover[1] < election[1]:
        yield found(
            takeover[0],
            f"the backup takes over after {takeover[1]:g} s, and the election takes up to {election[1]:g} s",
            f"On {takeover[0]}, in {directory}/backup.conf, write "
            f"`DSLS_BACKUP_TAKEOVER_TIMEOUT={election[1] + 30:g}`; it counts from the server's next start.",
            f"DSLS_BACKUP_TAKEOVER_TIMEOUT={takeover[1]:g} on {takeover[0]}",
            f"DSLS_CLUSTER_ELECTION_TIMEOUT={election[1]:g} on {election[0]}",
        )
    elif not missing:
        yield fine()
