"""`echo` and `printf`, as dash has them built in."""

import re

from dslsconsole.lab.host import Call

_ESCAPE = re.compile(r"\\(0[0-7]{0,3}|[1-7][0-7]{0,2}|x[0-9a-fA-F]{1,2}|.|$)", re.DOTALL)
_SIMPLE_ESCAPES = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\\": "\\",
    '"': '"',
    "'": "'",
}
_DIRECTIVE = re.compile(r"%([-+ #0]*)(\*|\d+)?(?:\.(\*|\d*))?([diouxXeEfgGcsb%])")


class _Stop(Exception):  # noqa: N818 - `\c` is no error
    """`\\c` was met: nothing more is printed."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def unescaped(text: str, *, zero_octal: bool) -> str:
    """The text with backslash escapes replaced; with `zero_octal` octal numbers start with 0, as in `echo`.

    Raises:
        _Stop: `\\c` ends all printing.
    """
    parts: list[str] = []
    position = 0
    for match in _ESCAPE.finditer(text):
        parts.append(text[position : match.start()])
        position = match.end()
        escape = match[1]
        if escape == "c" and zero_octal:
            raise _Stop("".join(parts))
        if escape in _SIMPLE_ESCAPES and escape not in ("'", '"'):
            parts.append(_SIMPLE_ESCAPES[escape])
        elif escape in ("'", '"') and not zero_octal:
            parts.append(escape)
        elif escape[:1] and escape[0] in "01234567" and (escape[0] == "0" or not zero_octal):
            digits = escape[1:] if zero_octal else escape[:3]
            parts.append(_byte(int(digits or "0", 8)))
            position -= 0 if zero_octal else len(escape) - len(digits)
        else:
            parts.append(match[0])
    parts.append(text[position:])
    return "".join(parts)


def _byte(value: int) -> str:
    return bytes([value & 255]).decode("utf-8", "surrogateescape")


async def echo(call: Call) -> int:
    """`echo [-n] [TEXT…]`, with dash's escapes."""
    words = list(call.arguments)
    end = "\n"
    if words[:1] == ["-n"]:
        words, end = words[1:], ""
    text = " ".join(words)
    if "\\" in text:
        try:
            text = unescaped(text, zero_octal=True)
        except _Stop as stop:
            text, end = stop.text, ""
    await call.stdout.write((text + end).encode("utf-8", "surrogateescape"))
    return 0


class _Arguments:
    """What directives take, one after another; numbers that are none are noted."""

    def __init__(self, values: list[str]) -> None:
        self.values = values
        self.taken = 0
        self.faults: list[str] = []

    def text(self) -> str:
        self.taken += 1
        return self.values[self.taken - 1] if self.taken <= len(self.values) else ""

    def number(self) -> int:
        text = self.text()
        if text[:1] in ("'", '"') and len(text) > 1:
            return ord(text[1])
        try:
            return int(text or "0", 0) if not re.fullmatch(r"[-+]?0\d+", text) else int(text, 8)
        except ValueError:
            self.faults.append(f"{text}: expected numeric value")
            match = re.match(r"\s*[-+]?\d+", text)
            return int(match[0]) if match else 0

    def real(self) -> float:
        text = self.text()
        try:
            return float(text or "0")
        except ValueError:
            self.faults.append(f"{text}: expected numeric value")
            return 0.0


async def printf(call: Call) -> int:
    """`printf FORMAT [ARGUMENT…]`; the format is used again while arguments are left."""
    words = list(call.arguments)
    if words[:1] == ["--"]:
        words = words[1:]
    if not words:
        await call.stderr.write(b"printf: usage: printf format [arg ...]\n")
        return 2
    arguments = _Arguments(words[1:])
    printed: list[str] = []
    try:
        while True:
            before = arguments.taken
            _formatted(words[0], arguments, printed)
            if arguments.taken >= len(arguments.values) or arguments.taken == before:
                break
    except _Stop as stop:
        printed.append(stop.text)
    await call.stdout.write("".join(printed).encode("utf-8", "surrogateescape"))
    for fault in arguments.faults:
        await call.stderr.write(f"sh: 1: printf: {fault}\n".encode("utf-8", "surrogateescape"))
    return 1 if arguments.faults else 0


def _formatted(template: str, arguments: _Arguments, printed: list[str]) -> None:
    position = 0
    for match in _DIRECTIVE.finditer(template):
        printed.append(unescaped(template[position : match.start()], zero_octal=False))
        printed.append(_directive(match, arguments))
        position = match.end()
    printed.append(unescaped(template[position:], zero_octal=False))


def _directive(match: re.Match[str], arguments: _Arguments) -> str:
    flags, width, precision, kind = match.groups()
    if kind == "%":
        return "%"
    wide = arguments.number() if width == "*" else int(width or 0)
    exact = arguments.number() if precision == "*" else None if precision is None else int(precision or 0)
    if wide < 0:
        flags, wide = flags + "-", -wide
    specification = f"%{flags}{wide or ''}{'' if exact is None else f'.{exact}'}"
    match kind:
        case "s":
            return _padded(arguments.text()[:exact], flags, wide)
        case "b":
            return _padded(unescaped(arguments.text(), zero_octal=True)[:exact], flags, wide)
        case "c":
            return _padded(arguments.text()[:1], flags, wide)
        case "e" | "E" | "f" | "g" | "G":
            return str((specification + kind) % arguments.real())
    number = arguments.number()
    if kind in "ouxX" and number < 0:
        number += 2**64
    if kind == "o" and "#" in flags:
        return str(specification.replace("#", "") + "s") % f"0{number:o}"
    return str((specification + ("d" if kind in "diu" else kind)) % number)


def _padded(text: str, flags: str, width: int) -> str:
    return text.ljust(width) if "-" in flags else text.rjust(width)
