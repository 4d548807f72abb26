"""Only the cells that differ are sent to the terminal, and it then shows the same as if all had been."""

import io
from itertools import pairwise

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from dslsconsole.tui.cells import TerminalCells

WIDTH, HEIGHT = 24, 4
SIZE = (WIDTH, HEIGHT)
CONSOLE = Console(file=io.StringIO(), force_terminal=True, color_system="256")
STYLES = (None, Style(color="red"), Style(bgcolor="blue", bold=True), Style(reverse=True))


def line(parts: list[tuple[str, int]]) -> Strip:
    """A line of the whole width, in which parts that are too long are cut and what is missing is blank."""
    segments = [Segment(text, STYLES[style]) for text, style in parts if text]
    return Strip(segments).adjust_cell_length(WIDTH)


TEXTS = st.text(st.sampled_from("ab ─●漢字"), max_size=9)
LINES = st.lists(st.tuples(TEXTS, st.integers(0, 3)), max_size=6).map(line)
PICTURES = st.lists(LINES, min_size=HEIGHT, max_size=HEIGHT)


def whole(picture: list[Strip]) -> LayoutUpdate:
    return LayoutUpdate([[strip] for strip in picture], Region(0, 0, WIDTH, HEIGHT))


def terminal() -> tuple[pyte.Screen, pyte.Stream]:
    screen = pyte.Screen(WIDTH, HEIGHT)
    screen.reset_mode(pyte.modes.DECAWM)
    return screen, pyte.Stream(screen)


def shown(screen: pyte.Screen) -> list[list[object]]:
    return [[screen.buffer[y][x] for x in range(WIDTH)] for y in range(HEIGHT)]


@given(st.lists(PICTURES, min_size=1, max_size=5))
def test_the_terminal_shows_each_picture_as_if_it_had_been_sent_whole(pictures: list[list[Strip]]) -> None:
    cells, (screen, stream) = TerminalCells(), terminal()
    for picture in pictures:
        stream.feed(cells.take(whole(picture), SIZE, CONSOLE))
        fresh, whole_stream = terminal()
        whole_stream.feed(whole(picture).render_segments(CONSOLE).replace("\n", ""))
        assert shown(screen) == shown(fresh)


NARROW = st.text(st.sampled_from("ab ─●"), min_size=WIDTH, max_size=WIDTH)


@given(NARROW, NARROW, st.integers(0, HEIGHT - 1), st.integers(0, WIDTH - 1), st.integers(1, WIDTH))
def test_a_part_of_a_line_leaves_the_rest(before: str, after: str, y: int, x1: int, length: int) -> None:
    x2 = min(WIDTH, x1 + length)
    part = Strip([Segment(after[x1:x2])])
    update = ChopsUpdate([{x1: part} if at == y else {} for at in range(HEIGHT)], [(y, x1, x2)], [[x2]] * HEIGHT)
    cells, (screen, stream) = TerminalCells(), terminal()
    stream.feed(cells.take(whole([Strip([Segment(before)])] * HEIGHT), SIZE, CONSOLE))
    stream.feed(cells.take(update, SIZE, CONSOLE))
    assert screen.display[y] == before[:x1] + after[x1:x2] + before[x2:]


@given(PICTURES)
def test_what_is_shown_already_is_not_sent(picture: list[Strip]) -> None:
    cells = TerminalCells()
    assert cells.take(whole(picture), SIZE, CONSOLE)
    assert cells.take(whole(picture), SIZE, CONSOLE) == ""
    cells.forget()
    assert cells.take(whole(picture), SIZE, CONSOLE), "something else may have drawn there"


def test_a_terminal_of_another_size_gets_the_whole() -> None:
    cells, picture = TerminalCells(), whole([line([("a", 0)])] * HEIGHT)
    assert cells.take(picture, SIZE, CONSOLE) == cells.take(picture, (WIDTH + 1, HEIGHT), CONSOLE)


def test_changes_near_each_other_are_sent_as_one_and_far_ones_alone() -> None:
    cells = TerminalCells()
    lines = [line([(text, 0)]) for text in ("aaaaaaaaaaaaaaaaaaaa", "baabaaaaaaaaaaaaaaab")]
    first, second = (whole([one, *[line([])] * (HEIGHT - 1)]) for one in lines)
    cells.take(first, SIZE, CONSOLE)
    assert cells.take(second, SIZE, CONSOLE) == "\x1b[1;1Hbaab\x1b[1;20Hb"


@pytest.mark.parametrize("sign", ["⚠\ufe0f", "1\ufe0f\u20e3", "🇨🇿", "👩\u200d💻"])
def test_a_line_with_a_sign_of_uncertain_width_is_sent_whole_before_and_after(sign: str) -> None:
    cells, empty = TerminalCells(), [line([])] * (HEIGHT - 1)
    marked, plain = (whole([line([(f"{text} low: academic", 0)]), *empty]) for text in (sign, "!"))
    cells.take(plain, SIZE, CONSOLE)
    assert "low: academic" in cells.take(marked, SIZE, CONSOLE)
    assert "low: academic" in cells.take(marked, SIZE, CONSOLE), "it is not known what the terminal made of it"
    assert "low: academic" in cells.take(plain, SIZE, CONSOLE)
    assert cells.take(plain, SIZE, CONSOLE) == ""


def test_a_style_that_changes_is_a_change() -> None:
    cells = TerminalCells()
    for (_, before), (_, after) in pairwise(enumerate(STYLES)):
        cells.take(whole([Strip([Segment("x" * WIDTH, before)])] * HEIGHT), SIZE, CONSOLE)
        sent = cells.take(whole([Strip([Segment("x" * WIDTH, after)])] * HEIGHT), SIZE, CONSOLE)
        assert sent.count("x" * WIDTH) == HEIGHT
    assert CONSOLE._color_system is ColorSystem.EIGHT_BIT
