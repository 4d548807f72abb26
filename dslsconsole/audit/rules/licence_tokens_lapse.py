"""Tokens in use are given up before a backup can have taken over."""

from collections.abc import Iterator

from dslsconsole.audit.facts import ClusterFacts
from dslsconsole.audit.of_licence import merged
from dslsconsole.audit.rule import Rule, Verdict, fine, found, known
from dslsconsole.model.verdict import Severity


def rule() -> Rule:
    return Rule(
        severity=Severity.CRITICAL,
        about="whether tokens in use outlast a takeover",
        why="Where DSLS_TOKEN_FAILOVER_TIMEOUT is over before the backup serves, running jobs lose their licences "
        "although the failover "
        "went well (the guide has 60 s, and 90 s for the takeover).",
        of_cluster=_judge,
    )


def _judge(facts: ClusterFacts) -> Iterator[Verdict]:
    _, missing = known(facts.main.nodes, lambda host: host.licence)
    yield from missing
    told = merged(facts.main.nodes)
    directory = facts.main.nodes[0].licence_directory
    tokens, takeover = told.get("DSLS_TOKEN_FAILOVER_TIMEOUT"), told.get("DSLS_BACKUP_TAKEOVER_TIMEOUT")
    detection = told.get("FAILOVER_DETECTION_TIMEOUT", ("", 0.0))
    if tokens is not None and takeover is not None and tokens[1] < takeover[1] + detection[1]:
        needed = takeover[1] + detection[1] + 30
        yield found(
            tokens[0],
            f"tokens lapse after {tokens[1]:g} s, before a takeover can be over ({takeover[1] + detection[1]:g} s)",
            f"On {tokens[0]}, in {directory}/primary.conf, write `DSLS_TOKEN_FAILOVER_TIMEOUT={needed:g}`; it "
            "counts from the server's next start.",
            f"DSLS_TOKEN_FAILOVER_TIMEOUT={tokens[1]:g} on {tokens[0]}",
            f"DSLS_BACKUP_TAKEOVER_TIMEOUT={takeover[1]:g} on {takeover[0]}",
            *([f"FAILOVER_DETECTION_TIMEOUT={detection[1]:g} on {detection[0]}"] if detection[0] else []),
        )
    elif not missing:
        yield fine()
