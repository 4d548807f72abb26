"""The words of haproxy.cfg: quoting, comments and times as HAProxy takes them (configuration manual, 2.2 and 2.5)."""

import re

from dslsconsole.systems.answers import Unreadable

LONGEST_LINE = 8_192
MOST_WORDS = 512
_TIME = re.compile(r"(\d{1,12})(us|ms|s|m|h|d)?")
_UNIT_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def words_of(line: str) -> tuple[str, ...]:
    """The words of one line, without its comment.

    Raises:
        Unreadable: a quote is not closed, or the line is longer than HAProxy would take.
    """
    if len(line) > LONGEST_LINE:
        raise Unreadable("a line is longer than HAProxy would take")
    found: list[str] = []
    word: list[str] = []
    is_word = False  # an empty pair of quotes is a word too
    quote = ""
    characters = iter(line)
    for character in characters:
        if character == "\\" and quote != "'":
            word.append(next(characters, ""))
        elif quote:
            if character == quote:
                quote = ""
            else:
                word.append(character)
        elif character in "'\"":
            quote = character
        elif character == "#":
            break
        elif character.isspace():
            if is_word:
                found.append("".join(word))
                word.clear()
            is_word = False
            continue
        else:
            word.append(character)
        is_word = True
    if quote:
        raise Unreadable("a quote is not closed")
    if is_word:
        found.append("".join(word))
    return tuple(found[:MOST_WORDS])


def seconds_of(text: str | None, unit: str = "ms") -> float | None:
    """A time: `2s`, `500ms`, or a number alone, which is milliseconds. None for what is none, such as a variable."""
    match = _TIME.fullmatch(text) if text is not None else None
    return None if match is None else int(match[1]) * _UNIT_SECONDS[match[2] or unit]


def number_of(text: str | None) -> int | None:
    """A whole number of at most nine digits; None for what is none."""
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) <= 9 else None
