"""Starting and ending on a real terminal, and refusing what is none."""

import fcntl
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest
from rich.cells import cell_len

from dslsconsole.model.frames import encode
from dslsconsole.shipped import shipped
from dslsconsole.tui import scenes
from dslsconsole.tui.abilities import repertoire
from dslsconsole.tui.repertoire import Repertoire, characters
from dslsconsole.tui.start import NoTerminal, check_terminal, chosen_theme
from dslsconsole.tui.terminal import gone
from dslsconsole.tui.themes import load

PROGRAM = """
import sys, time
from dslsconsole.shipped import shipped
from dslsconsole.tui.app import ConsoleApp
from dslsconsole.tui.source import WatchProcess
from dslsconsole.tui.terminal import LastResort, gone
from dslsconsole.tui.themes import load
script = "import os, sys; open(sys.argv[1] + '.pid', 'w').write(str(os.getpid())); "
script += "sys.stdout.buffer.write(open(sys.argv[1], 'rb').read()); sys.stdout.flush(); sys.stdin.read()"
source = WatchProcess((sys.executable, "-c", script, sys.argv[1]), time.time)
themes = load([shipped("themes")])
resort = LastResort(0, within_s=1.0)
app = ConsoleApp(
    source, clock=lambda: float(sys.argv[2]), themes=themes, terminal_gone=lambda: gone(0), last_resort=resort
)
app.run()
"""


@pytest.mark.parametrize(
    ("term", "is_tty", "said"),
    [("xterm", False, "needs a terminal"), ("dumb", True, "TERM=dumb"), (None, True, "TERM=")],
)
def test_what_can_not_show_it_is_refused_and_told_what_to_use(term: str | None, is_tty: bool, said: str) -> None:
    with pytest.raises(NoTerminal, match=said) as refused:
        check_terminal(term, input_is_tty=is_tty, output_is_tty=is_tty)
    assert "dslsconsole status" in str(refused.value)


@pytest.mark.parametrize(
    ("environment", "few"),
    [
        ({"TERM": "xterm-256color"}, False),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, False),
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, False),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, True),
        ({"TERM": "xterm"}, True),
        ({"TERM": "linux"}, True),
    ],
)
def test_where_there_are_few_colours_the_theme_of_few_is_taken(environment: dict[str, str], few: bool) -> None:
    loaded = load([shipped("themes")])
    assert chosen_theme(None, loaded, environment) == ("ansi" if few else "dark")
    assert chosen_theme("light", loaded, environment) == "light"


def test_a_theme_that_is_not_there_says_which_are_and_why_others_are_not(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("name: mine\nlabel: my own\n")
    with pytest.raises(ValueError, match=r"no theme is called mine; there is ansi, .*dark") as refused:
        chosen_theme("mine", load([shipped("themes"), tmp_path]), {})
    assert f"{tmp_path / 'mine.yaml'} is left out" in str(refused.value)


@pytest.mark.parametrize(
    ("environment", "encoding", "has"),
    [
        ({"TERM": "xterm", "LANG": "de_DE.UTF-8"}, "utf-8", Repertoire.UNICODE),
        ({"TERM": "xterm"}, "utf-8", Repertoire.UNICODE),
        ({"TERM": "linux", "LANG": "C.UTF-8"}, "utf-8", Repertoire.CONSOLE),
        ({"TERM": "linux", "LANG": "C"}, "utf-8", Repertoire.ASCII),
        ({"TERM": "xterm", "LANG": "de_DE.UTF-8", "LC_ALL": "POSIX"}, "utf-8", Repertoire.ASCII),
        ({"TERM": "xterm", "LANG": "C", "LC_CTYPE": "en_US.utf8"}, "utf-8", Repertoire.UNICODE),
        ({"TERM": "xterm", "LANG": "de_DE.UTF-8"}, "iso-8859-1", Repertoire.ASCII),
    ],
)
def test_which_characters_there_are(environment: dict[str, str], encoding: str, has: Repertoire) -> None:
    assert repertoire(environment, encoding) is has


@pytest.mark.parametrize(
    ("has", "drawn"),
    [
        (Repertoire.UNICODE, "\x1b[1m╭─ ● ✖ é 中 …"),
        (Repertoire.CONSOLE, "\x1b[1m┌─ • X é 中 ~"),
        (Repertoire.ASCII, "\x1b[1m+- * X e ?? ~"),
    ],
)
def test_a_character_that_is_not_there_is_drawn_as_another_as_wide(has: Repertoire, drawn: str) -> None:
    there = characters(has)
    text = "\x1b[1m╭─ ● ✖ é 中 …"
    assert (text if there is None else text.translate(there)) == drawn
    assert cell_len(drawn) == cell_len(text)


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
        self._reader = tmp_path / "frames.jsonl.pid"
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

    def reader_ends(self, seconds: float = 10.0) -> None:
        """Wait until the process that the program reads from is gone."""
        own, deadline = Path(f"/proc/{self._reader.read_text()}"), time.monotonic() + seconds
        while own.exists() and "\nState:\tZ" not in (own / "status").read_text():
            assert time.monotonic() < deadline, "it outlives the console"
            select.select([], [], [], 0.05)

    def stalls(self, seconds: float = 10.0) -> None:
        """Wait until no more comes though nobody reads: the terminal holds all that it can."""
        deadline = time.monotonic() + seconds
        since, held = time.monotonic(), -1
        while time.monotonic() - since < 1.0:
            assert time.monotonic() < deadline, "it never stood still"
            now = int.from_bytes(fcntl.ioctl(self.master, termios.FIONREAD, b"\0" * 4), sys.byteorder)
            if now != held:
                since, held = time.monotonic(), now
            select.select([], [], [], 0.05)

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


@pytest.mark.parametrize("wanted", [signal.SIGHUP, signal.SIGTERM])
def test_it_ends_though_the_terminal_takes_nothing_more(tmp_path: Path, wanted: signal.Signals) -> None:
    terminal = Terminal(tmp_path)
    try:
        terminal.until(b"production-cluster")
        settings = termios.tcgetattr(terminal.master)
        for _ in range(60):  # each repaints the screen, where they don't come in a burst; nobody reads
            os.write(terminal.master, b"z")
            select.select([], [], [], 0.03)
        terminal.stalls()
        terminal.process.send_signal(wanted)
        assert terminal.process.wait(timeout=5.0) == 128 + wanted
        assert termios.tcgetattr(terminal.master)[3] & termios.ECHO, "the terminal is as it was before"
        assert not settings[3] & termios.ECHO
        terminal.reader_ends()
    finally:
        terminal.close()


@pytest.mark.parametrize(("said", "seconds"), [(None, 0.6), ("50", 0.05)])
def test_a_key_in_two_pieces_is_waited_for(said: str | None, seconds: float) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "ESCDELAY"}
    script = "import dslsconsole.tui.start; from textual import constants; print(constants.ESCAPE_DELAY)"
    told = subprocess.run(
        [sys.executable, "-c", script],
        env=environment | ({} if said is None else {"ESCDELAY": said}),
        capture_output=True,
        check=True,
        text=True,
    )
    assert float(told.stdout) == seconds


def test_q_leaves_the_terminal_as_it_was(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    try:
        terminal.until(b"production-cluster")
        os.write(terminal.master, b"q")
        terminal.until(b"\x1b[?1049l")
        assert terminal.ends_within(5.0) == 0
    finally:
        terminal.close()
