"""Starting the terminal program: is there a terminal, and what does the screen get to know."""

import os
import sys
import time
from pathlib import Path

from msgspec import Struct
from platformdirs import user_config_path

from dslsconsole.shipped import shipped
from dslsconsole.tui.app import ConsoleApp
from dslsconsole.tui.journal_files import JournalFiles
from dslsconsole.tui.run_process import RunProcess
from dslsconsole.tui.source import WatchProcess
from dslsconsole.tui.terminal import LastResort, gone
from dslsconsole.tui.themes import DEFAULT, LoadedThemes, load

FALLBACK = "dslsconsole status"


class NoTerminal(Exception):  # noqa: N818 - it is told as it stands
    """There is no terminal to draw on; the text says why and what to use instead."""


class Wanted(Struct, frozen=True):
    """What was asked for on the command line, in plain values."""

    estate_file: Path
    journal_directory: Path | None
    cluster: str | None = None
    theme: str = DEFAULT
    mouse: bool = True
    can_act: bool = False
    viewer: str | None = None
    """Why this person may only look, where they might act if they were an operator."""
    wallboard: bool = False
    rotate_s: float | None = None


def themes() -> LoadedThemes:
    """The shipped themes, and the user's own, which go before them."""
    return load((shipped("themes"), user_config_path("dslsconsole") / "themes"))


def check_terminal(term: str | None, *, input_is_tty: bool, output_is_tty: bool, encoding: str) -> None:
    """Refuse what can't show the screen.

    Raises:
        NoTerminal: with what to use instead.
    """
    if not (input_is_tty and output_is_tty):
        raise NoTerminal(f"The console needs a terminal for its input and output. Without one use: {FALLBACK}")
    if term in (None, "", "dumb"):
        raise NoTerminal(
            f"TERM={term or ''} can't show the console: set TERM to your terminal's kind, or use: {FALLBACK}"
        )
    if "utf" not in encoding.casefold():
        raise NoTerminal(
            f"The terminal's encoding is {encoding}, UTF-8 is needed: set LANG=C.UTF-8, or use: {FALLBACK}"
        )


def run(wanted: Wanted) -> int:
    """Run the console until it is left; the exit status.

    Raises:
        NoTerminal: there is no terminal to draw on.
        ValueError: there is no theme of that name.
    """
    # Textual reads standard input and draws on standard error.
    check_terminal(
        os.environ.get("TERM"),
        input_is_tty=sys.stdin.isatty(),
        output_is_tty=sys.stderr.isatty(),
        encoding=getattr(sys.stderr, "encoding", None) or "unknown",
    )
    loaded = themes()
    if wanted.theme not in loaded.themes:
        raise ValueError(f"--theme: no theme is called {wanted.theme}; there is {', '.join(loaded.themes)}")
    program = (sys.executable, "-m", "dslsconsole", "-c", str(wanted.estate_file))
    last_resort = LastResort(sys.stdin.fileno())
    app = ConsoleApp(
        WatchProcess((*program, "watch"), time.time),
        clock=time.time,
        themes=loaded,
        theme=wanted.theme,
        cluster=wanted.cluster,
        runner=RunProcess((*program, "run")) if wanted.can_act and not wanted.wallboard else None,
        feed=JournalFiles(wanted.journal_directory, writes=wanted.can_act) if wanted.journal_directory else None,
        viewer=wanted.viewer,
        wallboard=wanted.wallboard,
        rotate_s=wanted.rotate_s,
        terminal_gone=lambda: gone(sys.stdin.fileno()),
        last_resort=last_resort,
    )
    app.run(mouse=wanted.mouse and not wanted.wallboard)
    last_resort.ended()
    return app.return_code or 0
