"""The console with frames that are played: keys, mouse, sizes, dialogs that do not act."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input

from dslsconsole.model.frames import Frame, Trouble
from dslsconsole.shipped import shipped
from dslsconsole.tui import scenes
from dslsconsole.tui.app import ConsoleApp
from dslsconsole.tui.bars import FooterBar, HeaderBar, SentenceBar
from dslsconsole.tui.dialogs.choice import Choice
from dslsconsole.tui.render.subject import Subject
from dslsconsole.tui.screens.cluster import PANELS
from dslsconsole.tui.source import Arrival, PlayedFrames
from dslsconsole.tui.table import LineTable
from dslsconsole.tui.themes import load

THEMES = load([shipped("themes")])


class Fed:
    """A source that gives what the test puts into it."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Arrival] = asyncio.Queue()

    async def arrivals(self) -> AsyncGenerator[Arrival, None]:
        while True:
            yield await self.queue.get()


def console(frames: list[Frame], *, wallboard: bool = False, here: ZoneInfo | None = None) -> ConsoleApp:
    return ConsoleApp(
        PlayedFrames([frames]), clock=lambda: scenes.NOON + 1, themes=THEMES, wallboard=wallboard, here=here
    )


def text(app: ConsoleApp) -> str:
    """Everything on the screen that is not a dialog."""
    screen = app.cluster_screen
    bars = [screen.query_one(bar).text for bar in (HeaderBar, SentenceBar, FooterBar)]
    return "\n".join([*bars, *(line for name in PANELS for line in screen.panel(name).text())])


async def until(pilot: Pilot[Any], holds: Callable[[], bool]) -> None:
    """Wait for a condition, ten seconds at most."""
    async with asyncio.timeout(30):
        while not holds():
            await pilot.pause(0.01)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_all_six_panels_are_useful_at_every_size(size: tuple[int, int]) -> None:
    app = console(scenes.troubled())
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        shown = text(app)
        for part in (
            "CRITICAL",
            "no ans",
            "commercial",
            "MAINT",
            "dr-dsls-02",
            "does not answ",
            "nothing has been done",
            "? help",
        ):
            assert part in shown
        for name in PANELS:
            panel = app.cluster_screen.panel(name)
            assert panel.size.height >= 4
            assert panel.region.bottom <= size[1] - 1


async def test_too_small_says_how_large_it_must_be() -> None:
    app = console(scenes.healthy())
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        small = app.cluster_screen.query_one("#small")
        assert small.display
        assert "80 by 24 is needed: 60 by 20 is too small" in small.text  # type: ignore[attr-defined]
        assert not app.cluster_screen.query_one("#panels").display


async def test_tab_and_arrows_move_between_panels() -> None:
    app = console(scenes.healthy())
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert app.cluster_screen.focused_panel() == "nodes"
        await pilot.press("tab")
        assert app.cluster_screen.focused_panel() == "pools"
        await pilot.press("left")
        assert app.cluster_screen.focused_panel() == "nodes"


@pytest.mark.parametrize(("key", "panel"), zip("345678", PANELS, strict=True))
async def test_a_number_shows_one_panel_alone_and_esc_comes_back(key: str, panel: str) -> None:
    app = console(scenes.troubled())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press(key)
        await pilot.pause()
        assert [name for name in PANELS if app.cluster_screen.panel(name).display] == [panel]
        assert app.cluster_screen.panel(panel).outer_size.height == 21
        await pilot.press("escape")
        await pilot.pause()
        assert all(app.cluster_screen.panel(name).display for name in PANELS)


async def test_enter_goes_into_a_panel_and_tells_more() -> None:
    app = console(scenes.troubled())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert "is the host up?" not in text(app)
        await pilot.press("enter")
        await pilot.pause()
        assert "dsls-arbitrator-01: no answer within 4 s; is the host up?" in text(app)


async def test_a_click_on_the_footer_does_what_the_key_does() -> None:
    app = console(scenes.healthy())
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        footer = app.cluster_screen.query_one(FooterBar)
        await pilot.click(FooterBar, offset=(footer.text.index("? help"), 0))
        await until(pilot, lambda: isinstance(app.screen, Choice))


async def test_a_click_on_a_panel_gives_it_the_keys() -> None:
    app = console(scenes.healthy())
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await pilot.click("#dr", offset=(5, 3))
        assert app.cluster_screen.focused_panel() == "dr"


async def test_the_filter_narrows_the_panel_that_has_the_keys() -> None:
    app = console(scenes.healthy())
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await pilot.press("slash", *"backup", "enter")
        assert "dsls-backup-01" in text(app)
        assert not any("dsls-arbitrator-01" in line for line in app.cluster_screen.panel("nodes").text())
        await pilot.press("escape")
        assert any("dsls-arbitrator-01" in line for line in app.cluster_screen.panel("nodes").text())


async def test_help_names_every_key_there_is_and_no_other() -> None:
    app = console(scenes.healthy())
    async with app.run_test(size=(120, 50)) as pilot:
        await pilot.pause()
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, Choice))
        keys = [row.cells[1].text for row in app.screen.query_one("LineTable").sheet.rows]  # type: ignore[attr-defined]
        assert "filter" in keys
        assert "failover" not in keys, "a read-only console has no guarded keys"
        await pilot.press("escape")
        assert app.screen is app.cluster_screen


async def test_the_palette_finds_a_command_by_its_name() -> None:
    app = console(scenes.troubled())
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await pilot.press("colon", *"evidence", "enter")
        await until(pilot, lambda: app.cluster_screen.zoomed == "alerts")


