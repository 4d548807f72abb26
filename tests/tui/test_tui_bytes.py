"""What the screen sends to the terminal: nothing while nothing changes, little when little does."""

import asyncio
from collections.abc import AsyncGenerator, Callable

import pytest
from rich.color import ColorSystem
from rich.style import Style
from textual import constants
from textual.driver import Driver
from textual.drivers.headless_driver import HeadlessDriver
from textual.pilot import Pilot
from textual.strip import Strip

from dslsconsole.shipped import shipped
from dslsconsole.tui import scenes
from dslsconsole.tui.app import ConsoleApp
from dslsconsole.tui.dialogs.question import Question
from dslsconsole.tui.screens.cluster import PANELS
from dslsconsole.tui.source import Arrival
from dslsconsole.tui.themes import load

SIZE = (160, 50)


class Counting(HeadlessDriver):
    """A terminal that counts what it is sent."""

    sent = 0

    @property
    def is_headless(self) -> bool:
        return False

    def write(self, data: str) -> None:
        self.sent += len(data.encode())


class Fed:
    def __init__(self) -> None:
        self.queue: asyncio.Queue[Arrival] = asyncio.Queue()

    async def arrivals(self) -> AsyncGenerator[Arrival, None]:
        while True:
            yield await self.queue.get()


class Counted(ConsoleApp):
    def _build_driver(self, headless: bool, inline: bool, mouse: bool, size: tuple[int, int] | None) -> Driver:
        self.driver = Counting(self, mouse=mouse, size=size)
        self._driver = self.driver
        return self.driver


class Clock:
    def __init__(self) -> None:
        self.now = scenes.NOON + 0.5

    def __call__(self) -> float:
        return self.now


async def until(pilot: Pilot[None], holds: Callable[[], bool]) -> None:
    """Wait for a condition, ten seconds at most."""
    async with asyncio.timeout(30):
        while not holds():
            await pilot.pause(0.01)


async def shown(pilot: Pilot[None], app: Counted, fed: Fed, arrival: Arrival) -> int:
    """Bytes that one arrival costs."""
    before, at = app.driver.sent, app.picture.at
    fed.queue.put_nowait(arrival)
    await until(pilot, lambda: app.picture.at != at)
    await pilot.pause()
    await pilot.pause(0.1)
    return app.driver.sent - before


@pytest.fixture(autouse=True)
def in_256_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """What ssh passes on without COLORTERM.

    A style keeps its codes in the depth of colour that it was first drawn in, and a test before this one may have
    taken a picture in true colour: here they are made anew.
    """

    def rendered(cls: type[Strip], style: Style, text: str, color_system: ColorSystem) -> str:
        codes = cls.render_ansi(style, color_system)
        return f"\x1b[{codes}m{text}\x1b[0m" if codes else text

    monkeypatch.setattr(constants, "COLOR_SYSTEM", "256")
    monkeypatch.setattr(Strip, "render_style", classmethod(rendered))


@pytest.fixture
async def running() -> AsyncGenerator[tuple[Pilot[None], Counted, Fed, Clock], None]:
    fed, clock = Fed(), Clock()
    app = Counted(fed, clock=clock, themes=load([shipped("themes")]))
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, app, fed, Arrival(tuple(scenes.healthy())))
        yield pilot, app, fed, clock


Running = tuple[Pilot[None], Counted, Fed, Clock]


async def test_between_readings_nothing_is_sent(running: Running) -> None:
    pilot, app, _, clock = running
    assert app.driver.sent > 5000, "the counter counts"
    before = app.driver.sent
    clock.now += 5
    app._look_at_ages()
    await pilot.pause(0.5)
    assert app.driver.sent == before


async def test_a_round_without_news_costs_the_time_of_the_round(running: Running) -> None:
    pilot, app, fed, clock = running
    clock.now += 5
    assert await shown(pilot, app, fed, Arrival((scenes.tick(scenes.NOON + 5),))) < 1500


async def test_a_minute_of_rounds_without_news_costs_the_header_alone() -> None:
    fed, clock = Fed(), Clock()
    app = Counted(fed, clock=clock, themes=load([shipped("themes")]))
    async with app.run_test(size=(120, 40)) as pilot:
        await shown(pilot, app, fed, Arrival(tuple(scenes.healthy())))
        panels = [app.cluster_screen.panel(name).text() for name in PANELS]
        costs: list[int] = []
        for second in range(2, 62, 2):
            clock.now = scenes.NOON + second
            costs.append(await shown(pilot, app, fed, Arrival((scenes.tick(clock.now),))))
        # What is on time does not tick: only the time of the round moves, and a copy's age once a minute.
        assert [app.cluster_screen.panel(name).text() for name in PANELS if name != "dr"] == [
            panel for name, panel in zip(PANELS, panels, strict=True) if name != "dr"
        ]
        assert sorted(costs)[len(costs) // 2] < 300
        assert sum(costs) / 60 < 200, "bytes a second"


async def test_one_changed_node_costs_some_lines(running: Running) -> None:
    pilot, app, fed, clock = running
    clock.now += 5
    changed = scenes.node("dsls-backup-01", scenes.NOON + 5, primary="dsls-backup-01")
    cost = await shown(pilot, app, fed, Arrival((scenes.tick(scenes.NOON + 5, dsls_backup_01=changed),)))
    assert 0 < cost < 4000


async def test_the_mouse_passing_over_costs_nothing(running: Running) -> None:
    pilot, app, _, _ = running
    before = app.driver.sent
    for x in range(5, 60, 5):
        await pilot.hover("#nodes", offset=(x, 3))
    await pilot.pause(0.1)
    assert app.driver.sent - before < 200


async def test_a_click_costs_the_lines_it_changes(running: Running) -> None:
    pilot, app, _, _ = running
    before = app.driver.sent
    await pilot.click("#nodes", offset=(5, 4))
    await pilot.pause(0.1)
    assert app.driver.sent - before < 2500


async def test_a_step_of_the_cursor_costs_two_lines(running: Running) -> None:
    pilot, app, _, _ = running
    before = app.driver.sent
    await pilot.press("down")
    await pilot.pause(0.1)
    assert app.driver.sent - before < 2500


async def test_a_dialog_that_opens_and_goes_costs_little_more_than_its_own_lines(running: Running) -> None:
    pilot, app, _, _ = running
    before = app.driver.sent
    app.push_screen(Question("Is it so?", "A question."))
    await pilot.pause(0.3)
    while_open = app.driver.sent
    assert 300 < while_open - before < 3_000
    app.pop_screen()
    await pilot.pause(0.3)
    assert 300 < app.driver.sent - while_open < 3_000


async def test_the_screen_is_drawn_whole_when_that_is_asked_for(running: Running) -> None:
    pilot, app, _, _ = running
    whole = app.driver.sent
    before = app.driver.sent
    app.cluster_screen.refresh(layout=True)
    await pilot.pause(0.2)
    assert app.driver.sent - before < 200, "all of it is there"
    before = app.driver.sent
    await pilot.press("ctrl+l")
    await pilot.pause(0.2)
    assert app.driver.sent - before > whole / 3
    app.push_screen(Question("Is it so?", "A question."))
    await pilot.pause(0.8)
    before = app.driver.sent
    await pilot.press("ctrl+l")
    await pilot.pause(0.2)
    assert app.driver.sent - before > whole / 3, "over a dialog too"
