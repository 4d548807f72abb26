"""Pictures of the screens, compared with those that were looked at and found good."""

import asyncio
from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from dslsconsole.model.inspection import Inspection
from dslsconsole.shipped import shipped
from dslsconsole.tui import scenes
from dslsconsole.tui.app import ConsoleApp
from dslsconsole.tui.audited import AuditReport
from dslsconsole.tui.bars import HeaderBar
from dslsconsole.tui.journal_feed import News
from dslsconsole.tui.pictures import SIZES, Wanted, picture, wanted
from dslsconsole.tui.source import Arrival, PlayedFrames
from dslsconsole.tui.themes import load
from tests.tui.test_tui_audit import told as audited
from tests.tui.test_tui_drilldown import moved
from tests.tui.test_tui_inspecting import told as inspected
from tests.tui.test_tui_screen import until

THEMES = load([shipped("themes")])
Compare = Callable[..., bool]


def console(theme: str = "dark") -> ConsoleApp:
    return ConsoleApp(PlayedFrames([scenes.troubled()]), clock=lambda: scenes.NOON + 1, themes=THEMES, theme=theme)


async def drawn(pilot: Pilot[None]) -> None:
    """Wait until the frames are on the screen."""
    app = pilot.app
    assert isinstance(app, ConsoleApp)
    async with asyncio.timeout(30):
        while not app.cluster_screen.panel("nodes").sheet.rows:
            await pilot.pause(0.01)
    await pilot.pause()


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_cluster(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(console(), terminal_size=size, run_before=drawn)


@pytest.mark.parametrize("theme", THEMES.themes)
def test_every_theme(snap_compare: Compare, theme: str) -> None:
    assert snap_compare(console(theme), terminal_size=(120, 40), run_before=drawn)


SCREENS = {
    "estate": ("1",),
    "nodes": ("3",),
    "pools": ("4",),
    "balancers": ("5",),
    "dr": ("6",),
    "alerts": ("7",),
    "log": ("8",),
    "audit": ("9",),
    "events": ("e",),
    "node": ("3", "down", "enter"),
    "pool": ("4", "enter"),
    "server": ("5", "enter"),
    "help": ("question_mark",),
    "about": ("2", "f1"),
    "palette": ("colon",),
    "colours": ("c",),
    "filtering": ("slash", *"back"),
    "filtered": ("slash", *"back", "enter"),
}
"""Keys that lead to each, from all panels."""


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("screen", SCREENS)
def test_every_screen(snap_compare: Compare, screen: str, size: tuple[int, int]) -> None:
    app = full_console()

    async def shown(pilot: Pilot[None]) -> None:
        await drawn(pilot)
        app.post_message(ConsoleApp.Arrived(News(scenes.run())))
        for frame in moved(scenes.NOON + 1):
            app.post_message(ConsoleApp.Arrived(Arrival((frame,))))
        await until(pilot, lambda: len(app.entries) > 3 and len(app.events) > 3)
        for key in SCREENS[screen]:
            await pilot.press(key)
        await pilot.pause()
        await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=shown)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_wallboard(snap_compare: Compare, size: tuple[int, int]) -> None:
    frames = PlayedFrames([scenes.troubled()])
    app = ConsoleApp(frames, clock=lambda: scenes.NOON + 1, themes=THEMES, wallboard=True)

    async def shown(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "CRITICAL" in app.cluster_screen.query_one(HeaderBar).text)
        await pilot.pause()
        await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=shown)


class _Reads:
    """Audits and looks closely, at once."""

    async def audit(self, cluster: str) -> AuditReport:
        return audited()

    async def inspect(self, cluster: str, node: str) -> Inspection:
        return inspected(node)


def full_console() -> ConsoleApp:
    """With a log, events, an audit and close looks."""
    reads = _Reads()
    return ConsoleApp(
        PlayedFrames([scenes.troubled()]),
        clock=lambda: scenes.NOON + 2,
        themes=THEMES,
        auditor=reads,
        inspector=reads,
    )


@pytest.mark.parametrize("name", wanted())
def test_every_picture_can_be_made(name: str) -> None:
    one: Wanted = wanted()[name]
    made = asyncio.run(picture(one))
    assert made.startswith("<svg")
    assert scenes.CLUSTER in made or one.size[0] == 80
