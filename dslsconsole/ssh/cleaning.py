"""What a far side printed, made harmless before anybody sees it: control characters are shown, not obeyed."""

import re
import unicodedata

_HARMFUL = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_PLAIN = re.compile(r"[\x20-\x7e]*")


def clean(text: str, limit: int = 400) -> str:
    r"""One line of at most `limit` characters, fit to be drawn.

    Line ends and tabs become blanks; every other control, format or surrogate character (escape sequences, direction
    overrides, zero-width marks) becomes its escape, such as `\x1b`. What was cut is marked by `…`.
    """
    text = text[: limit * 4 + 4]
    if not _PLAIN.fullmatch(text):
        text = "".join(map(_shown, text))
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: max(0, limit - 1)] + "…"


def clean_lines(text: str, limit: int = 20_000, width: int = 1_000) -> tuple[str, ...]:
    """The lines of `text`, each cleaned; what lies beyond `limit` characters is dropped, with a last line saying so."""
    lines = tuple(clean(line, width) for line in text[:limit].split("\n"))
    while lines and not lines[-1]:
        lines = lines[:-1]
    return (*lines, "… (cut here)") if len(text) > limit else lines


def _shown(character: str) -> str:
    if character in "\t\n\r":
        return " "
    if unicodedata.category(character) not in _HARMFUL:
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
