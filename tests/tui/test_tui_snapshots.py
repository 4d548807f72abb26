"""Pictures of the screens, compared with those that were looked at and found good."""

import asyncio
from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from dslsconsole.shipped import shipped
from dslsconsole.tui import scenes
from dslsconsole.tui.app import ConsoleApp
from dslsconsole.tui.pictures import SIZES, Wanted, picture, wanted
from dslsconsole.tui.source import PlayedFrames
from dslsconsole.tui.themes import load

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


@pytest.mark.parametrize("key", ["3", "5", "7"])
def test_a_panel_alone(snap_compare: Compare, key: str) -> None:
    async def pressed(pilot: Pilot[None]) -> None:
        await drawn(pilot)
        await pilot.press(key)
        await pilot.pause()

    assert snap_compare(console(), terminal_size=(80, 24), run_before=pressed)


@pytest.mark.parametrize("name", wanted())
def test_every_picture_can_be_made(name: str) -> None:
    one: Wanted = wanted()[name]
    made = asyncio.run(picture(one))
    assert made.startswith("<svg")
    assert scenes.CLUSTER in made or one.size[0] == 80
