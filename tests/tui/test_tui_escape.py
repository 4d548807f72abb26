"""Esc is Esc, also where another key comes right after it."""

import pytest
from textual import events
from textual.drivers import linux_driver

from dslsconsole.tui.driver import EscapeKept


def keys(sent: str) -> list[str]:
    """The keys that the terminal's bytes are taken for, once nothing more has come for long enough."""
    parser = EscapeKept()
    got = [*parser.feed(sent), *parser.feed("")]
    return [event.key for event in got if isinstance(event, events.Key)]


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("\x1bn", ["escape", "n"]),
        ("\x1bF", ["escape", "F"]),
        ("\x1b\r", ["escape", "enter"]),
        ("\x1b?", ["escape", "question_mark"]),
        ("\x1b1", ["escape", "1"]),
        ("\x1bb", ["escape", "b"]),
        ("\x1b", ["escape"]),
        ("\x1b\x1b", ["escape", "escape"]),
        ("\x1b[A", ["up"]),
        ("\x1b[1;5C", ["ctrl+right"]),
        ("q", ["q"]),
    ],
)
def test_a_key_soon_after_esc_takes_nothing_from_it(sent: str, read: list[str]) -> None:
    assert keys(sent) == read


def test_the_terminal_is_read_that_way() -> None:
    assert vars(linux_driver)["XTermParser"] is EscapeKept
