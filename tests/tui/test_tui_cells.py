"""Tables: every line is exactly as wide as its panel, whatever is in the cells."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from dslsconsole.tui.render.cells import (
    Cell,
    Column,
    Cut,
    Row,
    Tone,
    filled,
    header_line,
    laid_out,
    row_lines,
    wanted_widths,
    worst,
)

TEXTS = st.text(max_size=60)
COLUMNS = st.lists(
    st.builds(
        Column,
        key=st.uuids().map(str),
        label=st.sampled_from(["", "node", "in use"]),
        least=st.integers(1, 8),
        most=st.integers(8, 30),
        right=st.booleans(),
        cut=st.sampled_from(Cut),
        importance=st.integers(0, 9),
        grows=st.booleans(),
    ),
    min_size=1,
    max_size=8,
)


def test_a_column_that_wraps_goes_on_below_itself() -> None:
    columns = (Column("key", least=3, most=3), Column("what", least=10, most=40, cut=Cut.WRAP, grows=True))
    row = Row("q", (Cell("q"), Cell("leave the console", Tone.STALE)))
    lines = row_lines(row, columns, laid_out(columns, wanted_widths(columns, [], {}), 14), 14)
    assert ["".join(cell.text for cell in line) for line in lines] == ["q   leave the ", "    console   "]
    assert lines[1][1].tone is Tone.STALE


@given(COLUMNS, st.lists(st.lists(TEXTS, max_size=8), max_size=5), st.integers(8, 200))
def test_every_line_fills_the_width(columns: list[Column], texts: list[list[str]], total: int) -> None:
    rows = [Row(f"{n}", tuple(Cell(text) for text in cells)) for n, cells in enumerate(texts)]
    layout = laid_out(columns, wanted_widths(columns, rows, {}), total)
    lines = [header_line(columns, layout, total)]
    for row in rows:
        lines += row_lines(row, columns, layout, total)
    assert {cell_len("".join(cell.text for cell in line)) for line in lines} == {total}


@given(st.lists(TEXTS, max_size=4), st.integers(12, 80), st.booleans())
def test_spanning_rows_fill_the_width_too(texts: list[str], total: int, wraps: bool) -> None:
    row = Row("r", tuple(Cell(text) for text in texts), spans=True, wraps=wraps, indent=2)
    for line in row_lines(row, (), (), total):
        assert cell_len("".join(cell.text for cell in line)) == total


def test_the_least_important_column_goes_first() -> None:
    columns = [Column("a", least=10), Column("b", least=10, importance=2), Column("c", least=10, importance=5)]
    wanted = wanted_widths(columns, [], {})
    assert [index for index, _ in laid_out(columns, wanted, 32)] == [0, 1, 2]
    assert [index for index, _ in laid_out(columns, wanted, 25)] == [0, 2]
    assert [index for index, _ in laid_out(columns, wanted, 15)] == [0]


def test_an_optional_column_is_not_worth_cutting_a_name() -> None:
    columns = [Column("name", least=5, most=30), Column("extra", least=5, importance=4)]
    wanted = wanted_widths(columns, [Row("r", (Cell("dsls-primary-01"), Cell("12345")))], {})
    assert laid_out(columns, wanted, 21) == [(0, 15), (1, 5)]
    assert laid_out(columns, wanted, 18) == [(0, 15)]


def test_columns_do_not_move_back_and_forth_with_the_values() -> None:
    columns = [Column("name", least=2, most=30)]
    wide = wanted_widths(columns, [Row("r", (Cell("a long name"),))], {})
    assert wanted_widths(columns, [Row("r", (Cell("short"),))], wide) == wide


def test_a_short_form_goes_before_cutting() -> None:
    columns = [Column("lb", least=6, most=30)]
    row = Row("r", (Cell("MAINT w100 12 sess", Tone.WARNING, "MAINT 12"),))
    texts = ["".join(cell.text for cell in row_lines(row, columns, [(0, width)], width)[0]) for width in (20, 10)]
    assert texts == ["MAINT w100 12 sess  ", "MAINT 12  "]


def test_nothing_of_a_command_is_cut_where_a_row_wraps() -> None:
    row = Row("r", (Cell("$ sudo -n systemctl stop dsls-primary"),), spans=True, wraps=True, indent=2)
    lines = ["".join(cell.text for cell in line) for line in row_lines(row, (), (), 20)]
    assert [line.strip() for line in lines] == ["$ sudo -n", "systemctl stop", "dsls-primary"]


def test_the_gravest_judgement_wins() -> None:
    assert worst([Tone.OK, Tone.UNKNOWN, Tone.WARNING]) is Tone.WARNING
    assert worst([Tone.OK, Tone.UNKNOWN]) is Tone.UNKNOWN
    assert worst([]) is Tone.MUTED


def test_a_line_is_padded_and_cut() -> None:
    assert "".join(cell.text for cell in filled((Cell("abc"),), 5)) == "abc  "
    assert "".join(cell.text for cell in filled((Cell("abc"), Cell("defg")), 5)) == "abcd…"
