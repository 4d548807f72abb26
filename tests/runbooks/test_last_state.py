"""What a primary still held when it stopped is brought over to the node that takes its place."""

import asyncio

import pytest

from dslsconsole.lab.practice import Lab
from dslsconsole.lab.world.server import LicenceServer
from dslsconsole.lab.world.tokens import Checkout, RefusedError
from dslsconsole.runbooks.execution import Ending, StepOutcome
from dslsconsole.runbooks.report import Report
from tests.runbooks.test_runbooks_on_practice_estate import (
    BACKUP,
    PRIMARY,
    explained,
    lab,
    primaries,
    refusing,
    run,
    until_ready,
)

__all__ = ["lab"]
"""The practice estate of this module's tests."""
STEP = f"bring over what {PRIMARY} still holds"
LATE = "late-user"


def server_of(lab: Lab, node: str) -> LicenceServer:
    return lab.world.servers.by_name[node]


def checks_out_while_it_stops(server: LicenceServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """One more licence goes out after the last synchronisation, right before the server is gone."""
    stop = server.stop

    def late() -> None:
        if server.is_running:
            server.tokens.take(Checkout(LATE, "ws", "abaqus_standard", 1, 0.0, 0.0))
        stop()

    monkeypatch.setattr(server, "stop", late)


def users(server: LicenceServer) -> set[str]:
    return {checkout.user for checkout in server.tokens.checkouts.values()}


def outcome_of(report: Report, name: str) -> StepOutcome:
    return next(step.outcome for step in report.steps if step.name == name)


async def left_behind(lab: Lab) -> None:
    """Let the backup fall so far behind that the guard says so."""
    await lab.fault("replication-stuck")
    async with asyncio.timeout(60):
        refused = False
        while not refused:
            refused = refusing(await run(lab, "failover", operation="look", dry_run=True)) == ["target_in_sync"]


async def test_where_replication_stands_still_the_stopped_primarys_state_is_imported(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    await left_behind(lab)
    checks_out_while_it_stops(server_of(lab, PRIMARY), monkeypatch)
    report = await run(lab, "failover", overrides=frozenset({"target_in_sync"}))
    assert report.outcome is Ending.DONE, explained(report)
    assert primaries(lab) == [BACKUP]
    assert LATE in users(server_of(lab, BACKUP))
    assert any(line.startswith(f"{STEP}: ") for line in report.card)


async def test_where_replication_works_nobody_waits_for_it(lab: Lab) -> None:
    report = await run(lab, "failover", dry_run=True)
    assert STEP not in [step.name for step in report.steps]


async def test_a_killed_primary_leaves_its_disk(lab: Lab) -> None:
    await left_behind(lab)
    server = server_of(lab, PRIMARY)
    server.tokens.take(Checkout(LATE, "ws", "abaqus_standard", 1, 0.0, 0.0))
    server.save()
    await lab.fault("service-killed", PRIMARY)
    report = await run(lab, "failover", dry_run=True)
    assert not any(line.endswith(f"to {BACKUP} are lost.") for line in report.warnings)
    report = await run(lab, "failover")
    assert report.outcome is Ending.DONE, explained(report)
    assert LATE in users(server_of(lab, BACKUP))


async def test_a_server_that_tells_nothing_while_it_is_stopped_keeps_nobody_waiting(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    await left_behind(lab)

    def nothing() -> None:
        raise RefusedError("local server does not run", status=3)

    monkeypatch.setattr(server_of(lab, PRIMARY), "export", nothing)
    report = await run(lab, "failover", overrides=frozenset({"target_in_sync"}))
    assert report.outcome is Ending.DONE, explained(report)
    assert primaries(lab) == [BACKUP]
    assert outcome_of(report, STEP) is StepOutcome.SKIPPED
    assert any(f"What changed at {PRIMARY} after it was last passed on may be lost" in line for line in report.card)


async def test_who_holds_licences_is_handed_over_though_only_counts_were_synchronised(lab: Lab) -> None:
    await left_behind(lab)
    server_of(lab, PRIMARY).tokens.take(Checkout(LATE, "ws", "abaqus_standard", 1, 0.0, 0.0))
    report = await run(lab, "token-sync", operation="counts")
    assert report.outcome is Ending.DONE, explained(report)
    assert LATE not in users(server_of(lab, BACKUP))
    report = await run(lab, "failover", overrides=frozenset({"target_in_sync"}))  # it lags again a moment later
    assert report.outcome is Ending.DONE, explained(report)
    assert LATE in users(server_of(lab, BACKUP))


async def test_what_a_lost_primary_never_passed_on_does_not_come_back_over_what_was_granted_since(lab: Lab) -> None:
    await left_behind(lab)
    lab.world.users.is_still = True
    server = server_of(lab, PRIMARY)
    server.tokens.take(Checkout(LATE, "ws", "abaqus_standard", 1, 0.0, 0.0))
    server.tokens.generation += 5000
    server.save()
    await lab.fault("node-down", PRIMARY)
    report = await run(lab, "failover", attested=frozenset({PRIMARY}))
    assert report.outcome is Ending.DONE, explained(report)
    server_of(lab, BACKUP).tokens.take(Checkout("new-user", "ws", "abaqus_standard", 1, 0.0, 0.0))
    await lab.heal("node-down")
    await until_ready(lab, "failback")
    report = await run(lab, "failback", operation="too-early")
    assert report.outcome in (Ending.ROLLED_BACK, Ending.REFUSED), explained(report)
    assert "of another time" in explained(report)
    assert primaries(lab) == [BACKUP]
    overridden = frozenset({"target_not_newer"})
    report = await run(lab, "force-sync", operation="over", params={"target": PRIMARY}, overrides=overridden)
    assert report.outcome is Ending.DONE, explained(report)
    report = await run(lab, "failback")
    assert report.outcome is Ending.DONE, explained(report)
    assert "new-user" in users(server_of(lab, PRIMARY))
    assert LATE not in users(server_of(lab, PRIMARY))
