"""Moving the service address and taking a node out, on the practice estate."""

from dslsconsole.lab.practice import Lab
from dslsconsole.runbooks.execution import Ending, StepOutcome
from tests.estate import practising as p

FIRST, SECOND = p.MAIN_BALANCERS


def holders(lab: Lab) -> list[str]:
    return [name for name in p.MAIN_BALANCERS if lab.truth()["load_balancers"][name]["holds_vip"]]


def keepalived(lab: Lab) -> dict[str, str]:
    return {name: lab.world.units[name].units["keepalived.service"].active for name in p.MAIN_BALANCERS}


async def test_the_address_moves_and_stays_while_the_other_is_left_stopped(lab: Lab) -> None:
    await p.eventually(lambda: holders(lab) == [FIRST])
    report = await p.run(lab, "vip-move", params={"after": "leave"})
    assert report.outcome is Ending.DONE, p.explained(report)
    assert holders(lab) == [SECOND]
    assert keepalived(lab) == {FIRST: "inactive", SECOND: "active"}
    assert any("held by haproxy-02, alone, as wished" in line for line in report.card), report.card
    # The way back starts keepalived where it was stopped; it preempts, and nothing needs to be stopped.
    report = await p.run(lab, "vip-move", "back", params={"to": FIRST})
    assert report.outcome is Ending.DONE, p.explained(report)
    assert holders(lab) == [FIRST]
    assert set(keepalived(lab).values()) == {"active"}


async def test_it_says_that_keepalived_took_the_address_back(lab: Lab) -> None:
    await p.eventually(lambda: holders(lab) == [FIRST])
    report = await p.run(lab, "vip-move", params={"to": SECOND})
    assert report.outcome is Ending.DONE, p.explained(report)
    assert holders(lab) == [FIRST]
    assert any("held by haproxy-01, alone, not by haproxy-02" in line for line in report.card), report.card
    assert set(keepalived(lab).values()) == {"active"}


async def test_the_address_is_not_moved_to_where_nobody_is_served(lab: Lab) -> None:
    await p.eventually(lambda: holders(lab) == [FIRST])
    before = keepalived(lab)
    report = await p.run(lab, "vip-move", params={"to": "haproxy-09"})
    assert "address_taker_ready" in p.refusing(report)
    await lab.fault("address-twice", SECOND)
    await p.eventually(lambda: len(holders(lab)) == 2)
    report = await p.run(lab, "vip-move")
    assert "address_known" in p.refusing(report)
    assert report.outcome is Ending.REFUSED
    assert keepalived(lab) == before


async def test_each_step_of_moving_the_address_is_refused_once(lab: Lab) -> None:
    await p.eventually(lambda: holders(lab) == [FIRST])
    params = {"after": "leave"}
    steps = await p.plan_of(lab, "vip-move", params=params)
    begun = [step.number for step in steps if step.action == "service-stop"]
    assert len(begun) == 1
    report, broken = await p.broken_run(lab, "vip-move", "test", begun, params=params)
    assert broken.met == set(begun)
    assert report.outcome is Ending.ROLLED_BACK, p.explained(report)
    assert report.steps[begun[0] - 1].outcome is StepOutcome.FAILED
    assert set(keepalived(lab).values()) == {"active"}
    await p.eventually(lambda: holders(lab) == [FIRST])
    assert not p.locks(lab)


async def test_a_dry_run_moves_nothing(lab: Lab) -> None:
    await p.eventually(lambda: holders(lab) == [FIRST])
    before = (p.files(lab), keepalived(lab), holders(lab))
    await p.until_ready(lab, "vip-move")
    report = await p.run(lab, "vip-move", "look", dry_run=True)
    assert [step.host for step in report.steps][:2] == [SECOND, FIRST]
    assert any("preempt" in warning for warning in report.warnings)
    assert (p.files(lab), keepalived(lab), holders(lab)) == before


def unit(lab: Lab, name: str = p.BACKUP) -> tuple[str, str]:
    unit = lab.world.nodes[name].unit
    return unit.active, unit.file_state


def servers(lab: Lab) -> set[str]:
    balancers = lab.truth()["load_balancers"]
    return {balancers[name]["servers"]["dsls-backup"]["admin"] for name in p.MAIN_BALANCERS}


async def test_a_node_is_taken_out_and_let_in_again(lab: Lab) -> None:
    before = p.standing(lab)
    report = await p.run(lab, "quarantine", "quarantine", params={"node": p.BACKUP})
    assert report.outcome is Ending.DONE, p.explained(report)
    assert (unit(lab), servers(lab)) == (("inactive", "disabled"), {"maint"})
    assert lab.truth()["serving"] == [p.PRIMARY]
    # Power comes back, and it stays out.
    await lab.fault("node-down", p.BACKUP)
    await lab.heal("node-down")
    assert unit(lab) == ("inactive", "disabled")
    await p.until_ready(lab, "quarantine-end", params={"node": p.BACKUP})
    report = await p.run(lab, "quarantine-end", "quarantine-end", params={"node": p.BACKUP})
    assert report.outcome is Ending.DONE, p.explained(report)
    assert (unit(lab), servers(lab)) == (("active", "enabled"), {"ready"})
    await p.until_standing(lab, before)


async def test_the_primary_and_a_quorum_are_not_taken_out(lab: Lab) -> None:
    before = p.standing(lab)
    for params, guard in (({"node": p.PRIMARY}, "dispensable"), ({"node": ""}, "node_named")):
        report = await p.run(lab, "quarantine", params=params)
        assert (report.outcome, guard in p.refusing(report)) == (Ending.REFUSED, True), p.explained(report)
    await p.eventually_done(lab, "service-stop", {"node": p.ARBITRATOR})
    report = await p.run(lab, "quarantine", params={"node": p.BACKUP})
    assert "quorum_survives" in p.refusing(report)
    assert unit(lab) == ("active", "enabled")
    await p.eventually_done(lab, "service-start", {"node": p.ARBITRATOR})
    await p.until_standing(lab, before)


async def test_each_step_of_taking_a_node_out_is_refused_once(lab: Lab) -> None:
    params = {"node": p.BACKUP}
    for step in await p.plan_of(lab, "quarantine", params=params):
        before, operation = (p.standing(lab), unit(lab)), f"test-{step.number}"
        report, broken = await p.broken_run(lab, "quarantine", operation, {step.number}, params=params)
        assert broken.met == {step.number}, p.explained(report)
        assert report.outcome is Ending.ROLLED_BACK, p.explained(report)
        assert step.name in report.sentence
        await p.until_standing(lab, before[0])
        assert unit(lab) == before[1]
        p.never_wrong(lab)
