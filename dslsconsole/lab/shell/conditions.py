"""`test` and `[` (POSIX.1-2024, test)."""

from collections.abc import Callable

from dslsconsole.lab.filesystem import Status
from dslsconsole.lab.host import Call


class _Misused(Exception):  # noqa: N818 - the text is all there is to it
    """The expression can't be read."""


async def test(call: Call) -> int:
    """Evaluate an expression: 0 true, 1 false, 2 misused."""
    words = list(call.arguments)
    if call.name == "[":
        if not words or words[-1] != "]":
            await call.stderr.write(b"sh: 1: [: missing ]\n")
            return 2
        words.pop()
    for word in words:
        if "/" in word:
            await call.host.files.reach(call.path(word))
    try:
        return 0 if _evaluate(call, words) else 1
    except _Misused as error:
        await call.stderr.write(f"sh: 1: {call.name}: {error}\n".encode("utf-8", "surrogateescape"))
        return 2


def _evaluate(call: Call, words: list[str]) -> bool:
    """POSIX's rules by the number of arguments, then the grammar with -a, -o and parentheses."""
    match words:
        case []:
            return False
        case [text]:
            return text != ""
        case ["!", text]:
            return text == ""
        case [left, operator, right] if operator in _BINARY:
            return _BINARY[operator](left, right)
        case ["!", *rest] if len(rest) == 3 and rest[1] in _BINARY:
            return not _evaluate(call, rest)
    expression = _Expression(call, words)
    value = expression.either()
    if expression.position < len(words):
        raise _Misused(f"{words[expression.position]}: unexpected operator")
    return value


class _Expression:
    def __init__(self, call: Call, words: list[str]) -> None:
        self._call = call
        self._words = words
        self.position = 0

    def _peek(self, offset: int = 0) -> str | None:
        index = self.position + offset
        return self._words[index] if index < len(self._words) else None

    def _take(self) -> str:
        word = self._peek()
        if word is None:
            raise _Misused("argument expected")
        self.position += 1
        return word

    def either(self) -> bool:
        value = self._both()
        while self._peek() == "-o":
            self.position += 1
            value = self._both() or value
        return value

    def _both(self) -> bool:
        value = self._negated()
        while self._peek() == "-a":
            self.position += 1
            value = self._negated() and value
        return value

    def _negated(self) -> bool:
        if self._peek() == "!" and self._peek(1) is not None:
            self.position += 1
            return not self._negated()
        return self._primary()

    def _primary(self) -> bool:
        word = self._take()
        following = self._peek()
        if following in _BINARY and self._peek(1) is not None:
            operator, right = self._take(), self._take()
            return _BINARY[operator](word, right)
        if word == "(" and following is not None:
            value = self.either()
            if self._take() != ")":
                raise _Misused("closing paren expected")
            return value
        if word in _UNARY and following is not None and following not in ("-a", "-o"):
            return _UNARY[word](self._call, self._take())
        if word in _FILE_TESTS and following is not None and following not in ("-a", "-o"):
            return _file_test(self._call, word, self._take())
        if len(word) == 2 and word[0] == "-" and following is not None and following not in ("-a", "-o", ")"):
            raise _Misused(f"{word}: unexpected operator")
        return word != ""


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise _Misused(f"Illegal number: {text}") from None


_BINARY: dict[str, Callable[[str, str], bool]] = {
    "=": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    ">": lambda left, right: left > right,
    "-eq": lambda left, right: _integer(left) == _integer(right),
    "-ne": lambda left, right: _integer(left) != _integer(right),
    "-gt": lambda left, right: _integer(left) > _integer(right),
    "-ge": lambda left, right: _integer(left) >= _integer(right),
    "-lt": lambda left, right: _integer(left) < _integer(right),
    "-le": lambda left, right: _integer(left) <= _integer(right),
}

_UNARY: dict[str, Callable[[Call, str], bool]] = {
    "-n": lambda call, text: text != "",
    "-z": lambda call, text: text == "",
    "-t": lambda call, text: False,
    "-S": lambda call, text: call.path(text) in call.host.sockets,
    "-p": lambda call, text: False,
    "-b": lambda call, text: False,
    "-c": lambda call, text: call.path(text) == "/dev/null",
    "-r": lambda call, text: _may(call, text, 4),
    "-w": lambda call, text: _may(call, text, 2),
    "-x": lambda call, text: _may(call, text, 1),
}

_FILE_TESTS: dict[str, Callable[[Status], bool]] = {
    "-e": lambda status: True,
    "-f": lambda status: status.is_file,
    "-d": lambda status: status.is_directory,
    "-s": lambda status: status.size > 0,
    "-h": lambda status: status.is_link,
    "-L": lambda status: status.is_link,
    "-u": lambda status: bool(status.mode & 0o4000),
    "-g": lambda status: bool(status.mode & 0o2000),
}


def _may(call: Call, name: str, bit: int) -> bool:
    try:
        place = call.host.files.place(call.path(name), account=call.account)
        if not call.host.files.exists(place.path):
            return located_program(call, name) and bit != 2
        call.host.files.check(place, call.account, bit)
    except OSError:
        return False
    return bit != 1 or bool(call.host.files.status(place.path).mode & 0o111)


def located_program(call: Call, name: str) -> bool:
    """Whether a built-in program of the host answers to a path."""
    return "/" in name and call.host.find_program(name) is not None


def _file_test(call: Call, operator: str, name: str) -> bool:
    if call.path(name) == "/dev/null" and operator == "-e":
        return True
    try:
        status = call.host.files.status(call.path(name), call.account, follow=operator not in ("-h", "-L"))
    except OSError:
        return operator in ("-e", "-f") and located_program(call, name)
    return _FILE_TESTS[operator](status)
