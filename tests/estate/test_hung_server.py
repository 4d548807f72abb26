"""A licence server whose unit runs and that answers nobody, and locks that nobody lets us look for."""

import pytest

from dslsconsole.lab.practice import Lab
from dslsconsole.runbooks.execution import Ending
from tests.estate import practising as p


async def test_starting_it_again_is_refused_and_a_restart_mends_it(lab: Lab) -> None:
    await lab.fault("service-hung", p.BACKUP)
    report = await p.run(lab, "service-start", params={"node": p.BACKUP}, operation="start")
    assert report.outcome is Ending.REFUSED, p.explained(report)
    assert [guard.name for guard in report.guards if not guard.accepted] == ["not_hanging"]
    report = await p.run(lab, "service-restart", params={"node": p.BACKUP}, operation="restart")
    assert report.outcome is Ending.DONE, p.explained(report)
    await p.eventually(lambda: lab.truth()["nodes"][p.BACKUP]["role"] == "backup")


@pytest.mark.parametrize(("barred", "accepted"), [((p.PRIMARY,), True), ((p.PRIMARY, p.ARBITRATOR), False)])
async def test_a_lock_that_may_lie_where_we_are_not_let_in_is_not_taken_for_free(
    lab: Lab, barred: tuple[str, ...], accepted: bool
) -> None:
    for node in barred:
        await lab.fault("key-refused", node, "dslsop")
    report = await p.run(lab, "lb-drain", params={"node": p.BACKUP}, dry_run=True)
    guard = next(guard for guard in report.guards if guard.name == "lock_free")
    assert guard.accepted is accepted, guard


@pytest.mark.parametrize(("without", "accepted"), [((p.BACKUP,), True), ((p.PRIMARY, p.BACKUP), False)])
async def test_where_there_is_no_place_for_the_lock_a_dry_run_says_so(
    lab: Lab, without: tuple[str, ...], accepted: bool
) -> None:
    for node in without:
        (lab.directory / "hosts" / node / "var/lib/dslsconsole").rename(lab.directory / f"away-{node}")
    report = await p.run(lab, "lb-drain", params={"node": p.BACKUP}, dry_run=True)
    guard = next(guard for guard in report.guards if guard.name == "lock_free")
    assert guard.accepted is accepted, guard
    assert accepted or "have no /var/lib/dslsconsole" in guard.reading
