"""A session is recorded as it happens, plays in the same screens, and is compared with what stood there."""

from collections.abc import AsyncGenerator
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from dslsconsole.model.frames import Alerts, Frame, encode
from dslsconsole.model.inspection import Inspection
from dslsconsole.sessions.reading import Recording
from dslsconsole.sessions.recording import (
    Drawn,
    Logged,
    Looked,
    NotARecording,
    Note,
    Pressed,
    Record,
    Seen,
    Table,
    encoded,
)
from dslsconsole.sessions.telling import report
from dslsconsole.tui import scenes
from dslsconsole.tui.app import ConsoleApp
from dslsconsole.tui.audited import AuditReport
from dslsconsole.tui.bars import FooterBar, HeaderBar
from dslsconsole.tui.checking import Checked, check
from dslsconsole.tui.dialogs.dialog import Dialog
from dslsconsole.tui.dialogs.question import Question
from dslsconsole.tui.journal_feed import News
from dslsconsole.tui.lines import OneLine
from dslsconsole.tui.pictures import _NothingRuns
from dslsconsole.tui.player import Player
from dslsconsole.tui.recorder import Recordings
from dslsconsole.tui.render.player import moment_in
from dslsconsole.tui.replaying import ReplayConsole
from dslsconsole.tui.source import Arrival
from tests.sessions.test_recordings import written
from tests.tui.test_tui_audit import told as audit_report
from tests.tui.test_tui_drilldown import moved
from tests.tui.test_tui_inspecting import told
from tests.tui.test_tui_screen import THEMES, Fed, until

SECRET = "correct horse battery staple"


class Hands:
    """A clock that is moved by hand."""

    def __init__(self, now: float = scenes.NOON) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class _Looks:
    async def inspect(self, cluster: str, node: str) -> Inspection:
        return told(node)


class _Audits:
    async def audit(self, cluster: str) -> AuditReport:
        return audit_report()


