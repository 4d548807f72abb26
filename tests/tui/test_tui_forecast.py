"""When a pool will be used up, told by its last hour; and the hour as a plot."""

import pytest

from dslsconsole.tui.render.forecast import minutes_left, outlook
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


@pytest.mark.parametrize(
    ("history", "available", "told"),
    [
        (growing(5, 450), 0, "none is free now"),
        ((*(None,) * 55, *growing(2, 400)[:5]), 50, "no forecast yet: 5 of at least 8 minutes are known"),
        (FLAT, 150, "its use does not grow"),
        (growing(1, 100), 99_900, "lasts for more than 12 h"),
    ],
)
def test_where_there_is_no_forecast_it_is_said_why(history: tuple[int | None, ...], available: int, told: str) -> None:
    assert told in outlook(history, 450 if available < 450 else 100_000, available)


def test_the_plot_fills_up_and_says_where_nothing_is_known() -> None:
    assert plot((0, 4, 8, 16, None), 16, 2) == ["   █ ", "▁▄██·"]
    assert plot((None,), None, 2) == [" ", "·"]
    assert plot((0, 0), 0, 1) == ["▁▁"]
