"""grep and sed."""

import os
import re

from dslsconsole.lab.host import Call
from dslsconsole.lab.userland.calling import Inputs, Options, program

_GROUPING = "+?|(){}"


def expression(pattern: str, *, extended: bool, ignore_case: bool = False) -> re.Pattern[bytes]:
    """A POSIX regular expression as Python's.

    Raises:
        re.error: it is none.
    """
    translated: list[str] = []
    position = 0
    while position < len(pattern):
        character = pattern[position]
        if character == "[":
            end = pattern.find("]", position + 2 if pattern[position + 1 : position + 2] != "^" else position + 3)
            while end > 0 and pattern.rfind("[:", position + 1, end) > pattern.rfind(":]", position, end - 1):
                end = pattern.find("]", end + 1)
            inner = pattern[position + 1 : end] if end > 0 else pattern[position + 1 :]
            translated.append("[" + _bracket(inner) + "]")
            position = end + 1 if end > 0 else len(pattern)
            continue
        if character == "\\" and position + 1 < len(pattern):
            following = pattern[position + 1]
            translated.append(following if following in _GROUPING and not extended else "\\" + following)
            position += 2
            continue
        starts = position == 0 or (not extended and pattern[:position].endswith(("\\(", "\\|")))
        if not extended and (character in _GROUPING or (character == "*" and starts)):
            character = "\\" + character
        translated.append(character)
        position += 1
    return re.compile(os.fsencode("".join(translated)), re.IGNORECASE if ignore_case else 0)


_CLASSES = {
    "digit": "0-9",
    "alpha": "a-zA-Z",
    "alnum": "a-zA-Z0-9",
    "space": r"\s",
    "upper": "A-Z",
    "lower": "a-z",
    "blank": r" \t",
    "xdigit": "0-9a-fA-F",
    "punct": r"!-/:-@\[-`{-~",
    "print": r"\x20-\x7e",
}


def _bracket(inner: str) -> str:
    escaped = inner.replace("\\", "\\\\")
    parts = re.split(r"\[:(\w+):\]", escaped)
    return "".join(
        _CLASSES.get(part, "") if index % 2 else part.replace("[", r"\[") for index, part in enumerate(parts)
    )


@program("qicvEFnohlwxse:m:H", "quiet", "count", "color=", usage_status=2)
async def grep(call: Call, options: Options, operands: list[str]) -> int:
    """Lines that match: -i -v -c -q -n -o -l -w -x -m -E -F -e."""
    pattern = options["e"] if "e" in options else operands.pop(0) if operands else ""
    text = re.escape(pattern) if "F" in options else pattern
    extended = "E" in options or "F" in options or call.name == "egrep"
    alternatives = []
    try:
        for wanted in text.split("\\\n" if "F" in options else "\n"):
            alternatives.append(expression(wanted, extended=extended, ignore_case="i" in options))
    except re.error as error:
        await call.complain(f"Invalid regular expression: {error}")
        return 2
    inputs = Inputs(call, operands)
    counts: dict[str, int] = {}
    number = 0
    async for name, line in inputs.lines():
        number += 1
        found = _found(alternatives, line, options)
        if (found is None) != ("v" in options):
            continue
        counts[name] = counts.get(name, 0) + 1
        if "q" in options or "quiet" in options:
            return 0
        if "c" not in options and "count" not in options and "l" not in options:
            shown = found[0] if found is not None and "o" in options else line
            prefix = f"{name}:".encode() if (inputs.count > 1 or "H" in options) and "h" not in options else b""
            prefix += b"%d:" % number if "n" in options else b""
            await call.stdout.write(prefix + shown + b"\n")
        if "m" in options and counts[name] >= int(options["m"]):
            break
    if "l" in options:
        for name in counts:
            await call.say(name)
    if "c" in options or "count" in options:
        for name in operands or ["-"]:
            await call.say(f"{name}:{counts.get(name, 0)}" if inputs.count > 1 else str(counts.get(name, 0)))
    return 2 if inputs.failed and "s" not in options else 0 if counts else 1


def _found(patterns: list[re.Pattern[bytes]], line: bytes, options: Options) -> re.Match[bytes] | None:
    for pattern in patterns:
        if "x" in options:
            match = pattern.fullmatch(line)
        elif "w" in options:
            match = re.search(rb"(?<!\w)(?:" + pattern.pattern + rb")(?!\w)", line, pattern.flags)
        else:
            match = pattern.search(line)
        if match is not None:
            return match
    return None


