"""No single runbook, done to its end, takes the licences from the users or leaves them at a server that refuses."""

import pytest

from dslsconsole.lab.practice import Lab
from dslsconsole.runbooks.execution import Ending
from tests.estate import practising as p


def admin(lab: Lab, server: str) -> set[str]:
    balancers = lab.truth()["load_balancers"]
    return {balancers[name]["servers"][server]["admin"] for name in p.MAIN_BALANCERS}


def leads_to(lab: Lab) -> str | None:
    """The node at which a client ends."""
    way = lab.world.users.way()
    return way[2].name if way is not None else None


async def moved_to_the_backup(lab: Lab) -> None:
    await p.until_ready(lab, "failover")
    report = await p.run(lab, "failover", "move")
    assert report.outcome is Ending.DONE, p.explained(report)


async def test_a_returned_primary_is_let_in_again_but_gets_no_users_until_failback(lab: Lab) -> None:
    await moved_to_the_backup(lab)
    node = {"node": p.PRIMARY}
    for runbook in ("quarantine", "quarantine-end"):
        await p.until_ready(lab, runbook, params=node)
        report = await p.run(lab, runbook, runbook, params=node)
        assert report.outcome is Ending.DONE, p.explained(report)
    assert "Its server stays as it is on haproxy-01 and haproxy-02 until failback" in report.sentence
    assert admin(lab, "dsls-primary") == {"maint"}
    await p.eventually(lambda: lab.truth()["nodes"][p.PRIMARY]["role"] == "backup")
    assert leads_to(lab) == p.BACKUP
    p.never_wrong(lab)


async def test_a_server_that_would_take_users_from_the_one_that_serves_is_not_made_ready(lab: Lab) -> None:
    await moved_to_the_backup(lab)
    report = await p.run(lab, "lb-ready", params={"node": p.PRIMARY})
    assert report.outcome is Ending.REFUSED
    assert "draws_nobody" in p.refusing(report)
    assert leads_to(lab) == p.BACKUP


@pytest.mark.parametrize("runbook", ["service-stop", "service-restart"])
async def test_the_last_vote_is_not_stopped(lab: Lab, runbook: str) -> None:
    await lab.fault("node-down", p.ARBITRATOR)
    report = await p.run(lab, runbook, params={"node": p.BACKUP})
    assert report.outcome is Ending.REFUSED
    assert "quorum_survives" in p.refusing(report)
    assert lab.truth()["serving"] == [p.PRIMARY]


async def test_a_server_that_has_no_vote_is_restarted_to_win_it_back(lab: Lab) -> None:
    await lab.fault("service-killed", p.BACKUP)
    await lab.fault("node-down", p.ARBITRATOR)
    await p.eventually(lambda: lab.truth()["nodes"][p.PRIMARY]["state"] == "no-quorum")
    refused = p.refusing(await p.run(lab, "service-restart", "dry", params={"node": p.BACKUP}, dry_run=True))
    assert "quorum_survives" not in refused


async def test_the_service_is_not_given_back_without_quorum(lab: Lab) -> None:
    await moved_to_the_backup(lab)
    await p.eventually_done(lab, "service-start", {"node": p.PRIMARY})
    await p.until_ready(lab, "failback")
    await lab.fault("node-down", p.ARBITRATOR)
    report = await p.run(lab, "failback", "back")
    assert report.outcome is Ending.REFUSED
    assert "quorum_survives" in p.refusing(report)
    assert lab.truth()["serving"] == [p.BACKUP]


async def test_where_nobody_serves_there_is_nothing_to_give_back(lab: Lab) -> None:
    await lab.fault("node-down", p.PRIMARY)
    report = await p.run(lab, "failback", "back")
    (told,) = (guard for guard in report.guards if guard.name == "failback_needed")
    assert "already" not in told.reading


async def test_where_no_load_balancer_can_be_changed_nothing_is_done(lab: Lab) -> None:
    for name in p.MAIN_BALANCERS:
        await lab.fault("node-down", name)
    report = await p.run(
        lab, "lb-drain", params={"node": p.BACKUP}, overrides=frozenset({"named_balancers_changeable"})
    )
    assert report.outcome is Ending.REFUSED, p.explained(report)


async def test_a_load_balancer_that_was_left_alone_is_named(lab: Lab) -> None:
    await lab.fault("node-down", "haproxy-02")
    report = await p.run(
        lab, "lb-drain", params={"node": p.BACKUP}, overrides=frozenset({"named_balancers_changeable"})
    )
    assert report.outcome is Ending.DONE, p.explained(report)
    assert "Not changed, so look at where it sends users: haproxy-02" in report.sentence


async def test_the_dr_site_serves_with_an_epoch_above_the_last_that_this_journal_knows(lab: Lab) -> None:
    before = lab.truth()["nodes"][p.DR_PRIMARY]["epoch"]
    for name, operation in (("failover", "there"), ("failback", "back")):
        await p.until_ready(lab, name)
        report = await p.run(lab, name, operation)
        assert report.outcome is Ending.DONE, p.explained(report)
    epoch = lab.truth()["nodes"][p.PRIMARY]["epoch"]
    assert epoch >= before + 2
    for server in lab.world.servers:
        if server.plan.is_dr:
            server.epoch = before
            server.save()
    for host in p.MAIN:
        await lab.world.power_off(host)
    report = await p.run(lab, "dr-activate", "site", attested=p.MAIN)
    assert report.outcome is Ending.DONE, p.explained(report)
    assert lab.truth()["nodes"][p.DR_PRIMARY]["epoch"] > epoch
    for host in p.MAIN:
        await lab.world.power_on(host)
    await p.eventually(lambda: lab.truth()["nodes"][p.PRIMARY]["state"] == "running")
    assert lab.truth()["serving"] == [p.DR_PRIMARY]


async def test_storage_that_hangs_is_not_taken_for_mounted(lab: Lab) -> None:
    await lab.fault("storage-hanging", p.BACKUP)
    report = await p.run(lab, "failover", dry_run=True)
    (told,) = (guard for guard in report.guards if guard.name == "storage_mounted")
    assert told.result.value == "fail"
    assert "/shared/dsls/licenses does not answer" in told.reading
