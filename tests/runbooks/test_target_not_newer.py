"""A backup that is newer than the primary stops what would overwrite it; one that only seemed so does not."""

from typing import cast

import pytest

from dslsconsole.model.node import TokenState
from dslsconsole.model.reading import Failure, FailureKind, Reading
from dslsconsole.runbooks.guard import Case, Result
from dslsconsole.runbooks.guards.target_not_newer import judge
from dslsconsole.runbooks.survey import Survey, SurveyedNode
from dslsconsole.settings.schema import Estate
from dslsconsole.systems.acting import Hands
from dslsconsole.systems.dslicsrv import fresh
from dslsconsole.systems.ground import Ground

NODES = {"p1": {"mode": "primary"}, "b1": {"mode": "backup"}}
GROUND = Ground(Estate.model_validate({"version": 1, "clusters": {"c": {"nodes": NODES}}}), "c")


def surveyed(name: str, generation: int | None) -> SurveyedNode:
    if generation is None:
        return SurveyedNode(name)
    return SurveyedNode(name, tokens=Reading(TokenState(generation), 0.0, "probe", None, 0.0))


def case(primary: int | None, backup: int | None) -> Case:
    found = Survey(0.0, {"p1": surveyed("p1", primary), "b1": surveyed("b1", backup)}, {})
    return Case(GROUND, found, {"primary": "p1", "targets": ("b1",)}, cast("Hands", None), lambda: 0.0)


@pytest.mark.parametrize(
    ("primary", "backup", "read_again", "result"),
    [
        (10, 9, None, Result.PASS),
        (10, 10, None, Result.PASS),
        (10, 12, 12, Result.PASS),
        (10, 12, 15, Result.PASS),
        (10, 12, 11, Result.FAIL),
        (10, 12, None, Result.FAIL),
        (None, 9, None, Result.UNKNOWN),
        (10, None, None, Result.UNKNOWN),
    ],
    ids=["behind", "same", "came over", "went on", "newer", "not read again", "primary unread", "backup unread"],
)
async def test_what_seems_newer_is_compared_with_the_primary_as_it_is_now(
    monkeypatch: pytest.MonkeyPatch, primary: int | None, backup: int | None, read_again: int | None, result: Result
) -> None:
    async def tokens(hands: Hands, ground: Ground, host: str) -> TokenState:
        assert host == "p1"
        if read_again is None:
            raise fresh.NotRead(Failure(FailureKind.NO_ANSWER, "silent"))
        return TokenState(read_again)

    monkeypatch.setattr(fresh, "tokens", tokens)
    assert (await judge(case(primary, backup))).result is result
