"""Rows in the order of a column: numbers, spans of time, words, and what has no value."""

import pytest

from dslsconsole.tui.render.cells import Cell, Column, Row, note
from dslsconsole.tui.render.sorting import Order, in_order

COLUMNS = (Column("name", "name"), Column("lag", "lag"))


def sorted_by_lag(*lags: str, inverted: bool = False) -> list[str]:
    rows = [Row(str(number), (Cell("x"), Cell(lag))) for number, lag in enumerate(lags)]
    found = in_order([note("note", Cell("a note")), *rows], COLUMNS, Order("lag", inverted))
    assert found[-1].key == "note"
    return [row.cells[1].text for row in found[:-1]]


@pytest.mark.parametrize(
    ("lags", "largest_first"),
    [
        (["9", "10", "2"], ["10", "9", "2"]),
        (["41s", "3m", "2h", "5d", "1s"], ["5d", "2h", "3m", "41s", "1s"]),
        (["9%", "71%"], ["71%", "9%"]),
        (["212/1000", "368/2000"], ["368/2000", "212/1000"]),
        (["–", "4s", "?", "", "9s"], ["9s", "4s", "–", "?", ""]),  # noqa: RUF001
        (["was backup", "active", "5s"], ["5s", "active", "was backup"]),
    ],
)
def test_the_largest_comes_first_and_what_is_not_known_last(lags: list[str], largest_first: list[str]) -> None:
    assert sorted_by_lag(*lags) == largest_first


def test_turned_round_what_is_not_known_stays_last() -> None:
    assert sorted_by_lag("9", "?", "10", "2", inverted=True) == ["2", "9", "10", "?"]


def test_a_column_that_is_not_there_changes_nothing() -> None:
    rows = (Row("b", (Cell("b"),)), Row("a", (Cell("a"),)))
    assert in_order(rows, COLUMNS, Order("other")) == rows
    assert in_order(rows, COLUMNS, Order("name"))[0].key == "a"
