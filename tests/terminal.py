"""A terminal for tests: a program on a pseudo terminal (pexpect), and what a person would see of it (pyte)."""

import os
import re
import select
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import pexpect
import pyte

ROOT = Path(__file__).parent.parent
PATIENCE_S = 60.0
"""How long anything may take before a test gives up; a loaded machine is slow."""
LOOKS_EVERY_S = 0.05


def environment(home: Path, **more: str) -> dict[str, str]:
    """What a login gives, and no more."""
    given = {"PATH": os.environ["PATH"], "HOME": str(home), "TERM": "xterm-256color", "PYTHONPATH": str(ROOT)}
    return given | more


class Terminal:
    """A program on a terminal of its own.

    Args:
        argv: the program and its arguments.
        environment: all of its environment.
        size: columns and lines.
    """

    def __init__(self, argv: Sequence[str], environment: Mapping[str, str], size: tuple[int, int] = (100, 32)) -> None:
        columns, lines = size
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self._share: int | None = None
        self.written = b""
        """All that the program has written, as far as it was read."""
        self.process: Any = pexpect.spawn(
            argv[0], list(argv[1:]), env=dict(environment), dimensions=(lines, columns), timeout=None, echo=False
        )
        self.process.delaybeforesend = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.isalive():
            self.process.kill(9)
            self.process.wait()
        self.process.close()

    @property
    def lines(self) -> list[str]:
        """The screen, line by line."""
        return [line.rstrip() for line in self._screen.display]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def reversed_lines(self) -> list[str]:
        """The lines of which some is drawn in reverse."""
        return [
            self.lines[number]
            for number in range(self._screen.lines)
            if any(self._screen.buffer[number][column].reverse for column in range(self._screen.columns))
        ]

    def cells(self) -> list[list[Any]]:
        """Every cell of the screen, line by line: its character, colours and style."""
        return [
            [self._screen.buffer[line][column] for column in range(self._screen.columns)]
            for line in range(self._screen.lines)
        ]

    def colours(self) -> set[str]:
        """The colours on the screen, of letters and of what is behind them."""
        return {colour for line in self.cells() for cell in line for colour in (cell.fg, cell.bg)}

    def press(self, keys: str) -> None:
        self.process.send(keys)

    def press_until(self, keys: str, seen: str | Callable[[Self], bool]) -> None:
        """Press again and again until something is so: a dialog does not hear what comes before it could be read."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            self.press(keys)
            try:
                return self.until(seen, within_s=2.0)
            except AssertionError:
                if time.monotonic() > deadline:
                    raise

    def resize(self, columns: int, lines: int) -> None:
        self._screen.resize(lines, columns)
        self.process.setwinsize(lines, columns)

    def slow_down(self, baud: int) -> None:
        """From now on the line takes so many bits a second, ten for a byte."""
        self._share = int(baud / 10 * LOOKS_EVERY_S)

    def look(self) -> bool:
        """Read once what is there; false at the end of the program's writing."""
        began = time.monotonic()
        try:
            data = self.process.read_nonblocking(self._share or 65536, timeout=LOOKS_EVERY_S)
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        self.written += data
        self._stream.feed(data)
        if self._share is not None:
            time.sleep(max(0.0, LOOKS_EVERY_S - (time.monotonic() - began)))  # the line takes so long
        return True

    def until(self, seen: str | Callable[[Self], bool], within_s: float = PATIENCE_S) -> None:
        """Look until the screen shows a text (a regular expression), or until what is asked is so."""
        deadline = time.monotonic() + within_s
        while not (seen(self) if callable(seen) else re.search(seen, self.text)):
            going = self.look()
            assert time.monotonic() < deadline, f"{seen} did not come; the screen is\n{self.text}"
            assert going or (not callable(seen) and re.search(seen, self.text)), f"it ended; the screen is\n{self.text}"

    def settle(self, looks: int = 8) -> None:
        """Look until nothing has been written for so many looks."""
        quiet = 0
        while quiet < looks:
            written = len(self.written)
            self.look()
            quiet = 0 if len(self.written) > written else quiet + 1

    def ended(self, within_s: float = PATIENCE_S) -> int:
        """The exit status, once it has ended; what it writes is read meanwhile."""
        deadline = time.monotonic() + within_s
        while self.look():
            assert time.monotonic() < deadline, f"it did not end; the screen is\n{self.text}"
        self.process.wait()
        return (
            self.process.exitstatus if self.process.exitstatus is not None else 128 + (self.process.signalstatus or 0)
        )

    def lose(self, within_s: float = PATIENCE_S) -> None:
        """Close the far end, as a dropped connection does, and wait until the program has ended."""
        self.process.ptyproc.fileobj.close()
        deadline = time.monotonic() + within_s
        while self.process.isalive():
            assert time.monotonic() < deadline, "it goes on without its terminal"
            select.select([], [], [], LOOKS_EVERY_S)
