"""What a person feels of the console, beside what they know on the same terminal.

    python -m tests.bench.bench_console

prints a table; it asserts nothing. The terminal is a pseudo terminal of 160 by 50. The practice estate is read
by dslsconsole, and by `watch` over a script that asks each node over ssh as the guide's own does; hatop shows a real
HAProxy of 1,000 servers, dolphie an idle MariaDB. What is not installed is named. A frame is there once nothing more
is written for 20 ms.
"""

import getpass
import os
import random
import select
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pexpect
from rich.console import Console
from rich.table import Table

from dslsconsole.commands.demo import practice_estate
from dslsconsole.settings import load
from dslsconsole.settings.hosts import hosts_of
from tests.terminal import ROOT, environment

SIZE = (160, 50)
KEYS = 150
QUIET_S = 0.02
PATIENCE_S = 60.0
STALL_S = 60.0
SERVERS = 1_000


class Screen:
    """A program on a pseudo terminal, and when what it wrote came."""

    def __init__(self, argv: Sequence[str], home: Path) -> None:
        columns, lines = SIZE
        self.began = time.monotonic()
        given = environment(home) | {"COLORTERM": "truecolor"}
        self.process: Any = pexpect.spawn(
            argv[0], list(argv[1:]), env=given, dimensions=(lines, columns), timeout=None, echo=False, cwd=str(ROOT)
        )
        self.process.delaybeforesend = None
        self.written = b""

    def read(self, within_s: float) -> bytes:
        """What comes next, or nothing."""
        ready, _, _ = select.select([self.process.child_fd], [], [], within_s)
        data = os.read(self.process.child_fd, 65536) if ready else b""
        self.written += data
        return data

    def until(self, text: bytes) -> float:
        """Seconds since the start until this was written."""
        deadline = time.monotonic() + PATIENCE_S
        while text not in self.written:
            self.read(0.5)
            if time.monotonic() > deadline:
                raise SystemExit(f"{text!r} was not written within {PATIENCE_S:g} s: {self.written[-2000:]!r}")
        return time.monotonic() - self.began

    def settle(self, quiet_s: float = QUIET_S) -> tuple[float, int]:
        """Read until nothing comes for a while; when the last of it came, and how much."""
        last, size = time.monotonic(), 0
        while data := self.read(quiet_s):
            last, size = time.monotonic(), size + len(data)
        return last, size

    def key_to_frame(self, keys: Sequence[str], pause_s: float = 0.1) -> list[float]:
        """Milliseconds from each key to the end of the frame that it made."""
        found = []
        dice = random.Random(1)
        for number in range(KEYS):
            self.settle(pause_s + dice.random() * pause_s)
            began = time.monotonic()
            self.process.send(keys[number % len(keys)])
            first = self.read(2.0)
            last, _ = self.settle()
            if first:
                found.append((max(last, began) - began) * 1e3)
        return found

    def end(self) -> None:
        self.process.close(force=True)


@contextmanager
def running(argv: Sequence[str], home: Path) -> Iterator[Screen]:
    screen = Screen(argv, home)
    try:
        yield screen
    finally:
        screen.end()


def p95(values: Sequence[float]) -> str:
    return f"{statistics.quantiles(values, n=20)[18]:.0f}" if len(values) > 1 else "–"  # noqa: RUF001


def starts(table: Table, directory: Path) -> None:
    """From the start of a program to its first frame, and to the first data."""
    program = [sys.executable, "-m", "dslsconsole"]
    with practice_estate(directory / "lab", 1, 1.0) as estate:
        for turn in range(3):
            with running([*program, "-c", str(estate), "console", "--no-record"], directory) as screen:
                frame = screen.until(b"dslsconsole")
                data = screen.until(b"licences are served")
                table.add_row(f"dslsconsole, start {turn + 1}", f"{frame:.2f}", f"{data:.2f}", "", "")
        if shutil.which("watch"):
            script = health_script(directory, estate)
            with running(["watch", "-n", "5", str(script)], directory) as screen:
                frame = screen.until(b"Every")
                data = screen.until(b"tokens of the last")
                table.add_row("watch over a script of ssh", f"{frame:.2f}", f"{data:.2f}", "", "")


def health_script(directory: Path, estate: Path) -> Path:
    """Asks three nodes one after another, three questions each, every one over a connection of its own."""
    settings = load(estate)
    key, hosts = settings.ssh.identity_files[0], settings.ssh.known_hosts_file
    (cluster,) = hosts_of(settings)
    lines = ["#!/bin/sh"]
    for node in cluster.nodes:
        ssh = (
            f"ssh -F none -o BatchMode=yes -o UserKnownHostsFile={hosts} -i {key} -p {node.ssh_port} "
            f"{settings.ssh.probe_user}@{node.address}"
        )
        path = settings.dslicsrv.path
        lines.append(f"echo {node.name}; {ssh} systemctl is-active {node.unit}")
        lines.append(f"{ssh} '{path} -tokens | grep Available'; {ssh} '{path} -cluster-status | grep Role'")
    lines.append("echo tokens of the last")
    script = directory / "health.sh"
    script.write_text("\n".join(lines) + "\n")
    script.chmod(0o755)
    return script


