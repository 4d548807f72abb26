"""What is wrong with an estate file, and where."""

from dataclasses import dataclass
from pathlib import Path

LONGEST_QUOTE = 60

Key = tuple[str | int, ...]
"""The way from the top of an estate file to one value: mapping keys, and positions in lists counted from 0."""


@dataclass(frozen=True)
class Position:
    """A place in a file; lines and columns are counted from 1."""

    line: int = 1
    column: int = 1


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: where, and what would be right."""

    file: Path
    line: int
    column: int
    key: str
    text: str

    def __str__(self) -> str:
        return f"{shown(str(self.file))}:{self.line}:{self.column}: {self.key}: {self.text}"


class ConfigurationError(Exception):
    """An estate file that can't be used; `findings` holds everything that is wrong with it, in the file's order."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("\n".join(str(finding) for finding in findings))
        self.findings = findings


class NoEstate(Exception):  # noqa: N818 - it is a state of affairs, and the sentence says what to do
    """No estate file was found; the text says where it was looked for and what to do."""


def shown(text: str) -> str:
    """The text with every character that a terminal would obey written as an escape."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)


def quoted(value: object) -> str:
    """A value of the file as it may be quoted in a sentence: short, on one line, without control characters."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = shown(str(value)[: LONGEST_QUOTE + 1])
    if len(text) > LONGEST_QUOTE:
        text = text[:LONGEST_QUOTE] + "…"
    return f"“{text}”"


def dotted(key: Key) -> str:
    """The key as it is named in a finding: `clusters.east.nodes.a.mode`, `notifications[0].webhook`."""
    text = ""
    for part in key:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            name = shown(part[: LONGEST_QUOTE + 1])
            text += f".{name}" if text else name
    return text or "(the whole file)"
