"""A sync may delete more at the DR site than anybody means to."""

from collections.abc import Iterator

from dslsconsole.audit.facts import ClusterFacts
from dslsconsole.audit.rule import Rule, Verdict, fine, found
from dslsconsole.audit.wording import in_estate
from dslsconsole.model.verdict import Severity

MOST = 50


def rule() -> Rule:
    return Rule(
        severity=Severity.WARNING,
        about="how many files a sync may delete",
        why="An empty source, such as an unmounted storage path, deletes everything at the target and ends with "
        "status 0 (measured with "
        "rsync 3). `max_delete` is what stops that; a limit above what the directory holds stops nothing.",
        of_cluster=_judge,
    )


def _judge(facts: ClusterFacts) -> Iterator[Verdict]:
    dr = facts.cluster.dr
    if dr is None:
        return
    wrong = [
        found(
            "",
            f"a sync of {one.from_} may delete {one.max_delete} files at {dr.site}",
            in_estate(f"write `max_delete: 5` for {one.from_} under dr.sync.files of {facts.name}"),
            f"dr.sync.files[{number}].max_delete is {one.max_delete}",
        )
        for number, one in enumerate(dr.sync.files)
        if one.max_delete > MOST
    ]
    yield from wrong or [fine()]
