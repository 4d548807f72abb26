"""The registry: one key for one thing, and read-only means the means are absent."""

import pytest

from dslsconsole.tui.actions import ACTIONS, Action, Guard, action, offered, why_disabled
from dslsconsole.tui.arming import armed


def test_no_key_does_two_things() -> None:
    keys = [key for one in ACTIONS for key in one.key.split(",")]
    assert len(keys) == len(set(keys))
    assert len({one.id for one in ACTIONS}) == len(ACTIONS)


@pytest.mark.parametrize("one", ACTIONS, ids=lambda one: one.id)
def test_every_action_says_what_it_does(one: Action) -> None:
    assert one.description.endswith(".")
    assert one.label


def test_what_acts_is_a_capital_and_needs_arming() -> None:
    for one in ACTIONS:
        if one.runbook:
            assert one.key.isupper()
            assert one.guard is Guard.ARMED


def test_read_only_offers_nothing_that_acts() -> None:
    assert all(one.guard is Guard.NONE and not one.runbook for one in offered(read_only=True))
    assert [one.id for one in offered(read_only=True, wallboard=True)] == ["redraw", "quit"]


def test_the_reason_is_a_sentence_with_the_key() -> None:
    failover = action("failover")
    assert why_disabled(failover, armed=False, running=None) == (
        "F failover needs the console armed for this cluster: press a"
    )
    assert why_disabled(failover, armed=True, running=None) is None
    assert "waits until" in (why_disabled(failover, armed=True, running="dr-sync of c") or "")


def test_an_unknown_action_is_an_error() -> None:
    with pytest.raises(KeyError):
        action("hologram")


def test_arming_is_for_one_cluster_and_ten_minutes() -> None:
    arming = armed("one", "why", 1000.0)
    assert arming.holds("one", 1599.9)
    assert not arming.holds("one", 1600.0)
    assert not arming.holds("two", 1001.0)
    assert arming.minutes_left(1000.0) == 10
    assert arming.minutes_left(1599.0) == 1
    assert arming.minutes_left(1700.0) == 0