async def test_the_palette_puts_names_before_descriptions() -> None:
    app = console(scenes.troubled())
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await pilot.press("colon", *"al")
        table = app.screen.query_one(LineTable)
        assert table.cursor_key == "alerts"
        assert "alerts" in table.text()[1]
        await pilot.press("backspace", "backspace")
        assert table.cursor_key == app.actions[0].id


@pytest.mark.parametrize("width", [80, 120])
async def test_help_leaves_nothing_out(width: int) -> None:
    app = console(scenes.healthy())
    async with app.run_test(size=(width, 50)) as pilot:
        await pilot.pause()
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, Choice))
        await pilot.pause()
        table = app.screen.query_one(LineTable)
        assert not any("…" in line for line in table.text())


async def test_a_theme_is_tried_and_taken_back() -> None:
    app = console(scenes.healthy())
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        before = app.theme
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, Choice))
        await pilot.pause()
        await pilot.press("home", "end")
        await until(pilot, lambda: app.theme != before)
        await pilot.press("escape")
        await until(pilot, lambda: app.theme == before)


async def test_brackets_go_through_the_clusters() -> None:
    app = console(scenes.healthy(scenes.NOON, "one", "two", "three"))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await pilot.press("right_square_bracket")
        assert app.cluster_name == "two"
        await pilot.press("left_square_bracket", "left_square_bracket")
        assert app.cluster_name == "three"
        assert "three" in app.cluster_screen.query_one(HeaderBar).text


async def test_trouble_of_the_reading_process_is_said_and_goes_away() -> None:
    fed = Fed()
    app = ConsoleApp(fed, clock=lambda: scenes.NOON + 1, themes=THEMES)
    async with app.run_test(size=(120, 40)) as pilot:
        fed.queue.put_nowait(Arrival(tuple(scenes.healthy())))
        await until(pilot, lambda: "licences are served" in text(app))
        fed.queue.put_nowait(Arrival(trouble="the reading process stopped, last reading 12:00:05Z"))
        await until(pilot, lambda: "✖ the reading process stopped" in text(app))
        fed.queue.put_nowait(Arrival((scenes.tick(scenes.NOON + 1),)))
        await until(pilot, lambda: "licences are served" in text(app))
        fed.queue.put_nowait(Arrival((Trouble(scenes.NOON + 1, "\x1b[2Jthe disk is full"),)))
        await until(pilot, lambda: "✖ ␛[2Jthe disk is full" in text(app))


async def test_panels_wait_while_a_dialog_is_open_but_the_header_stays_true() -> None:
    fed = Fed()
    app = ConsoleApp(fed, clock=lambda: scenes.NOON + 6, themes=THEMES)
    async with app.run_test(size=(120, 40)) as pilot:
        fed.queue.put_nowait(Arrival(tuple(scenes.healthy())))
        await until(pilot, lambda: "12:00:05Z" in text(app))
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, Choice))
        fed.queue.put_nowait(Arrival((*scenes.troubled(scenes.NOON + 5),)))
        await until(pilot, lambda: "12:00:10Z" in app.cluster_screen.query_one(HeaderBar).text)
        assert "no answer" not in "".join(app.cluster_screen.panel("nodes").text())
        await pilot.press("escape")
        await until(pilot, lambda: "no answer" in "".join(app.cluster_screen.panel("nodes").text()))


async def test_the_wallboard_knows_no_key_but_q() -> None:
    app = console(scenes.healthy(), wallboard=True)
    async with app.run_test(size=(200, 60)) as pilot:
        await pilot.pause()
        await pilot.press("question_mark", "colon", "c", "a", "F", "slash", "enter", "tab", "down", "z", "3")
        await pilot.click("#dr", offset=(5, 3), times=2)
        assert app.screen is app.cluster_screen
        assert app.cluster_screen.zoomed is None
        assert app.focused is None
        assert not app.screen.query_one(Input).has_class("open")
        await pilot.press("q")
        await until(pilot, lambda: not app.is_running)


async def test_a_terminal_that_is_gone_ends_it() -> None:
    gone = False
    source = PlayedFrames([scenes.healthy()])
    app = ConsoleApp(source, clock=lambda: scenes.NOON + 1, themes=THEMES, terminal_gone=lambda: gone)
    async with app.run_test(size=(120, 40)) as pilot:
        app._look_at_ages()
        await pilot.pause()
        assert app.is_running
        gone = True
        app._look_at_ages()
        await until(pilot, lambda: not app.is_running)


async def test_q_leaves() -> None:
    app = console(scenes.healthy())
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await pilot.press("q")
        await until(pilot, lambda: not app.is_running)


async def test_what_arrives_while_it_ends_is_not_drawn_on_a_screen_that_is_taken_down() -> None:
    app = console(scenes.healthy())
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await app.cluster_screen.query_one(HeaderBar).remove()
        await app.cluster_screen.query_one(FooterBar).remove()
        app.exit()
        app.draw_all()
        app.say("too late")
        app.action_act("help")


async def test_a_key_right_behind_esc_is_for_what_lies_below_the_dialog() -> None:
    app = console(scenes.troubled())
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await pilot.press("colon", *"al")
        palette = app.screen
        assert palette.query(Input)
        for key, character in (("escape", "\x1b"), ("question_mark", "?")):
            app.post_message(events.Key(key, character))
        await until(pilot, lambda: isinstance(app.screen, Choice) and app.screen is not palette)
        assert not app.screen.query(Input), "it is the help"


async def test_keys_typed_ahead_are_for_what_the_keys_before_them_show() -> None:
    app = console(scenes.healthy())
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await pilot.press("4")
        for key, character in (("3", "3"), ("down", None), ("enter", "\r")):
            app.post_message(events.Key(key, character))
        await until(pilot, lambda: app.cluster_screen.subject is not None)
        assert app.cluster_screen.subject == Subject("node", "dsls-backup-01")