_COMMAND = re.compile(
    r"\s*(?:(?P<first>\d+|\$|/(?:[^/\\]|\\.)*/)(?:,(?P<last>\d+|\$|/(?:[^/\\]|\\.)*/))?)?\s*(?P<not>!)?\s*(?P<rest>.*)",
    re.S,
)


class _Edit:
    """One command of a sed script with its addresses."""

    def __init__(self, text: str, *, extended: bool) -> None:
        match = _COMMAND.match(text)
        if match is None or not match["rest"]:
            raise re.error(f"unknown command: {text}")
        self._extended = extended
        self._first, self._last = match["first"], match["last"]
        self._inverted = match["not"] is not None
        self._inside = False
        self.command = match["rest"][0]
        self.rest = match["rest"][1:]
        if self.command == "s":
            self._substitution(self.rest)
        elif self.command not in "pdq":
            raise re.error(f"unknown command: `{self.command}'")

    def _substitution(self, text: str) -> None:
        separator = re.escape(text[:1])
        match = re.fullmatch(
            rf"{separator}((?:[^\\]|\\.)*?){separator}((?:[^\\]|\\.)*?){separator}([gpiI0-9]*)", text, re.S
        )
        if match is None:
            raise re.error("unterminated `s' command")
        self.flags = match[3]
        self.pattern = expression(match[1], extended=self._extended, ignore_case="i" in match[3].lower())
        template = re.sub(r"(?<!\\)&", r"\\g<0>", match[2]).replace("\\&", "&").replace("\\n", "\n")
        self.template = os.fsencode(re.sub(r"\\([^0-9g])", r"\1", template))

    def _matches(self, address: str, number: int, is_last: bool, line: bytes) -> bool:
        if address == "$":
            return is_last
        if address.isdigit():
            return number == int(address)
        return expression(address[1:-1], extended=self._extended).search(line) is not None

    def applies(self, number: int, is_last: bool, line: bytes) -> bool:
        """Whether the command's addresses select a line."""
        if self._first is None:
            return True
        if self._last is None:
            return self._matches(self._first, number, is_last, line) != self._inverted
        if self._inside:
            self._inside = not self._matches(self._last, number, is_last, line)
            return not self._inverted
        if self._matches(self._first, number, is_last, line):
            self._inside = not (self._last.isdigit() and int(self._last) <= number)
            return not self._inverted
        return self._inverted

    def substitute(self, line: bytes) -> tuple[bytes, bool]:
        """The line after `s///`, and whether anything was replaced."""
        changed, count = self.pattern.subn(self.template, line, count=0 if "g" in self.flags else 1)
        return changed, count > 0


@program("nEre:", usage_status=1)
async def sed(call: Call, options: Options, operands: list[str]) -> int:
    """`s///`, `p`, `d` and `q` with addresses; -n, -E."""
    script = options["e"] if "e" in options else operands.pop(0) if operands else ""
    try:
        texts = re.split(r"[;\n](?=\s*(?:[\d$/!]|[spdq]))", script)
        edits = [_Edit(text, extended="E" in options or "r" in options) for text in texts if text.strip()]
    except re.error as error:
        await call.complain(f"-e expression #1, char {len(script)}: {error}")
        return 1
    inputs = Inputs(call, operands)
    lines = await inputs.all_lines()
    for number, original in enumerate(lines, 1):
        printed, ends = _edited(edits, original, number, number == len(lines), quiet="n" in options)
        await call.stdout.write(b"".join(line + b"\n" for line in printed))
        if ends:
            break
    return 2 if inputs.failed else 0


def _edited(edits: list[_Edit], line: bytes, number: int, is_last: bool, *, quiet: bool) -> tuple[list[bytes], bool]:
    printed: list[bytes] = []
    ends = False
    for edit in edits:
        if not edit.applies(number, is_last, line):
            continue
        if edit.command == "d":
            return printed, False
        if edit.command == "p":
            printed.append(line)
        elif edit.command == "q":
            ends = True
            break
        else:
            line, replaced = edit.substitute(line)
            if replaced and "p" in edit.flags:
                printed.append(line)
    if not quiet:
        printed.append(line)
    return printed, ends
