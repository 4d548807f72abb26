"""A lock file as everybody reads it: what it says, and what is no lock."""

import json

import pytest

from dslsconsole.model.lock import HeldLock
from dslsconsole.systems.answers import Unreadable
from dslsconsole.systems.node.lock import parse_lock

FILE = {
    "operation": "op-1",
    "cluster": "c",
    "runbook": "failover",
    "operator": "an\x1b[31mna",
    "from_host": "jump-02",
    "pid": 7,
    "started_at": 1000.0,
    "step": 3,
    "steps": 8,
    "beat_at": 1040.0,
}


def test_it_says_who_runs_what_and_how_far_it_is() -> None:
    (lock,) = parse_lock(json.dumps(FILE), "c")
    assert lock == HeldLock("op-1", "failover", "an\\x1b[31mna", "jump-02", 1000.0, 3, 8, 1040.0)
    assert lock.is_alive(1060.0)
    assert not lock.is_alive(1080.0)
    assert parse_lock("\n", "c") == ()


@pytest.mark.parametrize(
    "text", ["{", "[]", "null", "[" * 5000, json.dumps(FILE | {"step": -1}), json.dumps(FILE | {"cluster": "d"})]
)
def test_what_is_no_lock_of_the_cluster_is_not_shown_as_one(text: str) -> None:
    with pytest.raises(Unreadable):
        parse_lock(text, "c")
