"""Starting the terminal program: is there a terminal, and what does the screen get to know."""

import asyncio
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from msgspec import Struct
from platformdirs import user_config_path
from tzlocal import reload_localzone

from dslsconsole.sessions.reading import Recording
from dslsconsole.shipped import shipped
from dslsconsole.tui.abilities import few_colours, repertoire, started_with
from dslsconsole.tui.app import ConsoleApp
from dslsconsole.tui.auditing import AuditProcess
from dslsconsole.tui.contrast import weaknesses
from dslsconsole.tui.driver import driver_for
from dslsconsole.tui.faulty import MENDED, Check, FaultyFile
from dslsconsole.tui.inspecting import InspectProcess
from dslsconsole.tui.journal_files import JournalFiles
from dslsconsole.tui.keys import FILE, LoadedKeys
from dslsconsole.tui.keys import load as load_keys
from dslsconsole.tui.player import Player
from dslsconsole.tui.recorder import Recordings
from dslsconsole.tui.replaying import ReplayConsole
from dslsconsole.tui.run_process import RunProcess
from dslsconsole.tui.scripting import Drive
from dslsconsole.tui.source import Source, WatchProcess
from dslsconsole.tui.terminal import LastResort, gone, has_shell_behind
from dslsconsole.tui.themes import DEFAULT, LoadedThemes, load

FOR_FEW_COLOURS = "ansi"
FALLBACK = "dslsconsole status"
BROWSER = "textual.drivers.web_driver:WebDriver"
"""What Textual's own server names as the driver of a program that it shows in a browser (TEXTUAL_DRIVER)."""
ENDS_WITHIN_S = 10.0
UTC_NAMES = frozenset({"UTC", "Etc/UTC", "Etc/UCT", "Etc/Universal", "Etc/Zulu", "UCT", "Universal", "Zulu"})


class NoTerminal(Exception):  # noqa: N818 - it is told as it stands
    """There is no terminal to draw on; the text says why and what to use instead."""


class Wanted(Struct, frozen=True):
    """What was asked for on the command line, in plain values."""

    estate_file: Path
    journal_directory: Path | None
    cluster: str | None = None
    theme: str | None = None
    """None: the one that suits the terminal's colours."""
    mouse: bool = True
    can_act: bool = False
    viewer: str | None = None
    """Why this person may only look, where they might act if they were an operator."""
    wallboard: bool = False
    rotate_s: float | None = None
    recordings: Recordings | None = None
    greeting: str = ""
    """What is said at the start, until the first key."""


def themes() -> LoadedThemes:
    """The shipped themes, and the user's own, which go before them; with a word on those that are hard to read."""
    loaded = load((shipped("themes"), user_config_path("dslsconsole") / "themes"))
    hard = (
        f"the theme {theme.name} is hard to read: {', '.join(weak)}"
        for theme in loaded.themes.values()
        if (weak := weaknesses(theme))
    )
    return LoadedThemes(loaded.themes, (*loaded.failures, *hard))


def keys() -> LoadedKeys:
    """The user's own keys."""
    return load_keys(user_config_path("dslsconsole") / FILE)


def chosen_theme(name: str | None, loaded: LoadedThemes, environment: Mapping[str, str]) -> str:
    """The theme of that name, or where none is named the one that suits the terminal.

    Raises:
        ValueError: there is none of that name, and why files were left out.
    """
    if name is None:
        return FOR_FEW_COLOURS if few_colours(environment) else DEFAULT
    if name not in loaded.themes:
        told = "".join(f"\n{failure}" for failure in loaded.failures)
        raise ValueError(f"--theme: no theme is called {name}; there is {', '.join(loaded.themes)}{told}")
    return name


def zone_here() -> ZoneInfo | None:
    """The zone that clocks go by here (TZ, or the machine's own); None where that is UTC, or is not known by a name."""
    try:
        zone = reload_localzone()
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
    named = isinstance(zone, ZoneInfo) and zone.key in available_timezones()
    return zone if named and zone.key not in UTC_NAMES else None


def check_terminal(term: str | None, *, input_is_tty: bool, output_is_tty: bool) -> None:
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


