"""The audit screen: asked for by its key, told with reason and mending, and what becomes of one that fails."""

import asyncio
import sys

import msgspec
import pytest
from textual.pilot import Pilot

from dslsconsole.audit.findings import Finding as Found
from dslsconsole.audit.findings import Report
from dslsconsole.audit.rule import Result
from dslsconsole.model.verdict import Severity
from dslsconsole.tui import scenes
from dslsconsole.tui.app import ConsoleApp
from dslsconsole.tui.audited import AuditReport
from dslsconsole.tui.auditing import Auditor, AuditProcess
from dslsconsole.tui.operation import RunFailed
from dslsconsole.tui.source import PlayedFrames
from tests.tui.test_tui_screen import THEMES, until

WHY = "Where both have the same priority the address stays where it is."
FINDINGS = (
    Found(
        "keepalived_priority",
        Severity.CRITICAL,
        scenes.CLUSTER,
        "haproxy-02",
        "keepalived has the priority of haproxy-01",
        ("priority 100",),
        WHY,
        "In keepalived.conf on haproxy-02 write priority 90.",
        Result.FOUND,
    ),
    Found(
        "fstab",
        Severity.WARNING,
        scenes.CLUSTER,
        "dsls-backup-01",
        "fstab can't be read",
        (),
        "Why.",
        "",
        Result.UNKNOWN,
    ),
)
REPORT = Report(1, "2027-01-01T12:00:05Z", FINDINGS, 65, 140)


def told(report: Report = REPORT) -> AuditReport:
    return msgspec.json.decode(msgspec.json.encode(report), type=AuditReport)


class Asked:
    """An auditor that answers when the test lets it, with a report or a failure."""

    def __init__(self) -> None:
        self.clusters: list[str] = []
        self.answers: asyncio.Queue[AuditReport | RunFailed] = asyncio.Queue()

    async def audit(self, cluster: str) -> AuditReport:
        self.clusters.append(cluster)
        answer = await self.answers.get()
        if isinstance(answer, RunFailed):
            raise answer
        return answer


def console(auditor: Auditor | None) -> ConsoleApp:
    frames = PlayedFrames([scenes.healthy()])
    return ConsoleApp(frames, clock=lambda: scenes.NOON + 1, themes=THEMES, auditor=auditor)


def seen(app: ConsoleApp) -> str:
    panel = app.cluster_screen.panel("audit")
    return "\n".join([str(panel.border_title), *panel.text()])


async def shows(pilot: Pilot[None], app: ConsoleApp, words: str) -> None:
    await until(pilot, lambda: words in seen(app))


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_it_is_asked_for_once_and_tells_reason_and_mending(size: tuple[int, int]) -> None:
    asked = Asked()
    app = console(asked)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.cluster_name is not None)
        await pilot.press("9")
        await shows(pilot, app, "is being read on the hosts")
        await pilot.press("9", "2", "9")
        asked.answers.put_nowait(told())
        await shows(pilot, app, "Audit · 2 findings")
        for words in ("✖ haproxy-02: keepalived has the priority", "→ In keepalived.conf", "priority 100", WHY[:40]):
            assert words in seen(app)
        assert "? dsls-backup-01: fstab can't be read · not known" in seen(app)
        assert "65 rules, 140 answers in order" in seen(app)
        await pilot.press("2", "9")
        assert asked.clusters == [scenes.CLUSTER], "what was found is not asked for twice"
        await pilot.press("9")
        await until(pilot, lambda: len(asked.clusters) == 2)
        asked.answers.put_nowait(told(Report(1, "2027-01-01T12:01:05Z", (), 65, 142)))
        await shows(pilot, app, "Audit · nothing found")


async def test_one_that_fails_says_why_and_keeps_what_was_found_before() -> None:
    asked = Asked()
    app = console(asked)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.cluster_name is not None)
        await pilot.press("9")
        asked.answers.put_nowait(told())
        await shows(pilot, app, "2 findings")
        await pilot.press("9")
        asked.answers.put_nowait(RunFailed("no end of the audit within 120 s"))
        await shows(pilot, app, "✖ no end of the audit within 120 s")
        assert "haproxy-02" in seen(app)


async def test_without_an_auditor_nothing_is_read() -> None:
    app = console(None)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.cluster_name is not None)
        await pilot.press("9")
        await shows(pilot, app, "✖ here nothing is read")


async def test_the_process_is_asked_for_one_cluster_and_findings_are_no_failure() -> None:
    printed = msgspec.json.encode(REPORT).decode()
    script = (
        f"import sys; print({printed!r} if sys.argv[-3:] == ['--cluster', 'c', '--json'] else sys.argv); sys.exit(1)"
    )
    report = await AuditProcess((sys.executable, "-c", script, "audit")).audit("c")
    assert report == told()


async def test_a_process_without_a_report_is_a_failure_with_its_last_words() -> None:
    script = "import sys; print('the estate file is gone', file=sys.stderr); sys.exit(78)"
    with pytest.raises(RunFailed, match="status 78: the estate file is gone"):
        await AuditProcess((sys.executable, "-c", script)).audit("c")
