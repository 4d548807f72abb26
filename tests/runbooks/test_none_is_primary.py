"""A failover where every server answers and none is primary: nobody is dead, and the newest tokens take over."""

import asyncio

import pytest

from dslsconsole.lab.practice import Lab
from dslsconsole.runbooks.execution import Ending
from dslsconsole.runbooks.reach import Reach
from dslsconsole.settings import load
from dslsconsole.systems.ground import Ground
from tests.estate import practising as p
from tests.runbooks.test_runbooks_on_practice_estate import (
    BACKUP,
    CLUSTER,
    PRIMARY,
    explained,
    lab,
    primaries,
    refusing,
    roles,
    run,
)

__all__ = ["lab"]
"""The practice estate of this module's tests."""


async def give_up(lab: Lab, node: str) -> None:
    """Make the only primary a backup by force, as a hand on the host would."""
    ground = Ground(load(lab.estate_path), CLUSTER)
    async with Reach(ground, asyncio.get_running_loop().time) as hands:
        command = ground.licence_server("-demote-to-backup", "-node", node, "-force", seconds=10)
        answer = await hands.run(node, command, timeout=15)
    assert answer.status == 0, answer


async def test_the_configured_primary_takes_over_where_all_hold_the_same_tokens(lab: Lab) -> None:
    await give_up(lab, PRIMARY)
    assert primaries(lab) == []
    report = await run(lab, "failover")
    assert report.outcome is Ending.DONE, explained(report)
    assert primaries(lab) == [PRIMARY]
    assert roles(lab)[BACKUP] == "backup"
    assert "until failback" not in report.sentence
    assert {step.name for step in report.steps} >= {f"promote {PRIMARY}, because none is primary"}


async def test_another_is_promoted_where_it_is_asked_for_and_failback_is_the_way_back(lab: Lab) -> None:
    await give_up(lab, PRIMARY)
    # It may be some changes behind, which is accepted by name.
    report = await run(lab, "failover", params={"target": BACKUP}, overrides=frozenset({"target_newest"}))
    assert report.outcome is Ending.DONE, explained(report)
    assert primaries(lab) == [BACKUP]
    assert f"{PRIMARY} stays out of" in report.sentence
    report = await run(lab, "failback", operation="test-2")
    assert report.outcome is Ending.DONE, explained(report)
    assert primaries(lab) == [PRIMARY]


async def test_one_with_older_tokens_is_refused_and_the_newer_is_named(lab: Lab) -> None:
    await lab.fault("replication-stuck")
    await p.eventually(lambda: behind(lab))
    await give_up(lab, PRIMARY)
    report = await run(lab, "failover", params={"target": BACKUP}, dry_run=True)
    assert refusing(report) == ["target_newest"]
    guard = next(guard for guard in report.guards if guard.name == "target_newest")
    assert guard.advice == f"Let {PRIMARY} take over: target={PRIMARY}."
    report = await run(lab, "failover", dry_run=True)
    assert report.outcome is Ending.DONE, explained(report)


async def test_two_of_three_are_enough_where_nobody_leaves(lab: Lab) -> None:
    await give_up(lab, PRIMARY)
    await lab.fault("node-down", "dsls-arbitrator-01")
    report = await run(lab, "failover", dry_run=True)
    guard = next(guard for guard in report.guards if guard.name == "quorum_survives")
    assert guard.accepted
    assert guard.reading.startswith("2 of 3 vote (")


@pytest.mark.parametrize("runbook", ["failover"])
async def test_where_it_is_not_known_who_takes_over_that_is_said_of_the_load_balancers(lab: Lab, runbook: str) -> None:
    await lab.fault("node-down", PRIMARY)
    await lab.fault("node-down", BACKUP)
    report = await run(lab, runbook, dry_run=True)
    guard = next(guard for guard in report.guards if guard.name == "load_balancers_changeable")
    assert guard.reading.startswith("who takes over from whom is not known")


def behind(lab: Lab) -> bool:
    nodes = lab.truth()["nodes"]
    return bool(nodes[PRIMARY]["generation"] > nodes[BACKUP]["generation"])
