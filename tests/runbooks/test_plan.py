"""What is said of a plan that is not the one that was confirmed."""

import msgspec

from dslsconsole.runbooks.plan import Plan, PlannedStep, PlannedUndo


def step(name: str, host: str = "n1", command: str = "systemctl stop dsls", within: float = 5.0) -> PlannedStep:
    undo = PlannedUndo(None, host, {}, (), None, 5.0, "it changes nothing")
    return PlannedStep(1, 1, name, host, "service-stop", {}, (command,), (), None, within, False, undo)


def plan(*steps: PlannedStep) -> Plan:
    return Plan("failover", "production", steps)


def test_a_step_that_is_no_longer_meant_is_named_with_its_host() -> None:
    was = plan(step("bring over", "n1"), step("promote n2", "n2"))
    now = plan(step("promote n2", "n2"))
    assert now.hash != was.hash
    assert now.changed_from(was) == "no longer “bring over” on n1"


def test_a_new_step_and_a_step_with_another_command_are_named() -> None:
    was = plan(step("stop", command="systemctl stop dsls"))
    now = plan(step("stop", command="kill 7"), step("promote n2", "n2"))
    assert now.changed_from(was) == "no longer “stop” on n1; now “stop” on n1, “promote n2” on n2"


def test_a_plan_that_differs_in_its_proofs_alone_says_so() -> None:
    was, now = plan(step("stop")), plan(step("stop", within=9.0))
    assert now.hash != was.hash
    assert now.changed_from(was) == "the same steps, with other proofs or another way back"


def test_the_same_plan_read_back_has_the_same_hash() -> None:
    was = plan(step("stop"))
    assert msgspec.convert(msgspec.to_builtins(was), Plan).hash == was.hash
