"""Words and widths: whatever comes in, what is drawn is safe and exactly as wide as it must be."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from dslsconsole.tui.render import words


@given(st.text())
def test_nothing_a_terminal_would_obey_is_left(text: str) -> None:
    for character in words.clean(text):
        assert unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp")


def test_an_escape_sequence_is_shown() -> None:
    assert words.clean("dsls\x1b[2Jnode\x07") == "dsls␛[2Jnode␇"


def test_an_escape_of_one_byte_is_told_from_what_was_no_text() -> None:
    assert words.clean("\x9b2J\ufffd") == "\\x9b2J\ufffd"


def test_what_is_on_time_does_not_tick() -> None:
    assert [words.coarse(seconds) for seconds in (0.0, 59.9, 60.0, 119.0, 184.0, None)] == [
        "<1m",
        "<1m",
        "1m",
        "1m",
        "3m",
        "–",  # noqa: RUF001
    ]


def test_a_text_that_would_run_backwards_is_shown() -> None:
    assert words.clean("a‮b") == r"a\u202eb"


@given(st.text(), st.integers(0, 40))
def test_a_cut_text_fits(text: str, width: int) -> None:
    safe = words.clean(text)
    assert cell_len(words.cut_middle(safe, width)) <= width
    assert cell_len(words.cut_end(safe, width)) <= width


def test_long_names_keep_both_ends() -> None:
    assert words.cut_middle("dsls-arbitrator-01", 11) == "dsls-…or-01"


@given(st.text(alphabet=st.characters(categories=["L", "N", "Zs"])), st.integers(4, 40))
def test_wrapping_leaves_nothing_out(text: str, width: int) -> None:
    lines = words.wrapped(text, width)
    assert all(cell_len(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (41.9, "41s"), (119, "119s"), (120, "2m"), (7199, "119m"), (7200, "2h"), (200_000, "2d"), (None, "–")],  # noqa: RUF001
)
def test_spans_of_time(seconds: float | None, text: str) -> None:
    assert words.duration(seconds) == text


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e30])
def test_a_time_beyond_reason_is_unknown(value: float) -> None:
    assert words.time_of_day(value) == "--:--:--Z"


def test_a_time_is_utc() -> None:
    assert words.time_of_day(1_798_804_805.0) == "12:00:05Z"


@pytest.mark.parametrize(
    ("part", "text"), [(0.0, "░░░░"), (0.01, "▌░░░"), (0.5, "██░░"), (0.51, "██▌░"), (1.0, "████"), (None, "????")]
)
def test_a_level_is_never_empty_unless_nothing_is_used(part: float | None, text: str) -> None:
    assert words.bar(part, 4) == text


def test_an_unknown_minute_is_a_dot_and_not_the_lowest_level() -> None:
    assert words.sparkline((0, None, 10), 10) == "▁·█".rjust(60)
    assert words.sparkline((None, None), 10) == "··".rjust(60)


def test_a_narrow_plot_keeps_the_whole_hour_and_its_peaks() -> None:
    plot = words.sparkline((*([1] * 30), 10, *([1] * 29)), 10)
    assert words.condensed(plot, 6) == "▂▂▂█▂▂"
    assert words.condensed(plot, 60) == plot


def test_an_unknown_count_is_not_zero() -> None:
    assert words.number(None) == "?"
    assert words.share(5, None) is None
    assert words.share(None, 5) is None
    assert words.share(0, 0) is None
