"""When a pool will be used up, told by its last hour; and the hour as a plot."""

import pytest

from dslsconsole.tui.render.forecast import minutes_left
from dslsconsole.tui.render.words import plot

FLAT = (300,) * 60


def growing(a_minute: int, to: int) -> tuple[int | None, ...]:
    return tuple(to - a_minute * (59 - minute) for minute in range(60))


@pytest.mark.parametrize(
    ("history", "total", "left"),
    [
        (growing(2, 400), 450, 25.0),
        (growing(5, 450), 450, 0.0),
        ((*FLAT[:30], *growing(3, 390)[30:]), 450, 20.0),
        (FLAT, 450, None),
        (tuple(reversed(growing(2, 400))), 450, None),
        ((*growing(5, 400)[10:], *(400,) * 10), 450, None),
        ((*(None,) * 55, *growing(2, 400)[:5]), 450, None),
        (growing(1, 100), 100_000, None),
        (growing(2, 400), None, None),
        ((), 450, None),
    ],
    ids=[
        "growing",
        "full",
        "since half an hour",
        "flat",
        "falling",
        "it stopped to grow",
        "hardly known",
        "days",
        "?",
        "-",
    ],
)
def test_a_forecast_is_made_only_of_what_grows(history: tuple[int | None, ...], total: int | None, left: float) -> None:
    assert minutes_left(history, total) == (None if left is None else pytest.approx(left))


def test_the_plot_fills_up_and_says_where_nothing_is_known() -> None:
    assert plot((0, 4, 8, 16, None), 16, 2) == ["   █ ", "▁▄██·"]
    assert plot((None,), None, 2) == [" ", "·"]
    assert plot((0, 0), 0, 1) == ["▁▁"]
