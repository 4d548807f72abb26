"""The program on a terminal as a person has it, whatever that is like and whatever befalls it."""

import select
import shlex
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from dslsconsole.model.frames import Frame, encode
from dslsconsole.tui import scenes
from tests.terminal import PATIENCE_S, Terminal, environment

READER = """
import select, sys
frames = open(sys.argv[1], "rb")
while not select.select([sys.stdin], [], [], 0.05)[0]:
    sys.stdout.buffer.write(frames.read())
    sys.stdout.flush()
    open(sys.argv[1] + ".taken", "w").write(str(frames.tell()))
"""
PROGRAM = """
import sys
from pathlib import Path
from dslsconsole.tui.source import WatchProcess
from dslsconsole.tui.start import Wanted, run
clock = lambda: float(sys.argv[2])
source = WatchProcess((sys.executable, "-c", sys.argv[3], sys.argv[1]), clock)
sys.exit(run(Wanted(Path("no-estate.yaml"), None), source, clock))
"""
ROOT = Path(__file__).parent.parent.parent
SERVED = "licences are served by dsls-primary-01"
ALL_THERE = r"nothing has been done yet(.|\n)*q quit"


class Console(Terminal):
    """The console on a terminal, with frames that the test hands out."""

    def __init__(self, directory: Path, *, size: tuple[int, int] = (100, 32), shell: bool = False, **more: str) -> None:
        self._frames = directory / "frames.jsonl"
        self._frames.touch()
        words = [sys.executable, "-c", PROGRAM, str(self._frames), str(scenes.NOON + 1), READER]
        script = directory / "console.sh"
        script.write_text(f"exec {shlex.join(words)}\n")
        self.command = f"bash {script}"
        super().__init__(
            ["bash", "--norc", "--noprofile", "-i"] if shell else words, environment(directory, **more), size
        )
        self.read(scenes.healthy())

    def read(self, frames: Iterable[Frame]) -> None:
        """Let the reading process say this."""
        with self._frames.open("ab") as file:
            file.write(b"".join(encode(frame) for frame in frames))

    def frames_are_taken(self) -> bool:
        """Whether the console has taken from the reading process all that there is, but for what a pipe holds."""
        taken = self._frames.with_suffix(".jsonl.taken")
        said = taken.read_text() if taken.exists() else ""
        return said.isdigit() and int(said) == self._frames.stat().st_size


def test_it_starts_and_follows_the_size(tmp_path: Path) -> None:
    with Console(tmp_path, size=(80, 24)) as console:
        console.until(SERVED)
        console.until(ALL_THERE)
        console.resize(120, 40)
        console.until(r"\n╰.{118}╯\n.*q quit")
        console.until(ALL_THERE)
        console.resize(70, 20)
        console.until("80 by 24 is needed: 70 by 20 is too small")
        console.resize(80, 24)
        console.until(SERVED)
        console.until(ALL_THERE)
        console.press("q")
        assert console.ended() == 0
        assert b"\x1b[?1049l\x1b[?25h" in console.written, "the terminal is given back"


def test_what_was_drawn_bit_by_bit_is_what_is_drawn_anew(tmp_path: Path) -> None:
    with Console(tmp_path, size=(100, 30)) as console:
        console.until(ALL_THERE)
        console.press("?")
        console.until("Help · what the keys do")
        console.press("\x1b")
        console.until(ALL_THERE)
        console.press("3")
        console.until("Nodes━{60,}")
        console.read(scenes.troubled(scenes.NOON + 5))
        console.until("12:00:10Z")
        console.press(":")
        console.until("type a part of its name")
        console.press("drain")
        console.until("drain")
        console.resize(120, 40)
        console.until(lambda seen: "q quit" in seen.lines[39] and "Commands" in seen.text)
        console.settle()
        console.press("\x1b")
        console.until(lambda seen: "✖ CRITICAL" in seen.text and "Commands" not in seen.text)
        console.settle()
        before, written = console.cells(), len(console.written)
        console.press("\x0c")
        console.until(lambda seen: len(seen.written) - written > 5_000)
        console.settle()
        assert console.cells() == before
        console.press("q")
        assert console.ended() == 0


def test_it_ends_with_its_terminal(tmp_path: Path) -> None:
    with Console(tmp_path) as console:
        console.until(SERVED)
        console.lose()


