"""How a practice program gets its options and its input files."""

import getopt
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

from dslsconsole.lab.host import Call, Program

Options = dict[str, str]
"""What was given: option letters and long names without dashes; the last value of each."""

Body = Callable[[Call, Options, list[str]], Awaitable[int]]


def program(short: str = "", *long: str, usage_status: int = 1, number: str = "") -> Callable[[Body], Program]:
    """Make a program of a function that takes a call, its options and its operands.

    Args:
        short: option letters as for getopt(3); `:` after one that takes a value, `+` first to stop at an operand.
        long: long option names; `=` after one that takes a value.
        usage_status: the exit status where an option is not known.
        number: the option letter that `-5` is short for, if any.
    """

    def wrapped(body: Body) -> Program:
        async def run(call: Call) -> int:
            arguments = list(call.arguments)
            if number:
                arguments = [re.sub(r"^-(\d+)$", rf"-{number}\1", argument) for argument in arguments]
            try:
                pairs, operands = getopt.gnu_getopt(arguments, short, list(long))
            except getopt.GetoptError as error:
                kind = "invalid option -- " if len(error.opt) == 1 else "unrecognized option "
                dashes = "" if len(error.opt) == 1 else "--"
                await call.complain(f"{kind}'{dashes}{error.opt}'")
                return usage_status
            return await body(call, {name.lstrip("-"): value for name, value in pairs}, operands)

        return run

    return wrapped


class Inputs:
    """The files a text program reads, or standard input where none is named."""

    def __init__(self, call: Call, operands: Iterable[str]) -> None:
        self._call = call
        self._names = list(operands) or ["-"]
        self.failed = False

    @property
    def count(self) -> int:
        return len(self._names)

    async def whole(self) -> AsyncIterator[tuple[str, bytes]]:
        """Each file's name with all that is in it; one that can't be read is complained about."""
        for name in self._names:
            if name == "-":
                yield name, await self._call.stdin.read()
                continue
            path = self._call.path(name)
            if path in ("/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"):
                yield name, await self._call.stdin.read()
                continue
            try:
                await self._call.host.files.reach(path)
                data = b"" if path == "/dev/null" else self._call.host.files.read(path, self._call.account)
            except OSError as error:
                self.failed = True
                await self._call.complain(f"{name}: {error.strerror}")
                continue
            yield name, data

    async def lines(self) -> AsyncIterator[tuple[str, bytes]]:
        """Each line, without its newline, as soon as it is there; with the name of its file."""
        if self._names == ["-"]:
            while line := await self._call.stdin.readline():
                yield "-", line.removesuffix(b"\n")
            return
        async for name, data in self.whole():
            for line in data.removesuffix(b"\n").split(b"\n") if data else []:
                yield name, line

    async def all_lines(self) -> list[bytes]:
        """All lines of all files."""
        return [line async for _, line in self.lines()]
