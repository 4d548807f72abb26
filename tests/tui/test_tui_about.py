"""F1 says what the screen shows, of every screen there is; a cluster says what it is there for."""

import pytest
from msgspec.structs import replace

from dslsconsole.model.frames import Frame, Hello
from dslsconsole.tui import scenes
from dslsconsole.tui.app import ConsoleApp
from dslsconsole.tui.bars import HeaderBar
from dslsconsole.tui.dialogs.choice import Choice
from dslsconsole.tui.dialogs.plan import PlanDialog
from dslsconsole.tui.dialogs.rehearsal import RehearsalDialog
from dslsconsole.tui.dialogs.run import RunDialog
from dslsconsole.tui.render.about import ABOUT
from dslsconsole.tui.render.subject import RENDERERS
from dslsconsole.tui.screens.cluster import ALONE, PANELS
from dslsconsole.tui.table import LineTable
from tests.tui.test_tui_drilldown import on_row
from tests.tui.test_tui_screen import console, until


def explained(app: ConsoleApp) -> str:
    table = app.screen.query_one(LineTable)
    return "\n".join([str(table.border_title), *table.text()])


def test_every_screen_and_every_dialog_that_asks_is_explained() -> None:
    assert {
        "cluster",
        *PANELS,
        *ALONE,
        *RENDERERS,
        PlanDialog.explained,
        RehearsalDialog.explained,
        RunDialog.explained,
    } == set(ABOUT)


@pytest.mark.parametrize("size", [(80, 24), (200, 60)])
async def test_f1_tells_of_the_screen_that_is_shown_and_esc_comes_back(size: tuple[int, int]) -> None:
    app = console(scenes.troubled())
    async with app.run_test(size=size) as pilot:
        for key, told in (("2", "About · the cluster"), ("5", "About · load balancers"), ("7", "About · alerts")):
            await pilot.press(key, "f1")
            await until(
                pilot, lambda: isinstance(app.screen, Choice) and app.screen.query_one(LineTable).size.height > 0
            )
            assert told in explained(app)
            await pilot.press("escape")
        await pilot.press("3")
        await on_row(pilot, app, "nodes", "dsls-backup-01")
        await pilot.press("enter", "f1")
        await until(pilot, lambda: "About · node" in explained(app))


def of(environment: str | None) -> list[Frame]:
    first, *others = scenes.healthy()
    assert isinstance(first, Hello)
    clusters = tuple(replace(one, environment=environment) for one in first.estate.clusters)
    return [replace(first, estate=replace(first.estate, clusters=clusters)), *others]


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_production_says_so_and_has_a_frame_of_its_own(size: tuple[int, int]) -> None:
    app = console(of("production"))
    async with app.run_test(size=size) as pilot:
        header = app.cluster_screen.query_one(HeaderBar)
        await until(pilot, lambda: "[PRODUCTION]" in header.text)
        assert app.cluster_screen.panel("pools").styles.border_top[0] == "double"
        assert app.cluster_screen.panel("nodes").styles.border_top[0] == "heavy", "the one that has the keys"


async def test_another_environment_is_named_and_framed_as_ever() -> None:
    app = console(of("test"))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "[test]" in app.cluster_screen.query_one(HeaderBar).text)
        assert app.cluster_screen.panel("pools").styles.border_top[0] == "round"
