"""A DR site that is given nothing."""

from collections.abc import Iterator

from dslsconsole.audit.facts import ClusterFacts
from dslsconsole.audit.rule import Rule, Verdict, fine, found
from dslsconsole.audit.wording import in_estate
from dslsconsole.model.verdict import Severity


def rule() -> Rule:
    return Rule(
        severity=Severity.CRITICAL,
        about="whether licence files are copied to the DR site",
        why="Without `dr.sync.files` a DR sync copies the token state alone: the DR site has no licence files to "
        "serve by.",
        of_cluster=_judge,
    )


def _judge(facts: ClusterFacts) -> Iterator[Verdict]:
    dr = facts.cluster.dr
    if dr is None:
        return
    if dr.sync.files:
        yield fine()
        return
    where = (
        facts.cluster.storage.paths.get("licenses", "/shared/dsls/licenses")
        if facts.cluster.storage
        else "/shared/dsls/licenses"
    )
    yield found(
        "",
        f"no files are copied to {dr.site}",
        in_estate(
            f"write `files: [{{from: {where.rstrip('/')}/, to: /dr/dsls/licenses/, max_delete: 5}}]` under dr.sync "
            f"of {facts.name}"
        ),
        "dr.sync.files is empty",
    )