def run(
    wanted: Wanted,
    source: Source | None = None,
    clock: Callable[[], float] = time.time,
    drive: Drive | None = None,
) -> int:
    """Run the console until it is left; the exit status. Without a source it reads from a process of its own.

    `drive` presses keys in the place of, or beside, a person.

    Raises:
        NoTerminal: there is no terminal to draw on.
        ValueError: there is no theme of that name.
    """
    in_browser = os.environ.get("TEXTUAL_DRIVER") == BROWSER and wanted.wallboard
    if not in_browser:
        # Textual reads standard input and draws on standard error.
        check_terminal(
            os.environ.get("TERM"),
            input_is_tty=sys.stdin.isatty(),
            output_is_tty=sys.stderr.isatty(),
        )
    loaded = themes()
    theme = chosen_theme(wanted.theme, loaded, os.environ)
    if not os.environ.get("NO_COLOR"):
        os.environ.pop("NO_COLOR", None)  # Textual takes an empty one for a wish, no-color.org does not
    characters = repertoire(started_with(), getattr(sys.stderr, "encoding", None) or "")
    program = (sys.executable, "-m", "dslsconsole", "-c", str(wanted.estate_file))
    last_resort = LastResort(sys.stdin.fileno())
    app = ConsoleApp(
        source or WatchProcess((*program, "watch"), clock),
        clock=clock,
        themes=loaded,
        theme=theme,
        cluster=wanted.cluster,
        runner=RunProcess((*program, "run")) if wanted.can_act and not wanted.wallboard else None,
        feed=JournalFiles(wanted.journal_directory, writes=wanted.can_act) if wanted.journal_directory else None,
        auditor=AuditProcess((*program, "audit")) if not wanted.wallboard else None,
        inspector=InspectProcess((*program, "inspect")) if not wanted.wallboard else None,
        viewer=wanted.viewer,
        wallboard=wanted.wallboard,
        rotate_s=wanted.rotate_s,
        recordings=wanted.recordings,
        keys=keys() if not wanted.wallboard else None,
        terminal_gone=lambda: not in_browser and gone(sys.stdin.fileno()),
        last_resort=last_resort,
        driver=None if in_browser else driver_for(characters),
        colours="NO_COLOR" not in os.environ,
        here=None if wanted.wallboard else zone_here(),
        greeting=wanted.greeting,
    )
    app.run(mouse=wanted.mouse and not wanted.wallboard, auto_pilot=drive)
    last_resort.ended()
    return app.return_code or 0


def mend(path: Path, check: Check, theme: str | None) -> bool:
    """Show what is wrong with an estate file until it is mended; whether it is.

    Raises:
        NoTerminal: there is no terminal to draw on.
        ValueError: there is no theme of that name.
    """
    check_terminal(os.environ.get("TERM"), input_is_tty=sys.stdin.isatty(), output_is_tty=sys.stderr.isatty())
    loaded = themes()
    app = FaultyFile(
        path,
        check,
        loaded,
        chosen_theme(theme, loaded, os.environ),
        may_edit=has_shell_behind() and os.access(path, os.W_OK),
        colours=not os.environ.get("NO_COLOR"),
        driver=driver_for(repertoire(started_with(), getattr(sys.stderr, "encoding", None) or "")),
    )
    return app.run() == MENDED


def headless(wanted: Wanted, size: tuple[int, int], drive: Drive) -> None:
    """Run the console without a terminal, driven by a script, until that ends."""
    program = (sys.executable, "-m", "dslsconsole", "-c", str(wanted.estate_file))
    app = ConsoleApp(
        WatchProcess((*program, "watch"), time.time),
        clock=time.time,
        themes=themes(),
        cluster=wanted.cluster,
        runner=RunProcess((*program, "run")) if wanted.can_act else None,
        feed=JournalFiles(wanted.journal_directory, writes=wanted.can_act) if wanted.journal_directory else None,
        auditor=AuditProcess((*program, "audit")),
        inspector=InspectProcess((*program, "inspect")),
        recordings=wanted.recordings,
    )
    asyncio.run(_driven(app, size, drive))


async def _driven(app: ConsoleApp, size: tuple[int, int], drive: Drive) -> None:
    await app.run_async(headless=True, size=size, auto_pilot=drive)
    # The application has told its tasks to end; the process that reads takes a moment for that.
    if ending := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(ending, timeout=ENDS_WITHIN_S)


def replay(recording: Recording, theme: str | None, *, reader: str = "", mouse: bool = True) -> int:
    """Play a recording until it is left; the exit status. `reader` is who takes notes on it.

    Raises:
        NoTerminal: there is no terminal to draw on.
        ValueError: there is no theme of that name.
    """
    check_terminal(os.environ.get("TERM"), input_is_tty=sys.stdin.isatty(), output_is_tty=sys.stderr.isatty())
    loaded = themes()
    app = ReplayConsole(
        Player(recording, time.monotonic),
        loaded,
        chosen_theme(theme, loaded, os.environ),
        colours=not os.environ.get("NO_COLOR"),
        here=zone_here(),
        driver=driver_for(repertoire(started_with(), getattr(sys.stderr, "encoding", None) or "")),
        reader=reader,
    )
    app.run(mouse=mouse)
    return app.return_code or 0
