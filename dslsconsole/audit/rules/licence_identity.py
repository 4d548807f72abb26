"""A licence server's own file says that it is another node, or of another mode."""

from collections.abc import Iterator

from dslsconsole.audit.facts import ClusterFacts, HostFacts, Settings
from dslsconsole.audit.of_licence import in_own_file
from dslsconsole.audit.rule import Rule, Verdict, found, of_each
from dslsconsole.model.verdict import Severity


def rule() -> Rule:
    return Rule(
        severity=Severity.CRITICAL,
        about="who each licence server takes itself for",
        why="A server that starts with another's DSLS_NODE_ID or mode, copied there with the rest of a directory, "
        "is a second primary "
        "of that name: both grant licences and nobody can tell them apart.",
        of_cluster=_judge,
    )


def _judge(facts: ClusterFacts) -> Iterator[Verdict]:
    return of_each(facts.main.nodes, lambda host: host.licence, _of_host)


def _of_host(host: HostFacts, settings: Settings) -> Iterator[Verdict]:
    expected = {
        "DSLS_NODE_ID": host.name,
        "DSLS_CLUSTER_MODE": str(host.address.mode),
        "DSLS_HA_ROLE": str(host.address.mode),
    }
    for key, wanted in expected.items():
        said = settings.get(key)
        if said is not None and said.partition(".")[0] != wanted.partition(".")[0]:
            yield found(
                host.name,
                f"the licence server of {host.name} says {key}={said}",
                in_own_file(host, f"write `{key}={wanted}`, or correct the node's mode in the estate file"),
                f"{key}={said}, and the estate file has {wanted}",
            )
