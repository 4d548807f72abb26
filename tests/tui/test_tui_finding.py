"""The palette finds commands, clusters, nodes and themes by a few of their letters."""

import pytest

from dslsconsole.tui import scenes
from dslsconsole.tui.finding import found
from dslsconsole.tui.render.cells import Cell, Row
from tests.tui.test_tui_screen import console, until


def row(name: str, does: str = "") -> Row:
    return Row(name, (Cell(""), Cell(name), Cell(does)))


ROWS = (row("failover"), row("sync tokens"), row("alerts"), row("dsls-primary-01"), row("palette", "finds alerts"))


@pytest.mark.parametrize(
    ("wanted", "first"),
    [
        ("flovr", "failover"),
        ("failvr", "failover"),
        ("pri01", "dsls-primary-01"),
        ("al", "alerts"),
        ("tok", "sync tokens"),
    ],
)
def test_a_few_letters_in_their_order_are_enough(wanted: str, first: str) -> None:
    assert found(ROWS, wanted)[0].key == first


def test_what_is_called_so_comes_before_what_is_described_so_and_the_rest_is_left_out() -> None:
    assert [one.key for one in found(ROWS, "alerts")] == ["alerts", "palette"]
    assert found(ROWS, "zzz") == ()
    assert found(ROWS, "") == ROWS


async def test_a_node_and_a_theme_are_gone_to_by_their_names() -> None:
    app = console(scenes.troubled())
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await pilot.press("colon", *"backup-01", "enter")
        await until(pilot, lambda: app.cluster_screen.subject is not None)
        assert app.cluster_screen.subject is not None
        assert app.cluster_screen.subject.name == "dsls-backup-01"
        await pilot.press("colon", *"night", "enter")
        await until(pilot, lambda: app.theme == "dslsconsole-night")
