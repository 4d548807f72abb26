"""One copy to the DR site deletes what another one wrote."""

import itertools
import posixpath
from collections.abc import Iterator

from dslsconsole.audit.facts import ClusterFacts
from dslsconsole.audit.rule import Rule, Verdict, fine, found
from dslsconsole.audit.wording import in_estate
from dslsconsole.model.verdict import Severity


def rule() -> Rule:
    return Rule(
        severity=Severity.CRITICAL,
        about="whether the directories at the DR site are apart",
        why="A copy deletes at its target what its source does not have: a second target, or the generations to go "
        "back to, inside it are "
        "deleted by each run (rsync(1), --delete).",
        of_cluster=_judge,
    )


def _judge(facts: ClusterFacts) -> Iterator[Verdict]:
    dr = facts.cluster.dr
    if dr is None:
        return
    places = [(f"dr.sync.files[{number}].to", one.to) for number, one in enumerate(dr.sync.files)]
    pairs = list(itertools.combinations(places, 2))
    if dr.sync.generations_directory is not None:
        pairs += [(place, ("dr.sync.generations_directory", dr.sync.generations_directory)) for place in places]
    wrong = [
        found(
            "",
            f"{one[1]} and {other[1]} at {dr.site} lie in each other",
            in_estate(f"give {one[0]} and {other[0]} directories of their own, side by side"),
            f"{one[0]} is {one[1]}",
            f"{other[0]} is {other[1]}",
        )
        for one, other in pairs
        if _overlap(one[1], other[1])
    ]
    yield from wrong or [fine()]


def _overlap(one: str, other: str) -> bool:
    here, there = (posixpath.normpath(path) + "/" for path in (one, other))
    return here.startswith(there) or there.startswith(here)
