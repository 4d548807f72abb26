"""What characters a terminal can draw, and what is drawn in the place of others.

The screens are drawn in Unicode alone; what a terminal lacks is put in its place on the way out, cell for cell.
"""

import unicodedata
from collections.abc import Mapping
from enum import Enum

from rich.cells import cell_len


class Repertoire(Enum):
    """Which characters there are."""

    UNICODE = "Unicode"
    CONSOLE = "those of the Linux console's font"
    ASCII = "ASCII"


_CONSOLE = {
    "╭": "┌", "╮": "┐", "╰": "└", "╯": "┘", "━": "═",
    "●": "•", "✖": "X", "✔": "√", "↶": "←", "↩": "←", "≠": "#", "␡": "?",
    "▁": "_", "▂": "_", "▃": "▄", "▅": "▄", "▆": "█", "▇": "█",
    "…": "~", "“": '"', "”": '"', "\u2013": "-",
}  # fmt: skip
"""What code page 437, which the kernel starts with, does not have."""
_ASCII = {
    "─": "-", "━": "=", "═": "=", "│": "|", "┃": "|", "║": "|", "·": ".", "→": ">", "←": "<", "↑": "^", "↓": "v",
    "▲": "!", "▶": ">", "●": "*", "•": "*", "○": "o", "✖": "X", "✔": "+", "√": "+", "↶": "<", "↩": "<", "≠": "#",
    "▁": "_", "▂": ".", "▃": ":", "▄": "-", "▅": "=", "▆": "+", "▇": "*", "█": "#", "▌": "|", "░": ".",
    "…": "~", "“": '"', "”": '"', "\u2019": "'", "\u2013": "-", "—": "-", "≤": "<",
}  # fmt: skip


class _Characters(dict[int, str]):
    """For `str.translate`: what stands for a character, worked out the first time it is met."""

    def __init__(self, known: Mapping[str, str], *, ascii_alone: bool) -> None:
        super().__init__({ord(one): other for one, other in known.items()})
        self._ascii_alone = ascii_alone

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        self[code] = letter if code < 0x80 or not self._ascii_alone else _nearest(letter)
        return self[code]


def _nearest(letter: str) -> str:
    """What of ASCII takes as many cells: the letter without its accent, a corner as +, else question marks."""
    if "\u2500" <= letter <= "\u257f":
        return "+"
    plain = unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()
    width = cell_len(letter)
    return plain if len(plain) == width else "?" * width


def characters(repertoire: Repertoire) -> Mapping[int, str] | None:
    """For `str.translate`: what to draw instead of what there is not; None where there is everything."""
    if repertoire is Repertoire.UNICODE:
        return None
    in_ascii = repertoire is Repertoire.ASCII
    return _Characters(_ASCII if in_ascii else _CONSOLE, ascii_alone=in_ascii)