def many(table: Table, directory: Path) -> None:
    """Keys while 1,000 nodes are told of in rounds of 5 s."""
    for share, words in ((0.02, "2 % changing"), (1.0, "all changing")):
        with running([sys.executable, "-m", "tests.bench.console_on_many", str(share)], directory) as screen:
            frame = screen.until(b"dslsconsole")
            data = screen.until(b"licences are served")
            screen.process.send("1")
            screen.settle(1.0)
            took = screen.key_to_frame(("\x1b[B", "\x1b[A", "\x1b[6~", "\x1b[5~"))
            table.add_row(
                f"dslsconsole, 1,000 nodes, {words}",
                f"{frame:.2f}",
                f"{data:.2f}",
                f"{statistics.median(took):.0f}",
                p95(took),
            )


def hatop(table: Table, directory: Path) -> None:
    if not shutil.which("hatop") or not shutil.which("haproxy"):
        table.add_row("hatop", "not installed", "", "", "")
        return
    socket = directory / "haproxy.sock"
    servers = "\n".join(f"  server s{n:04} 127.0.0.1:{20000 + n} disabled" for n in range(SERVERS))
    config = directory / "haproxy.cfg"
    config.write_text(
        f"global\n  stats socket {socket} level admin\ndefaults\n  mode tcp\n  timeout connect 1s\n"
        f"  timeout client 1s\n  timeout server 1s\nbackend many\n{servers}\n"
    )
    process = subprocess.Popen(["haproxy", "-f", str(config), "-db"], stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + PATIENCE_S
        while not socket.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        with running(["hatop", "-s", str(socket)], directory) as screen:
            frame = screen.until(b"HATop")
            data = screen.until(b"s0001")
            screen.settle(1.0)
            took = screen.key_to_frame(("\x1b[B", "\x1b[A", "\x1b[6~", "\x1b[5~"))
            middle = f"{statistics.median(took):.0f}" if took else ""
            table.add_row("hatop, 1,000 servers", f"{frame:.2f}", f"{data:.2f}", middle, p95(took))
    finally:
        process.terminate()
        process.wait()


def dolphie(table: Table, directory: Path) -> None:
    if not shutil.which("dolphie") or not shutil.which("mariadbd") or not shutil.which("mariadb-install-db"):
        table.add_row("dolphie", "not installed", "", "", "")
        return
    data, socket = directory / "mariadb", directory / "mariadb.sock"
    given = ("--no-defaults", f"--datadir={data}", f"--user={getpass.getuser()}")
    made = ("mariadb-install-db", *given, "--auth-root-authentication-method=normal", "--skip-test-db")
    subprocess.run(made, check=True, capture_output=True)
    process = subprocess.Popen(
        ["mariadbd", *given, f"--socket={socket}", "--skip-networking"], stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + PATIENCE_S
        while not socket.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        words = ["dolphie", "-S", str(socket), "-u", "root", "--pypi-repo", "http://127.0.0.1:9/"]
        with running(words, directory) as screen:
            frame = screen.until(b"Dolphie")
            first = screen.until(b"Processlist")
            screen.settle(1.0)
            took = screen.key_to_frame(("1", "2"))
            middle = f"{statistics.median(took):.0f}" if took else ""
            table.add_row("dolphie, one idle server", f"{frame:.2f}", f"{first:.2f}", middle, p95(took))
    finally:
        process.terminate()
        process.wait()


def stalled(directory: Path) -> str:
    """What comes after a terminal took nothing for a minute: the present, and how much of it."""
    with running([sys.executable, "-m", "tests.bench.console_on_many", "1.0"], directory) as screen:
        screen.until(b"licences are served")
        screen.settle(1.0)
        time.sleep(STALL_S)
        before = len(screen.written)
        began = time.monotonic()
        deadline = began + 15.0
        last, size = began, 0
        while time.monotonic() < deadline and (found := screen.settle(0.5))[1]:
            last, size = found[0], size + found[1]
        now = time.strftime("%H:%M", time.gmtime()).encode()
        present = now in screen.written[before:]
        return (
            f"after {STALL_S:.0f} s in which the terminal took nothing: {size / 1e3:.0f} kB came within "
            f"{last - began:.1f} s, {'with' if present else 'WITHOUT'} the present minute"
        )


def main() -> None:
    table = Table(title="what a person feels, on a pseudo terminal of 160 by 50")
    for column in ("", "first frame, s", "first data, s", "key to frame, ms", "p95, ms"):
        table.add_column(column, justify="left" if not column else "right")
    with tempfile.TemporaryDirectory(prefix="bench-console-") as name:
        directory = Path(name)
        (directory / "lab").mkdir()
        starts(table, directory)
        many(table, directory)
        hatop(table, directory)
        dolphie(table, directory)
        Console(width=120).print(table)
        print(stalled(directory))


if __name__ == "__main__":
    main()
