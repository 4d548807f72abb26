"""The servers fail over for reasons that a failover does not cure."""

from collections.abc import Iterator

from dslsconsole.audit.facts import ClusterFacts, HostFacts, Settings
from dslsconsole.audit.of_licence import in_failover_file
from dslsconsole.audit.rule import Rule, Verdict, found, of_each
from dslsconsole.audit.wording import listed
from dslsconsole.model.verdict import Severity

CURES_NOTHING = {
    "token_exhaustion": "a busy class uses up the same licences at the backup",
    "license_corruption": "the backup reads the same files from the shared storage",
}


def rule() -> Rule:
    return Rule(
        severity=Severity.CRITICAL,
        about="what makes the servers fail over by themselves",
        why="A failover costs every session. For want of tokens, or for damaged licence files, it changes nothing: "
        "the next server meets "
        "the same and fails over again.",
        of_cluster=_judge,
    )


def _judge(facts: ClusterFacts) -> Iterator[Verdict]:
    return of_each(facts.main.nodes, lambda host: host.failover, _of_host, may_lack=True)


def _of_host(host: HostFacts, settings: Settings) -> Iterator[Verdict]:
    triggers = [word.strip() for word in settings.get("FAILOVER_TRIGGERS", "").split(",") if word.strip()]
    useless = [word for word in triggers if word in CURES_NOTHING]
    if useless:
        left = ",".join(word for word in triggers if word not in CURES_NOTHING)
        yield found(
            host.name,
            f"{host.name} fails over on {listed(useless)}, which cures nothing",
            in_failover_file(host, f"write `FAILOVER_TRIGGERS={left}`"),
            *(f"{word}: {CURES_NOTHING[word]}" for word in useless),
        )
