"""A planned failover that fails at each of its steps once: what the estate is like afterwards."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dslsconsole.lab.practice import Lab
from dslsconsole.runbooks.execution import Ending
from dslsconsole.runbooks.operation import Operation, Wish, asked
from dslsconsole.runbooks.permission import who
from dslsconsole.runbooks.reach import Reach
from dslsconsole.runbooks.record import OperationLog, journal_of
from dslsconsole.runbooks.report import Report
from dslsconsole.runbooks.schema import builtin
from dslsconsole.settings import load
from dslsconsole.systems.acting import Answer, Page, Request
from dslsconsole.systems.ground import Ground

CLUSTER, PRIMARY, BACKUP = "production-cluster", "dsls-primary-01", "dsls-backup-01"
HURRY = 15.0

BEFORE_PROMOTION = [
    ("pause token-sync", PRIMARY, "systemctl stop dsls-token-sync"),
    ("pause dr-sync", PRIMARY, "systemctl stop dsls-dr-sync"),
    ("take it out of the first load balancer", "haproxy-01", "state maint"),
    ("take it out of the second load balancer", "haproxy-02", "maint"),
    ("stop the primary", PRIMARY, "systemctl stop dsls-primary"),
    ("promote the backup", BACKUP, "-promote-to-primary -node dsls-backup-01"),
]
AFTER_PROMOTION = [
    ("end old connections on the first", "haproxy-01", "shutdown sessions"),
    ("end old connections on the second", "haproxy-02", "shutdown"),
    ("check out the first feature", BACKUP, "-test-checkout abaqus_standard"),
    ("check out the second feature", BACKUP, "-test-checkout catia_v6"),
]


class Broken(Reach):
    """Hands that let one thing fail: it is refused, and does not happen."""

    def __init__(self, ground: Ground, host: str, words: str) -> None:
        super().__init__(ground, time.time)
        self._host = host
        self._words = words
        self._page = ground.balancer(host).stats_url if host not in ground.nodes else None

    async def run(self, host: str, command: str, *, stdin: bytes | None = None, timeout: float) -> Answer:
        if host == self._host and self._words in command:
            return Answer(1, "", "ERROR: refused by the test")
        return await super().run(host, command, stdin=stdin, timeout=timeout)

    async def ask_socket(self, host: str, path: str, line: str, *, timeout: float) -> str:
        if host == self._host and self._words in line:
            return "Permission denied\n"
        return await super().ask_socket(host, path, line, timeout=timeout)

    async def request(self, request: Request, *, timeout: float) -> Page:
        action = dict(request.form or ()).get("action")
        if self._page is not None and request.url.startswith(self._page) and action == self._words:
            return Page(303, "/stats;st=DENY")
        return await super().request(request, timeout=timeout)


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    async with Lab(tmp_path / "lab", speed=4.0) as lab:
        yield lab


async def failing(lab: Lab, host: str, words: str) -> Report:
    estate = load(lab.estate_path)
    ground, book, person, began = Ground(estate, CLUSTER), builtin()["failover"], who(), time.time()
    wish = Wish(runbook=book, operation="test", reason="test", params=asked(book, {}), confirmation=CLUSTER)
    log = OperationLog(journal_of(estate, time.time), person, CLUSTER, book.name, wish.operation)
    async with Broken(ground, host, words) as hands:
        return await Operation(wish, ground, hands, log, person, lambda: began + (time.time() - began) * HURRY).run()


def locks(lab: Lab) -> list[Path]:
    return list((lab.directory / "hosts").glob("*/var/lib/dslsconsole/*.lock"))


@pytest.mark.parametrize(
    ("host", "words"), [step[1:] for step in BEFORE_PROMOTION], ids=[s[0] for s in BEFORE_PROMOTION]
)
async def test_before_the_promotion_everything_is_as_it_was(lab: Lab, host: str, words: str) -> None:
    automation = lab.truth()["nodes"][PRIMARY]["automation"]
    report = await failing(lab, host, words)
    truth = lab.truth()
    assert report.outcome is Ending.ROLLED_BACK, (report.sentence, report.card)
    assert truth["primaries"] == [PRIMARY]
    assert truth["serving"]
    assert "MAINT" not in str(truth["load_balancers"])
    assert truth["nodes"][PRIMARY]["automation"] == automation
    assert not locks(lab)


@pytest.mark.parametrize(("host", "words"), [step[1:] for step in AFTER_PROMOTION], ids=[s[0] for s in AFTER_PROMOTION])
async def test_after_the_promotion_the_backup_serves_and_a_person_is_called(lab: Lab, host: str, words: str) -> None:
    report = await failing(lab, host, words)
    truth = lab.truth()
    assert report.outcome is Ending.NEEDS_PERSON, report.sentence
    assert any("can't be taken back" in line for line in report.card)
    assert truth["primaries"] == [BACKUP]
    assert truth["nodes"][PRIMARY]["role"] is None
    assert not locks(lab)
