"""Academic pools, calendar and load distribution, set on the practice estate."""

import datetime

import pytest

from dslsconsole.lab.practice import Lab
from dslsconsole.runbooks.execution import Ending, StepOutcome
from dslsconsole.runbooks.operation import asked
from dslsconsole.runbooks.schema import builtin
from tests.estate import practising as p

BOOKS = ("academic-ha", "academic-calendar", "load-balancing", "academic-balancing")
SET_ON = (p.BACKUP, p.PRIMARY)


def told(lab: Lab, book: str, node: str = p.PRIMARY) -> dict[str, str]:
    """What the licence server of a node was told."""
    text = lab.world.hosts[node].read(f"/opt/dsls/state/{book}.conf").decode()
    return dict(line.split("=", 1) for line in text.splitlines())


async def test_each_reaches_the_primary_and_the_backup(lab: Lab) -> None:
    before = p.standing(lab)
    for book in BOOKS[1:]:
        report = await p.run(lab, book, book)
        assert report.outcome is Ending.DONE, p.explained(report)
        assert len([line for line in report.card if f"Configured: {book}" in line]) == len(SET_ON)
        assert told(lab, book, p.BACKUP) == told(lab, book)
    status, said = await p.command(lab, *p.confirmed("academic-ha", "--param", "primary_pool=480"))
    assert (status, said["outcome"]) == (0, "done"), said
    assert told(lab, "academic-ha", p.BACKUP) == {
        "primary-pool": "480",
        "backup-pool": "480",
        "sync-interval": "30",
        "failover-priority": "academic",
    }
    assert told(lab, "load-balancing")["weights"] == "primary:100,backup:50"
    days = told(lab, "academic-calendar")
    start, end = (datetime.date.fromisoformat(days[f"semester-{edge}"]) for edge in ("start", "end"))
    assert start < end
    assert end >= datetime.datetime.now(datetime.UTC).date() - datetime.timedelta(days=1)
    assert p.standing(lab) == before


async def test_what_would_do_harm_is_refused(lab: Lab) -> None:
    used = lab.truth()["nodes"][p.PRIMARY]["used"]["academic"]
    assert used > 1
    for book, params, guard in (
        ("academic-ha", {"primary_pool": "501"}, "academic_pools_fit"),
        ("academic-ha", {"backup_pool": "1"}, "academic_pools_fit"),
        ("academic-calendar", {"semester": "spring-1999"}, "semester_sound"),
        ("academic-calendar", {"start": "2031-05-02", "end": "2031-05-01"}, "semester_sound"),
        ("load-balancing", {"weights": "primary:100,third:5"}, "weights_known"),
    ):
        report = await p.run(lab, book, params=params)
        assert report.outcome is Ending.REFUSED, p.explained(report)
        assert p.refusing(report) == [guard], params
    assert not lab.world.hosts[p.PRIMARY].files.exists("/opt/dsls/state/load-balancing.conf")


@pytest.mark.parametrize(
    ("book", "answer"),
    [
        ("academic-ha", {"primary_pool": "many"}),
        ("academic-ha", {"sync_interval": "0"}),
        ("academic-ha", {"failover_priority": "a b"}),
        ("academic-calendar", {"start": "2027-02-30"}),
        ("academic-calendar", {"enrollment": "perhaps"}),
        ("load-balancing", {"weights": "primary=100"}),
        ("load-balancing", {"failover_threshold": "101"}),
    ],
)
def test_an_answer_that_is_none_is_told(book: str, answer: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=next(iter(answer))):
        asked(builtin()[book], answer)


async def test_a_refused_setting_leaves_the_other_servers_as_they_were(lab: Lab) -> None:
    first, second = (step.number for step in (await p.plan_of(lab, "academic-balancing"))[:2])
    report, broken = await p.broken_run(lab, "academic-balancing", "test", {first, second})
    assert broken.met == {first, second}
    assert report.outcome is Ending.ROLLED_BACK, p.explained(report)
    assert not lab.world.hosts[p.PRIMARY].files.exists("/opt/dsls/state/academic-balancing.conf")
    # What one of them took can't be taken back, and that is said.
    report, _ = await p.broken_run(lab, "academic-balancing", "again", {second})
    assert report.outcome is Ending.NEEDS_PERSON, p.explained(report)
    assert report.steps[second - 1].outcome is StepOutcome.FAILED
    assert any("can't be taken back" in line for line in report.card), report.card


async def test_a_dry_run_sets_nothing(lab: Lab) -> None:
    before = p.files(lab)
    for book in BOOKS:
        report = await p.run(lab, book, dry_run=True)
        assert report.outcome is Ending.DONE, p.explained(report)
        assert any("not taken back" in warning for warning in report.warnings)
    assert p.files(lab) == before
