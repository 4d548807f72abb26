"""`dslsconsole demo`: the practice estate and the console on it, in one command."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import click

from dslsconsole.commands import Exit, Invocation, end, theme_option

GREETING = "A practice estate: break it by `dslsconsole lab fault …` in another terminal; `demo --tour` shows it around"
GONE = (
    "The practice estate is gone, with its journal and the recording of this session. "
    "`dslsconsole lab up --directory DIR` makes one that stays."
)
_ENDS_WITHIN = 10.0
"""Seconds."""


@contextmanager
def practice_estate(
    directory: Path,
    seed: int = 1,
    speed: float = 1.0,
    hour: float | None = None,
    like: tuple[Path, str] | None = None,
) -> Iterator[Path]:
    """Run the practice estate in a process of its own; gives the path of its estate file.

    Args:
        like: a file of what was read, and the cluster in it, to begin like that.
    """
    log = directory / "lab.log"
    words = ["lab", "up", "--until-eof", "--directory", str(directory), "--seed", str(seed), "--speed", str(speed)]
    words += ["--hour", str(hour)] if hour is not None else []
    words += ["--like", str(like[0]), "--cluster", like[1]] if like is not None else []
    with log.open("wb") as errors:
        lab = subprocess.Popen(
            [sys.executable, "-m", "dslsconsole", *words],
            stdin=subprocess.PIPE,  # its end tells the lab that this process is gone, however it went
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,  # Ctrl-C is the console's to handle
        )
    try:
        assert lab.stdout is not None
        first = lab.stdout.readline().decode("utf-8", "replace").split(maxsplit=1)
        if len(first) != 2 or first[0] != "ready":
            said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            why = said[-1] if said else "it said nothing"
            end(f"The practice estate did not start: {why}. `dslsconsole lab up` shows more.", Exit.FINDINGS)
        yield Path(first[1].strip())
    finally:
        lab.terminate()
        try:
            lab.wait(_ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            lab.kill()
            lab.wait()
        for stream in (lab.stdin, lab.stdout):
            if stream is not None:
                stream.close()


@contextmanager
def remembered(directory: Path) -> Iterator[None]:
    """Let `dslsconsole lab fault` and the like find this practice estate, unless another demo runs."""
    from dslsconsole.commands.lab import last_directory_file
    from dslsconsole.lab.control import NotRunning, request

    file = last_directory_file()
    another = False
    if file.exists():
        # A demo that was killed leaves its name behind.
        with suppress(NotRunning):
            request(Path(file.read_text(encoding="utf-8").strip()), "status")
            another = True
    if another:
        yield
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{directory}\n", encoding="utf-8")
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


@click.command(epilog="Example: dslsconsole demo, then in another terminal: dslsconsole lab fault node-down")
@click.option("--read-only", is_flag=True, help="Look only: nothing can be run.")
@theme_option
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same day.")
@click.option(
    "--speed", type=click.FloatRange(0.01, 1000), default=1.0, show_default=True, help="Lab seconds a second."
)
@click.option("--mouse/--no-mouse", default=True, show_default=True, help="Take the mouse from the terminal.")
@click.option("--tour", is_flag=True, help="Be shown around, in about three minutes.")
def command(read_only: bool, theme: str | None, seed: int, speed: float, mouse: bool, tour: bool) -> None:
    """Start the practice estate and the console on it; both end together.

    To break something while it runs: `dslsconsole lab fault NAME` in another terminal.
    """
    from dslsconsole.commands.console import show

    with (
        tempfile.TemporaryDirectory(prefix="dslsconsole-demo-") as directory,
        practice_estate(Path(directory), seed, speed) as estate,
        remembered(Path(directory)),
    ):
        if tour:
            from dslsconsole.commands import scripts

            scripts.tour(Path(directory), estate, theme)
            return
        show(Invocation(config=str(estate)), can_act=not read_only, theme=theme, mouse=mouse, greeting=GREETING)
    click.echo(GONE)