def test_on_a_slow_line_keys_are_answered_and_the_present_is_shown(tmp_path: Path) -> None:
    """9,600 baud are 960 bytes a second."""
    with Console(tmp_path, size=(80, 24), TERM="vt220") as console:
        console.until(ALL_THERE)
        console.slow_down(9600)
        console.press("z")
        console.until("━Nodes━{60,}")
        for second in range(1, 200):
            console.read(scenes.healthy(scenes.NOON + second))
        console.read(scenes.troubled(scenes.NOON + 200))
        console.until("12:03:2.Z")
        console.press("q")
        assert console.ended() == 0


def test_a_terminal_that_stops_reading_costs_nothing_but_the_picture(tmp_path: Path) -> None:
    with Console(tmp_path, size=(160, 50)) as console:
        console.until(ALL_THERE)
        for _ in range(100):  # each paints the whole screen, of which the terminal holds a few
            console.press("z")
            select.select([], [], [], 0.05)
        for second in range(1, 120):
            console.read(scenes.healthy(scenes.NOON + second))
        deadline = time.monotonic() + PATIENCE_S
        while not console.frames_are_taken():
            assert time.monotonic() < deadline, "it waits for its terminal, and its reading with it"
            select.select([], [], [], 0.05)  # nobody reads the terminal meanwhile
        held = len(console.written)
        console.read(scenes.troubled(scenes.NOON + 120))
        console.until("12:02:0.Z")
        console.until(ALL_THERE)
        # It would be megabytes; what the terminal's own buffer holds, and keys still waiting in it, come first.
        assert len(console.written) - held < 500_000, "the backlog is not drawn"
        console.press("q")
        assert console.ended() == 0


def test_ctrl_z_gives_the_terminal_to_the_shell_and_fg_takes_it_back(tmp_path: Path) -> None:
    with Console(tmp_path, shell=True, PS1="shell> ") as console:
        console.until("shell>")
        console.press(f"{console.command}\r")
        console.until(SERVED)
        console.until(ALL_THERE)
        console.press("\x1a")
        console.until("Stopped")
        assert b"\x1b[?1049l" in console.written
        console.press("clear; echo in the $((1 + 1))nd shell; fg\r")
        console.until(lambda seen: b"in the 2nd shell" in seen.written)  # it does not stand there for long
        console.until(lambda seen: seen.written.count(b"\x1b[?1049h") == 2)
        console.until(ALL_THERE)
        console.press("q")
        console.until(lambda seen: seen.written.count(b"\x1b[?1049l") == 2)


def test_where_there_is_no_shell_ctrl_z_says_so(tmp_path: Path) -> None:
    with Console(tmp_path) as console:
        console.until(ALL_THERE)
        console.press("\x1a")
        console.until("there is no shell to go to")
        console.press("q")
        assert console.ended() == 0


def test_no_color_leaves_none_and_the_cursor_is_seen(tmp_path: Path) -> None:
    with Console(tmp_path, NO_COLOR="1", COLORTERM="truecolor") as console:
        console.until(ALL_THERE)
        assert console.colours() == {"default"}
        assert any("dsls-primary-01" in line for line in console.reversed_lines())
        console.press("\t")
        console.until("┏━ Token pools")
        assert any("commercial" in line for line in console.reversed_lines())


def test_without_unicode_it_is_drawn_in_ascii(tmp_path: Path) -> None:
    with Console(tmp_path, LANG="C") as console:
        console.until(r"(?m)^\+- Nodes -+\+")
        console.until(r"\* OK +primary dsls-primary-01")
        assert console.written.isascii()
        console.press("?")
        console.until("what the keys do")
        assert console.written.isascii()


def test_the_linux_console_gets_what_its_font_has(tmp_path: Path) -> None:
    with Console(tmp_path, size=(80, 24), TERM="linux", LANG="C.UTF-8") as console:
        console.until("• OK")
        console.until(ALL_THERE)
        assert not set(console.text) & set("╭╮╰╯●✖✔━▁▂▃▅▆▇…")
        assert b"38;5" not in console.written
        assert b"38;2" not in console.written


def test_a_dumb_terminal_is_told_what_to_use(tmp_path: Path) -> None:
    estate = str(ROOT / "config" / "estate-minimal.yaml")
    argv = [sys.executable, "-m", "dslsconsole", "-c", estate, "console"]
    with Terminal(argv, environment(tmp_path, TERM="dumb")) as terminal:
        assert terminal.ended() == 64
        assert "TERM=dumb" in terminal.text
        assert "dslsconsole status" in terminal.text
        assert b"\x1b" not in terminal.written
