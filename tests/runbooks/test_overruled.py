"""Which steps need not stand any more because a later one is about the same thing."""

import pytest

from dslsconsole.runbooks.overruled import lasts, overruled
from dslsconsole.runbooks.plan import Plan, PlannedCheck, PlannedStep, PlannedUndo


def step(number: int, check: str, host: str, action: str = "do", **arguments: str) -> PlannedStep:
    until = PlannedCheck(check, host, arguments)
    undo = PlannedUndo(None, host, {}, (), None, 30.0)
    return PlannedStep(number, number, f"step {number}", host, action, arguments, (), (), until, 30.0, False, undo)


OUT = step(1, "server-state", "lb", node="a", state="MAINT")
PUSHED = step(2, "tokens-in-sync", "a", target="b")
STOPPED = step(3, "stopped-for-certain", "a")
PROMOTED = step(4, "role-is", "b", role="primary")
BACK = step(5, "server-state", "lb", node="a", state="UP")
PAUSED = step(6, "unit-inactive", "a", unit="loop")
PLAN = Plan("own", "cluster", (OUT, PUSHED, STOPPED, PROMOTED, BACK, PAUSED))


@pytest.mark.parametrize(
    ("one", "begun", "is_overruled"),
    [
        (OUT, {1, 2, 3, 4}, False),
        (OUT, {1, 2, 3, 4, 5}, True),
        (PUSHED, {1, 2}, False),
        (PUSHED, {1, 2, 3}, True),
        (STOPPED, {1, 2, 3, 4, 5, 6}, False),
        (PROMOTED, {1, 2, 3, 4, 5, 6}, False),
        (BACK, {1, 5}, False),
    ],
)
def test_a_later_step_about_the_same_overrules(one: PlannedStep, begun: set[int], is_overruled: bool) -> None:
    assert overruled(PLAN, one, begun) is is_overruled


def test_what_only_looks_or_only_remembers_does_not_last() -> None:
    assert not lasts(step(1, "role-is", "a", action="observe"))
    assert not lasts(step(1, "restarted", "a"))
    assert lasts(PAUSED)
