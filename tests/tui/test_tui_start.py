"""Starting and ending on a real terminal, and refusing what is none."""

import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dslsconsole.model.frames import encode
from dslsconsole.tui import scenes
from dslsconsole.tui.start import NoTerminal, check_terminal
from dslsconsole.tui.terminal import gone

PROGRAM = """
import sys, time
from dslsconsole.shipped import shipped
from dslsconsole.tui.app import ConsoleApp
from dslsconsole.tui.source import WatchProcess
from dslsconsole.tui.terminal import gone
from dslsconsole.tui.themes import load
script = "import sys, time; sys.stdout.buffer.write(open(sys.argv[1], 'rb').read()); sys.stdout.flush(); "
script += "time.sleep(600)"
source = WatchProcess((sys.executable, "-c", script, sys.argv[1]), time.time)
themes = load([shipped("themes")])
ConsoleApp(source, clock=lambda: float(sys.argv[2]), themes=themes, terminal_gone=lambda: gone(0)).run()
"""


@pytest.mark.parametrize(
    ("term", "is_tty", "encoding", "said"),
    [
        ("xterm", False, "utf-8", "needs a terminal"),
        ("dumb", True, "utf-8", "TERM=dumb"),
        (None, True, "utf-8", "TERM="),
        ("xterm", True, "iso-8859-1", "UTF-8 is needed"),
    ],
)
def test_what_can_not_show_it_is_refused_and_told_what_to_use(
    term: str | None, is_tty: bool, encoding: str, said: str
) -> None:
    with pytest.raises(NoTerminal, match=said) as refused:
        check_terminal(term, input_is_tty=is_tty, output_is_tty=is_tty, encoding=encoding)
    assert "dslsconsole status" in str(refused.value)


def test_a_terminal_whose_far_end_is_closed_is_gone() -> None:
    master, slave = pty.openpty()
    assert not gone(slave)
    os.close(master)
    assert gone(slave)
    os.close(slave)


class Terminal:
    """The program on a pseudo terminal."""

    def __init__(self, tmp_path: Path) -> None:
        frames = tmp_path / "frames.jsonl"
        frames.write_bytes(b"".join(encode(frame) for frame in scenes.healthy()))
        self.master, slave = pty.openpty()
        argv = [sys.executable, "-c", PROGRAM, str(frames), str(scenes.NOON + 1)]
        environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40"}
        self.process = subprocess.Popen(
            argv, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
        )
        os.close(slave)

    def until(self, text: bytes, seconds: float = 15.0) -> bytes:
        """Read until a text is on the terminal."""
        seen, deadline = b"", time.monotonic() + seconds
        while text not in seen:
            left = deadline - time.monotonic()
            assert left > 0, f"{text!r} did not come; the end was {seen[-300:]!r}"
            if select.select([self.master], [], [], left)[0]:
                seen += os.read(self.master, 65536)
        return seen

    def ends_within(self, seconds: float) -> int:
        """Its exit status; the terminal is read meanwhile, so that it can write."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < deadline, "it did not end"
            if select.select([self.master], [], [], 0.05)[0]:
                try:
                    os.read(self.master, 65536)
                except OSError:  # EIO: the other side has closed it
                    continue
        return self.process.returncode

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.master)


@pytest.mark.parametrize("wanted", [signal.SIGHUP, signal.SIGTERM])
def test_it_ends_cleanly_when_the_terminal_goes(tmp_path: Path, wanted: signal.Signals) -> None:
    terminal = Terminal(tmp_path)
    try:
        terminal.until(b"production-cluster")
        terminal.process.send_signal(wanted)
        assert terminal.ends_within(5.0) == 0
    finally:
        terminal.close()


def test_q_leaves_the_terminal_as_it_was(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    try:
        terminal.until(b"production-cluster")
        os.write(terminal.master, b"q")
        terminal.until(b"\x1b[?1049l")
        assert terminal.ends_within(5.0) == 0
    finally:
        terminal.close()