class Session:
    """A console that is recorded, what it is fed with, and its clock."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.clock = Hands()
        self.fed = Fed()
        self.app = ConsoleApp(
            self.fed,
            clock=self.clock,
            themes=THEMES,
            runner=_NothingRuns(),
            recordings=Recordings(directory, 86_400.0, "0.1.0", "ada", "jump-1"),
            inspector=_Looks(),
            auditor=_Audits(),
        )

    async def goes_on(self, pilot: Pilot[None], seconds: float, *frames: Frame) -> None:
        """Time passes, then frames come in."""
        self.clock.now += seconds
        batch = frames or (scenes.tick(self.clock.now),)
        self.fed.queue.put_nowait(Arrival(batch))
        await until(pilot, lambda: self.app.picture.at >= batch[-1].at)
        await pilot.pause()

    @property
    def path(self) -> Path:
        (path,) = self.directory.iterdir()
        return path


async def recorded(directory: Path, size: tuple[int, int] = (120, 40)) -> Path:
    """A session: the primary is lost, the operator looks at it, filters, sorts, and the other side changes."""
    session = Session(directory)
    async with session.app.run_test(size=size) as pilot:
        await session.goes_on(pilot, 0, *scenes.healthy())
        for _ in range(3):
            await session.goes_on(pilot, 5)
        await session.goes_on(pilot, 5, *(at(frame, session.clock.now + 5) for frame in moved(session.clock.now + 5)))
        await pilot.press("3", "down")
        await session.goes_on(pilot, 5)
        await pilot.press("enter")
        for _ in range(3):
            await session.goes_on(pilot, 5)
        await pilot.press("e")
        session.app.post_message(ConsoleApp.Arrived(News(scenes.run(session.clock.now))))
        for _ in range(3):
            await session.goes_on(pilot, 5)
        await pilot.press("8", "slash", *"promote", "enter", "s")
        for _ in range(3):
            await session.goes_on(pilot, 5)
        await session.goes_on(pilot, 5, Alerts(session.clock.now + 5, scenes.alerts(scenes.NOON)))
        await pilot.press("escape", "escape")
        for _ in range(3):
            await session.goes_on(pilot, 5)
        await pilot.resize_terminal(100, 35)
        for _ in range(3):
            await session.goes_on(pilot, 5)
    return session.path


def at(frame: Frame, _: float) -> Frame:
    return frame


def records(path: Path) -> list[Record]:
    with Recording(path) as recording:
        return list(recording.records())


async def checked(path: Path) -> Checked:
    with Recording(path) as recording:
        return await check(recording, THEMES)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_a_session_plays_the_same_screens_again(tmp_path: Path, size: tuple[int, int]) -> None:
    path = await recorded(tmp_path, size)
    result = await checked(path)
    assert result.difference is None, "\n".join(result.difference.lines)
    assert result.screens >= 8


async def test_what_was_read_on_demand_is_seen_again_from_any_moment(tmp_path: Path) -> None:
    session = Session(tmp_path)
    async with session.app.run_test(size=(120, 60)) as pilot:
        await session.goes_on(pilot, 0, *scenes.healthy())
        await pilot.press("3", "enter", "enter")
        for _ in range(3):
            await session.goes_on(pilot, 5)
        await pilot.press("9")
        for _ in range(80):  # so long that a new stream begins with all that is known
            await session.goes_on(pilot, 5)
            session.app.recorder._write_out() if session.app.recorder else None
    result = await checked(session.path)
    assert result.difference is None, "\n".join(result.difference.lines)
    drawn = [one for one in records(session.path) if isinstance(one, Drawn)]
    assert any("Started dsls-primary.service." in line for one in drawn for line in one.tables.get("subject", ()))
    assert any("keepalived has the priority" in line for one in drawn for line in one.tables.get("audit", ()))
    with Recording(session.path) as recording:
        replay = Replay(recording)
        async with replay.app.run_test(size=(120, 60)) as pilot:
            await replay.ready(pilot)
            replay.app.jump(replay.player.ends)
            panel = replay.app.cluster_screen.panel("audit")
            await until(pilot, lambda: "keepalived has the priority" in "\n".join(panel.text()))


async def test_another_screen_is_told_with_its_time_place_and_difference(tmp_path: Path) -> None:
    path = await recorded(tmp_path / "one")
    with Recording(path) as recording:
        head = recording.head
    changed = [
        replace(
            one,
            tables={
                name: tuple(line.replace("backup", "backup!") for line in lines) for name, lines in one.tables.items()
            },
        )
        if isinstance(one, Drawn)
        else one
        for one in records(path)
    ]
    result = await checked(written(tmp_path / "two", changed, head=head))
    assert result.difference is not None
    assert result.difference.place == "nodes"
    assert any(line.startswith("-") and "dsls-backup!-01" in line for line in result.difference.lines)
    assert any(line.startswith("+") and "dsls-backup-01" in line for line in result.difference.lines)


async def test_what_is_typed_into_a_line_is_not_kept(tmp_path: Path) -> None:
    session = Session(tmp_path)
    async with session.app.run_test(size=(120, 40)) as pilot:
        await session.goes_on(pilot, 0, *scenes.healthy())
        await pilot.press("a")
        await until(pilot, lambda: isinstance(session.app.screen, Question))
        await until(pilot, lambda: isinstance(session.app.screen, Dialog) and session.app.screen.hears())
        await pilot.press(*("space" if letter == " " else letter for letter in SECRET), "enter")
        await session.goes_on(pilot, 5)
        await pilot.press("question_mark")
        await session.goes_on(pilot, 5)
    kept = records(session.path)
    keys = [record.key for record in kept if isinstance(record, Pressed)]
    assert keys == ["a", *["typed"] * len(SECRET), "enter", "question_mark"]
    text = b"".join(encoded(record) for record in kept)
    assert not any(word.encode() in text for word in SECRET.split())
    dialogs = [record.dialog for record in kept if isinstance(record, Looked)]
    assert "Question" in dialogs
    assert dialogs[-1] == "Choice"


async def test_where_nothing_can_be_written_the_session_goes_on_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    session = Session(tmp_path / "file" / "recordings")
    async with session.app.run_test(size=(160, 40)) as pilot:
        await session.goes_on(pilot, 0, *scenes.healthy())
        footer = session.app.cluster_screen.query_one(FooterBar)
        await until(pilot, lambda: "this session is not recorded" in (footer.said or ""))
        await session.goes_on(pilot, 5)
        await pilot.press("3")
        assert session.app.cluster_screen.zoomed == "nodes"


class Replay:
    """A recording that is played by a clock of the test's."""

    def __init__(self, recording: Recording) -> None:
        self.beats = Hands(0.0)
        self.player = Player(recording, self.beats)
        self.app = ReplayConsole(self.player, THEMES)

    def bar(self) -> str:
        return self.app.cluster_screen.query_one("#player", OneLine).text

    def header(self) -> str:
        return self.app.cluster_screen.query_one(HeaderBar).text

    async def ready(self, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: bool(self.player.marks) and self.player.playing)

    async def passes(self, pilot: Pilot[None], seconds: float) -> None:
        self.beats.now += seconds
        self.app._tick()
        await pilot.pause()


