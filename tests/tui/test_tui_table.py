"""The table: cursor, scrolling, filter, and that a changed row costs its own line."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.app import App, ComposeResult
from textual.geometry import Region

from dslsconsole.shipped import shipped
from dslsconsole.tui.render.cells import Cell, Column, Row, Sheet
from dslsconsole.tui.table import LineTable
from dslsconsole.tui.themes import load

COLUMNS = (Column("name", "name", least=5, most=20), Column("value", "value", least=5, most=20, right=True))


class Counting(LineTable):
    """Remembers what was asked to be drawn again."""

    def __init__(self) -> None:
        super().__init__()
        self.marked: list[Region] = []

    def refresh(self, *regions: Region, **options: bool) -> "Counting":
        self.marked += regions
        super().refresh(*regions, **options)
        return self


class OneTable(App[None]):
    def compose(self) -> ComposeResult:
        yield Counting()

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return dict(load([shipped("themes")]).themes["dark"].textual().variables)

    @property
    def table(self) -> Counting:
        return self.query_one(Counting)


def sheet(count: int, **changed: str) -> Sheet:
    rows = tuple(Row(f"r{n}", (Cell(f"row {n}"), Cell(changed.get(f"r{n}", "same")))) for n in range(count))
    return Sheet("Table", COLUMNS, rows)


@pytest.fixture
async def app() -> AsyncIterator[OneTable]:
    one = OneTable()
    async with one.run_test(size=(40, 12)) as pilot:
        one.table.show(sheet(30))
        await pilot.pause()
        yield one


async def test_a_changed_row_costs_its_own_line(app: OneTable) -> None:
    app.table.marked.clear()
    app.table.show(sheet(30, r3="new"))
    assert [(region.y, region.height) for region in app.table.marked] == [(4, 1)]


async def test_the_same_again_costs_nothing(app: OneTable) -> None:
    app.table.marked.clear()
    app.table.show(sheet(30))
    assert app.table.marked == []


async def test_the_cursor_stays_with_its_row(app: OneTable) -> None:
    app.table.action_cursor(2)
    assert app.table.cursor_key == "r2"
    rows = sheet(30).rows
    app.table.show(Sheet("Table", COLUMNS, (Row("new", (Cell("first"), Cell("x"))), *rows)))
    assert app.table.cursor_key == "r2"


async def test_scrolling_keeps_the_cursor_in_sight(app: OneTable) -> None:
    app.table.action_page(1)
    app.table.action_page(1)
    assert app.table.cursor_key is not None
    assert any(app.table.cursor_key.removeprefix("r") in line for line in app.table.text())
    assert app.table.text()[0].startswith("name"), "the labels stay"


async def test_the_ends(app: OneTable) -> None:
    app.table.action_cursor(1_000_000)
    assert app.table.cursor_key == "r29"
    app.table.action_cursor(-1_000_000)
    assert app.table.cursor_key == "r0"


async def test_a_list_that_follows_goes_on_from_its_end(app: OneTable) -> None:
    app.table.follows = True
    app.table.focus()
    app.table.action_cursor(100)
    app.table.show(sheet(31))
    assert app.table.cursor_key == "r30"
    app.table.action_cursor(-1)
    app.table.show(sheet(32))
    assert app.table.cursor_key == "r29", "who looks further up is left there"


async def test_a_filter_shows_only_what_matches(app: OneTable) -> None:
    app.table.narrow_to("ROW 7")
    assert [line.split()[1] for line in app.table.text()[1:] if line.strip()] == ["7"]
    app.table.narrow_to("nothing like it")
    assert "nothing matches" in app.table.text()[0]
    app.table.narrow_to("")
    assert app.table.text()[1].startswith("row ")


async def test_a_click_moves_the_cursor(app: OneTable) -> None:
    async with OneTable().run_test(size=(40, 12)) as pilot:
        table = pilot.app.query_one(Counting)
        table.show(sheet(30))
        await pilot.pause()
        await pilot.click(Counting, offset=(3, 5))
        assert table.cursor_key == "r3"


async def test_what_is_in_a_title_is_no_markup(app: OneTable) -> None:
    app.table.show(Sheet("[red]x[/] \x1b[2J", COLUMNS, ()))
    assert app.table._border_title is not None
    assert app.table._border_title.plain == "[red]x[/] ␛[2J"


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 12), st.text(max_size=5)), max_size=20), st.data())
def test_whatever_comes_the_table_stands(shown: list[tuple[int, str]], data: st.DataObject) -> None:
    """No sequence of sheets and moves leaves the cursor outside the rows or a line of another width."""
    table = LineTable()
    table._size = table._size.__class__(30, 6)
    table.refresh = lambda *_, **__: table  # type: ignore[method-assign]
    table.post_message = lambda message: True  # type: ignore[method-assign]
    table._width = 30
    for count, words in shown:
        table.show(Sheet("", COLUMNS, sheet(count).rows))
        table.narrow_to(words if data.draw(st.booleans()) else "")
        table.action_cursor(data.draw(st.integers(-20, 20)))
        keys = [row.key for row in table._rows]
        assert table.cursor_key in keys if keys else table.cursor_key is None
        assert {len(line) for line in table.text()} <= {30} or not table.size.height
