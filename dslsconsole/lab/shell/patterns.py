"""Patterns of the shell: `*`, `?` and `[…]`, with quoted text taken as it stands (POSIX.1-2024, 2.14)."""

import re
from functools import lru_cache

Segments = tuple[tuple[str, bool], ...]
"""Text and whether it was quoted."""

_CLASSES = {
    "alpha": "a-zA-Z",
    "digit": "0-9",
    "alnum": "a-zA-Z0-9",
    "upper": "A-Z",
    "lower": "a-z",
    "space": r" \t\n\r\f\v",
    "blank": r" \t",
    "punct": r"!-/:-@\[-`{-~",
    "xdigit": "0-9a-fA-F",
    "print": r"\x20-\x7e",
    "cntrl": r"\x00-\x1f\x7f",
}


def has_pattern(segments: Segments) -> bool:
    """Whether any unquoted character is special."""
    return any(not quoted and any(special in text for special in "*?[") for text, quoted in segments)


@lru_cache(maxsize=1024)
def expression(segments: Segments) -> re.Pattern[str]:
    """The regular expression of a pattern; anchor it by the method that is called."""
    parts = []
    for text, quoted in segments:
        parts.append(re.escape(text) if quoted else _translate(text))
    return re.compile("".join(parts), re.DOTALL)


def _translate(pattern: str) -> str:
    translated, position = [], 0
    while position < len(pattern):
        character = pattern[position]
        position += 1
        if character == "*":
            translated.append(".*")
        elif character == "?":
            translated.append(".")
        elif character == "[":
            end = _end_of_bracket(pattern, position)
            if end is None:
                translated.append(r"\[")
            else:
                translated.append(_bracket(pattern[position:end]))
                position = end + 1
        else:
            translated.append(re.escape(character))
    return "".join(translated)


def _end_of_bracket(pattern: str, start: int) -> int | None:
    position = start
    if position < len(pattern) and pattern[position] in "!^":
        position += 1
    if position < len(pattern) and pattern[position] == "]":
        position += 1
    while position < len(pattern) and pattern[position] != "]":
        if pattern.startswith("[:", position) and (end := pattern.find(":]", position)) > 0:
            position = end + 1
        position += 1
    return position if position < len(pattern) else None


def _bracket(inner: str) -> str:
    negated = inner[0] in "!^" if inner else False
    inner = inner[1:] if negated else inner
    translated = re.sub(r"[\\\[\]&~|^]", lambda match: "\\" + match[0], re.sub(r"\[:(\w+):\]", r"\0\1\0", inner))
    translated = re.sub("\0(\\w+)\0", lambda match: _CLASSES.get(match[1], ""), translated)
    return f"[{'^' if negated else ''}{translated}]" if translated else "(?!)"


def matches(segments: Segments, text: str) -> bool:
    """Whether a whole text fits a pattern."""
    return expression(segments).fullmatch(text) is not None


def without_prefix(text: str, segments: Segments, *, longest: bool) -> str:
    """`${x#pattern}` and `${x##pattern}`."""
    pattern = expression(segments)
    ends = range(len(text), -1, -1) if longest else range(len(text) + 1)
    return next((text[end:] for end in ends if pattern.fullmatch(text, 0, end)), text)


def without_suffix(text: str, segments: Segments, *, longest: bool) -> str:
    """`${x%pattern}` and `${x%%pattern}`."""
    pattern = expression(segments)
    starts = range(len(text) + 1) if longest else range(len(text), -1, -1)
    return next((text[:start] for start in starts if pattern.fullmatch(text, start)), text)