@pytest.fixture
async def replay(tmp_path: Path) -> AsyncGenerator[Replay, None]:
    with Recording(await recorded(tmp_path)) as recording:
        yield Replay(recording)


async def test_it_plays_by_the_clock_pauses_and_changes_speed(replay: Replay) -> None:
    async with replay.app.run_test(size=(120, 40)) as pilot:
        await replay.ready(pilot)
        assert "REPLAY ▶ 2027-01-01 12:00:05Z +0:00:00 of 0:01:45" in replay.bar()
        await replay.passes(pilot, 7)
        assert "+0:00:07" in replay.bar()
        assert "12:00:10Z" in replay.header()
        await pilot.press("p")
        await replay.passes(pilot, 60)
        assert "REPLAY = " in replay.bar()
        assert "+0:00:07" in replay.bar()
        await pilot.press("p", "plus", "plus", "plus")
        assert " 8x " in replay.bar()
        await replay.passes(pilot, 1)
        assert "+0:00:15" in replay.bar()
        await pilot.press(*["minus"] * 9)
        assert " 0.25x " in replay.bar()
        await pilot.press(*["plus"] * 12)
        await replay.passes(pilot, 600)
        await replay.passes(pilot, 1)
        assert not replay.player.playing, "at its end it stops"
        assert "REPLAY = " in replay.bar()


async def test_it_looks_where_the_operator_looked_until_one_looks_around(replay: Replay) -> None:
    async with replay.app.run_test(size=(120, 40)) as pilot:
        await replay.ready(pilot)
        await replay.passes(pilot, 27)
        await until(pilot, lambda: replay.app.cluster_screen.zoomed == "subject")
        assert "as ada looked" in replay.bar()
        await pilot.press("7")
        assert replay.app.cluster_screen.zoomed == "alerts"
        await until(pilot, lambda: "looking around, 0 follows again" in replay.bar())
        await replay.passes(pilot, 20)
        assert replay.app.cluster_screen.zoomed == "alerts"
        await pilot.press("0")
        await until(pilot, lambda: replay.app.cluster_screen.zoomed == "events")


async def test_one_goes_to_alerts_operations_and_times_and_back(replay: Replay) -> None:
    async with replay.app.run_test(size=(120, 40)) as pilot:
        await replay.ready(pilot)
        await pilot.press("p", "n")
        assert "+0:00:20" in replay.bar()
        assert "does not answer" in replay.app.cluster_screen.query_one(FooterBar).text
        await pilot.press("m")
        assert "outcome done" in replay.app.cluster_screen.query_one(FooterBar).text or "failover" in (
            replay.app.cluster_screen.query_one(FooterBar).text
        )
        after = replay.player.now()
        await pilot.press("b")
        assert replay.player.now() == pytest.approx(after - 10)
        await pilot.press("t")
        await until(pilot, lambda: isinstance(replay.app.screen, Dialog) and replay.app.screen.hears())
        await pilot.press(*"12:00:12", "enter")
        await until(pilot, lambda: "12:00:12Z +0:00:07" in replay.bar())
        assert replay.app.entries == ()
        assert "OK" in replay.header()
        await pilot.press("n", "n", "n", "n", "n", "n")
        assert "no alert is raised any more" in replay.app.cluster_screen.query_one(FooterBar).text


async def test_stretches_in_which_nothing_happens_are_skipped_on_request(replay: Replay) -> None:
    async with replay.app.run_test(size=(120, 40)) as pilot:
        await replay.ready(pilot)
        await pilot.press("x")
        await replay.passes(pilot, 0.5)
        assert "no idle" in replay.bar()
        assert replay.player.now() == pytest.approx(scenes.NOON + 18)


async def test_nothing_can_be_run_from_it_and_nothing_is_asked(replay: Replay) -> None:
    async with replay.app.run_test(size=(120, 40)) as pilot:
        await replay.ready(pilot)
        assert not {"arm", "failover", "stop", "runbooks"} & {one.id for one in replay.app.actions}
        await pilot.press("a", "F", "X", "S")
        assert replay.app.screen is replay.app.cluster_screen
        await pilot.press("9")
        await until(pilot, lambda: "nothing is read" in "".join(replay.app.cluster_screen.panel("audit").text()))


