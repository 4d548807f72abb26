"""What a sync replaced at the DR site is gone."""

from collections.abc import Iterator

from dslsconsole.audit.facts import ClusterFacts
from dslsconsole.audit.rule import Rule, Verdict, fine, found
from dslsconsole.audit.wording import in_estate
from dslsconsole.model.verdict import Severity


def rule() -> Rule:
    return Rule(
        severity=Severity.WARNING,
        about="whether older copies are kept at the DR site",
        why="Corruption at the main site is copied within one interval, and then there is no good copy anywhere. "
        "Generations keep what each "
        "sync replaces or deletes.",
        of_cluster=_judge,
    )


def _judge(facts: ClusterFacts) -> Iterator[Verdict]:
    dr = facts.cluster.dr
    if dr is None:
        return
    if dr.sync.generations_directory is not None and dr.sync.generations > 1:
        yield fine()
        return
    user = dr.sync.remote_user or facts.estate.ssh.operate_user or "dslsop"
    yield found(
        "",
        f"{dr.site} keeps no copy to go back to"
        if dr.sync.generations_directory is None
        else f"{dr.site} keeps one copy to go back to",
        in_estate(
            f"write `generations_directory: /dr/dsls/generations` and `generations: 7` under dr.sync of {facts.name}"
        )
        + f" On each DR node before: install -d -o {user} /dr/dsls/generations.",
        f"dr.sync.generations_directory is {dr.sync.generations_directory or 'not given'}, generations is "
        f"{dr.sync.generations}",
    )
