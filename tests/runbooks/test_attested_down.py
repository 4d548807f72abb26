"""What guards say of hosts that answer: of those that are attested to be down, and of those that let nobody in."""

from dataclasses import replace
from typing import cast

import pytest

from dslsconsole.model.reading import FailureKind
from dslsconsole.runbooks.guard import Case, Result, catalogue
from dslsconsole.runbooks.guards import attested_down, primary_dead, target_ready
from dslsconsole.runbooks.survey import Survey
from dslsconsole.systems.acting import Hands
from dslsconsole.systems.dslicsrv.fresh import Sign
from tests.runbooks.test_evidence import ANSWERING, GROUND, REFUSING, SILENT, reached, stopped, survey, unreached


def case(found: Survey, *attested: str) -> Case:
    return Case(GROUND, found, {}, cast("Hands", None), lambda: 0.0, frozenset(attested))


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (survey(reached("p1")), "p1 answers SSH"),
        (survey(stopped("p1")), "its licence server is stopped"),
        (survey(reached("d1"), views={"d1": ANSWERING}), "p1 does not answer SSH, but answers"),
        (survey(unreached("p1", FailureKind.UNREACHABLE, ANSWERING)), "p1 does not answer SSH"),
        (survey(unreached("p1", FailureKind.PERMISSION, REFUSING)), "lets nobody in: no way"),
        (survey(unreached("p1", FailureKind.HOST_KEY_CHANGED, SILENT)), "lets nobody in: no way"),
    ],
)
async def test_who_answers_is_not_attested_to_be_down(found: Survey, words: str) -> None:
    judged = await attested_down.judge(case(found, "p1", "b1"))
    assert judged.result is Result.FAIL
    assert words in judged.reading
    assert "leave out --attest p1." in judged.advice
    assert not catalogue()["attested_down"].OVERRIDABLE


@pytest.mark.parametrize("kind", [FailureKind.UNREACHABLE, FailureKind.REFUSED, FailureKind.NO_ANSWER])
async def test_who_is_silent_may_be_attested_to_be_down(kind: FailureKind) -> None:
    found = survey(unreached("p1", kind, SILENT), reached("a1"), views={"a1": SILENT})
    assert (await attested_down.judge(case(found, "p1"))).result is Result.PASS


@pytest.mark.parametrize(("seen", "result"), [(ANSWERING, Result.FAIL), (REFUSING, Result.UNKNOWN)])
async def test_a_primary_that_lets_nobody_in_is_no_dead_one_and_its_key_is_named(seen: Sign, result: Result) -> None:
    found = survey(
        unreached("p1", FailureKind.PERMISSION), reached("a1"), reached("b1"), views={"a1": seen, "b1": seen}
    )
    for attested in ((), ("p1",)):
        judged = await primary_dead.death(case(found, *attested), "p1")
        assert judged.result is result
        assert "no way" in judged.reading, "why it could not be read"
        assert "p1 answers SSH, so it is not down" in judged.advice
        assert "--attest" not in judged.advice


async def test_a_target_that_is_not_read_is_told_with_its_cause() -> None:
    judged = await target_ready.judge(replace(case(survey(unreached("b1"))), facts={"target": "b1"}))
    assert (judged.result, judged.reading) == (Result.UNKNOWN, "b1 could not be read: no way")