async def test_one_that_is_damaged_says_so_where_it_ends(tmp_path: Path) -> None:
    path = await recorded(tmp_path)
    data = bytearray(path.read_bytes())
    data[len(data) * 3 // 4] ^= 0xFF
    path.write_bytes(bytes(data))
    with Recording(path) as recording:
        replay = Replay(recording)
        async with replay.app.run_test(size=(160, 40)) as pilot:
            await until(pilot, lambda: replay.player.playing)
            await replay.passes(pilot, 600)
            await until(pilot, lambda: "✖" in replay.bar())
            assert "a part is damaged; what comes before it can be played" in replay.bar()


RAW = msgspec.Raw
HOSTILE: dict[str, Record] = {
    "no frame": Seen(scenes.NOON + 1, (RAW(b'{"frame": "change", "at": "noon"}'),)),
    "no entry": Logged(scenes.NOON + 1, (RAW(b'{"seq": "one"}'),)),
    "another screen": Looked(scenes.NOON + 1, 120, 40, "dark", None, alone="nowhere"),
    "another subject": Looked(scenes.NOON + 1, 120, 40, "dark", scenes.CLUSTER, alone="subject", subject=("moon", "x")),
    "another column": Looked(
        scenes.NOON + 1, 120, 40, "dark", None, tables={"nodes": Table("x", 10**9, "\x1b[2J", "moon", True)}
    ),
    "an absurd size": Looked(scenes.NOON + 1, 10**9, -(10**9), "dark", None),
    "escapes": Note(scenes.NOON + 1, "\x1b[2J\x1b]0;owned\x07"),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_what_no_console_has_written_costs_only_itself(tmp_path: Path, name: str) -> None:
    beginning = Seen(scenes.NOON, tuple(RAW(encode(frame).rstrip()) for frame in scenes.healthy()))
    path = written(tmp_path, [beginning, HOSTILE[name], Note(scenes.NOON + 2, "after")])
    with Recording(path) as recording:
        replay = Replay(recording)
        async with replay.app.run_test(size=(160, 40)) as pilot:
            await until(pilot, lambda: replay.player.playing)
            await replay.passes(pilot, 1.5)
            await until(pilot, lambda: scenes.CLUSTER in replay.header())
            assert "\x1b" not in replay.app.cluster_screen.query_one(FooterBar).text
            if name.startswith("no "):
                assert "✖ what it tells of 12:00:06Z can't be read" in replay.bar()
            await pilot.press("3", "1", "2")
            assert replay.app.cluster_screen.zoomed is None
    if name.startswith("no "):
        with pytest.raises(NotARecording, match="can't be read"):
            await checked(path)
    else:
        assert (await checked(path)).difference is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("12:00:12", 7.0),
        ("12:00:12Z", 7.0),
        ("12:01", 55.0),
        ("+90", 90.0),
        ("00:00", 43_195.0),
        ("25:00", None),
        ("x", None),
    ],
)
def test_times_are_written_as_people_write_them(text: str, seconds: float | None) -> None:
    assert moment_in(text, scenes.NOON) == (None if seconds is None else scenes.NOON + seconds)


async def test_a_moment_is_gone_to_from_anywhere(tmp_path: Path) -> None:
    path = await recorded(tmp_path)
    with Recording(path) as recording:
        player = Player(recording, Hands(0.0))
        last = player.seek(player.ends)
        assert player.now() == player.ends
        assert last[-1].at <= player.ends
        assert player.seek(0.0) != last


async def test_a_note_is_taken_on_a_moment_told_as_it_passes_and_found_again(tmp_path: Path) -> None:
    path = await recorded(tmp_path)
    with Recording(path) as recording:
        replay = Replay(recording)
        async with replay.app.run_test(size=(120, 40)) as pilot:
            await replay.ready(pilot)
            await replay.passes(pilot, 30)
            await pilot.press("comma")
            await until(pilot, lambda: isinstance(replay.app.screen, Dialog) and replay.app.screen.hears())
            await pilot.press(*"mended", "enter")
            footer = replay.app.cluster_screen.query_one(FooterBar)
            await until(pilot, lambda: "noted at 12:00:35Z" in (footer.said or ""))
            await pilot.press("b", "b", "semicolon")
            await until(pilot, lambda: "+0:00:30" in replay.bar())
            await pilot.press("b")
            await replay.passes(pilot, 11)
            assert "note: mended" in (footer.said or "")
        assert "| note | mended |" in "\n".join(report(recording))
