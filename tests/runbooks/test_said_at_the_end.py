"""What an operation says at its end, and why something gave no answer: only what is so, and never nothing."""

import httpx
import pytest

from dslsconsole.runbooks.execution import Ending
from dslsconsole.runbooks.facts.words import listed, of_balancers, resumed, verified
from dslsconsole.runbooks.reach import said
from dslsconsole.runbooks.report import Report
from dslsconsole.runbooks.telling import Teller
from dslsconsole.runbooks.traffic import risen
from dslsconsole.settings.schema import Estate
from dslsconsole.systems.ground import Ground
from dslsconsole.systems.haproxy.read import Traffic


def ground(**cluster: object) -> Ground:
    nodes = {"n1": {"mode": "primary"}}
    return Ground(Estate.model_validate({"version": 1, "clusters": {"c": {"nodes": nodes, **cluster}}}), "c")


def test_checkouts_are_claimed_only_where_some_are_made() -> None:
    assert verified(ground()) == ""
    assert verified(ground(checkout_features=["abaqus"])) == ", verified by test checkouts"


def test_a_load_balancer_that_was_not_changed_is_named() -> None:
    assert of_balancers((), (), "out of {}.") == ""
    assert of_balancers(("a", "b"), ("a", "b", "a"), "out of {}.") == " out of a and b."
    told = of_balancers(("a", "b"), ("a",), "out of {}.")
    assert told == " out of a. Not changed, so look at where it sends users: b."


def test_a_loop_that_was_not_started_is_named() -> None:
    loops = [{"name": name, "node": "n1", "unit": f"{name}.timer"} for name in ("x", "y")]
    assert resumed(ground(automation=loops), [{"loop": "x"}]) == " Running again: x. Not started: y."
    assert listed(("a", "b", "c")) == "a, b and c"


def test_what_was_abandoned_is_not_called_verified(capsys: pytest.CaptureFixture[str]) -> None:
    for sentence, verified_ in (("Abandoned; its lock is released on n1.", False), ("Continued to its end.", True)):
        Teller(quiet=False).ending(Report("failover", "c", "o", Ending.DONE, sentence=sentence))
        assert ("verified" in capsys.readouterr().out) is verified_


@pytest.mark.parametrize("error", [httpx.ReadTimeout(""), httpx.ReadError(""), TimeoutError(), httpx.ConnectError("")])
def test_no_reason_is_ever_empty(error: Exception) -> None:
    assert said(error).strip()


def test_users_are_answered_where_something_rises_but_not_where_only_failures_do() -> None:
    before = Traffic(sessions=3, total=10, answered=100, health=3, troubles=0)
    assert risen(before, before) == ""
    assert "sessions ever 10 → 11" in risen(before, Traffic(3, 11, 100, 3, 0))
    assert risen(before, Traffic(4, 11, 100, 3, 1)) == ""
    assert "bytes answered" in risen(before, Traffic(3, 11, 120, 3, 1))
    assert risen(before, Traffic(None, None, None, None, None)) == ""
