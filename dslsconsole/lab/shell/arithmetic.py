"""Whole-number arithmetic of `$(( ))` with C's operators and 64 bits (POSIX.1-2024, 2.6.4)."""

import re
from collections.abc import Callable

_TOKEN = re.compile(
    r"\s*(0[xX][0-9a-fA-F]+|\d+|[A-Za-z_]\w*|<<=|>>=|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|[-+*/%<>=!~&|^?:()])"
)
_LEVELS: tuple[tuple[str, ...], ...] = (
    ("||",),
    ("&&",),
    ("|",),
    ("^",),
    ("&",),
    ("==", "!="),
    ("<=", ">=", "<", ">"),
    ("<<", ">>"),
    ("+", "-"),
    ("*", "/", "%"),
)
_ASSIGNMENTS = frozenset(("=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="))


class CalculationError(Exception):
    """An expression that can't be calculated."""


def evaluate(text: str, get: Callable[[str], str], assign: Callable[[str, str], None]) -> int:
    """The value of an expression; variables are read with `get` and set with `assign`.

    Raises:
        CalculationError: a syntax error, or a division by zero.
    """
    if not text.strip():
        return 0
    expression = _Expression(text, get, assign)
    value = expression.assignment(live=True)
    if expression.token is not None:
        raise CalculationError(f'arithmetic expression: expecting EOF: "{text}"')
    return value


def _wrapped(value: int) -> int:
    return (value + 2**63) % 2**64 - 2**63


class _Expression:
    def __init__(self, text: str, get: Callable[[str], str], assign: Callable[[str, str], None]) -> None:
        self._text = text
        self._get = get
        self._assign = assign
        self._tokens: list[str] = []
        position, text = 0, text.rstrip()
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                raise CalculationError(f'arithmetic expression: expecting primary: "{self._text}"')
            self._tokens.append(match[1])
            position = match.end()
        self._next = 0

    @property
    def token(self) -> str | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def _take(self) -> str:
        token = self.token
        if token is None:
            raise CalculationError(f'arithmetic expression: expecting primary: "{self._text}"')
        self._next += 1
        return token

    def assignment(self, *, live: bool) -> int:
        following = self._tokens[self._next + 1] if self._next + 1 < len(self._tokens) else None
        name = self.token
        if name is not None and (name[0].isalpha() or name[0] == "_") and following in _ASSIGNMENTS:
            self._next += 2
            value = self.assignment(live=live)
            if following != "=" and live:
                value = self._apply(str(following)[:-1], self._variable(name), value)
            if live:
                self._assign(name, str(value))
            return value
        return self._conditional(live=live)

    def _conditional(self, *, live: bool) -> int:
        condition = self._binary(0, live=live)
        if self.token != "?":
            return condition
        self._next += 1
        first = self.assignment(live=live and condition != 0)
        if self._take() != ":":
            raise CalculationError(f"arithmetic expression: expecting ':': \"{self._text}\"")
        second = self._conditional(live=live and condition == 0)
        return first if condition else second

    def _binary(self, level: int, *, live: bool) -> int:
        if level == len(_LEVELS):
            return self._unary(live=live)
        value = self._binary(level + 1, live=live)
        while (operator := self.token) is not None and operator in _LEVELS[level]:
            self._next += 1
            decided = (operator == "&&" and not value) or (operator == "||" and bool(value))
            right = self._binary(level + 1, live=live and not decided)
            value = self._apply(operator, value, right) if live and not decided else int(operator == "||")
        return value

    def _apply(self, operator: str, left: int, right: int) -> int:
        if operator in ("/", "%"):
            if right == 0:
                raise CalculationError(f'arithmetic expression: division by zero: "{self._text}"')
            quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
            return _wrapped(quotient if operator == "/" else left - quotient * right)
        if operator in ("<<", ">>"):
            return _wrapped(left << (right & 63) if operator == "<<" else left >> (right & 63))
        results: dict[str, Callable[[], int]] = {
            "||": lambda: int(bool(left) or bool(right)),
            "&&": lambda: int(bool(left) and bool(right)),
            "|": lambda: left | right,
            "^": lambda: left ^ right,
            "&": lambda: left & right,
            "==": lambda: int(left == right),
            "!=": lambda: int(left != right),
            "<=": lambda: int(left <= right),
            ">=": lambda: int(left >= right),
            "<": lambda: int(left < right),
            ">": lambda: int(left > right),
            "+": lambda: left + right,
            "-": lambda: left - right,
            "*": lambda: left * right,
        }
        return _wrapped(results[operator]())

    def _unary(self, *, live: bool) -> int:
        token = self._take()
        if token == "(":
            value = self.assignment(live=live)
            if self._take() != ")":
                raise CalculationError(f"arithmetic expression: expecting ')': \"{self._text}\"")
            return value
        if token in ("-", "+", "!", "~"):
            value = self._unary(live=live)
            return {"-": -value, "+": value, "!": int(not value), "~": ~value}[token]
        if token[0].isdigit():
            return _number(token, self._text)
        if token[0].isalpha() or token[0] == "_":
            return self._variable(token)
        raise CalculationError(f'arithmetic expression: expecting primary: "{self._text}"')

    def _variable(self, name: str) -> int:
        text = self._get(name).strip() or "0"
        sign = -1 if text.startswith("-") else 1
        return sign * _number(text.lstrip("+-"), text)


def _number(token: str, text: str) -> int:
    try:
        if token[:2] in ("0x", "0X"):
            return int(token, 16)
        return int(token, 8 if token.startswith("0") and token != "0" else 10)
    except ValueError:
        raise CalculationError(f"Illegal number: {text}") from None
