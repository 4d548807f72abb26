"""Running a script: a practice estate of its own, and a console on it that the script drives."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dslsconsole.commands import Exit, Invocation, end
from dslsconsole.commands.demo import practice_estate

if TYPE_CHECKING:
    from dslsconsole.sessions.script import Script
    from dslsconsole.tui.scripting import Drive

PACE_S = 1.5
"""Seconds between two steps of a script that is watched."""


def run(path: Path, *, headless: bool, pictures: Path | None, theme: str | None) -> None:
    """Run it; ends with 0 where all of it was met, else with 1."""
    from dslsconsole.sessions.script import NotAScript, read
    from dslsconsole.tui.scripting import Drive

    try:
        script = read(path)
        if pictures is not None:
            pictures.mkdir(parents=True, exist_ok=True)
    except NotAScript as why:
        end(str(why), Exit.USAGE)
    except OSError as error:
        end(f"{error.filename or path}: {error.strerror}", Exit.USAGE)
    with tempfile.TemporaryDirectory(prefix="dslsconsole-script-") as name:
        directory = Path(name)
        with practice_estate(directory, script.seed, script.speed, script.hour) as estate:
            drive = Drive(script, partial(_practised, directory), pace_s=0.0 if headless else PACE_S, pictures=pictures)
            _shown(estate, script, drive, headless=headless, theme=theme)
    _told(script, drive)


def tour(directory: Path, estate: Path, theme: str | None) -> None:
    """Show the practice estate that runs in this directory around, and hand the console over. Ends with 1 where the
    tour could not go on."""
    from dslsconsole.sessions.script import read
    from dslsconsole.shipped import shipped
    from dslsconsole.tui.scripting import Drive

    script = read(shipped("config") / "scripts" / "tour.yaml")
    drive = Drive(
        script, partial(_practised, directory), pace_s=PACE_S, stays="That was the tour. It is yours; q ends it."
    )
    _shown(estate, script, drive, headless=False, theme=theme)
    if drive.failed is not None:
        _told(script, drive)


async def _practised(directory: Path, words: tuple[str, ...], heal: bool) -> None:
    """Break or mend something. Raises NotMet where the practice estate refuses."""
    from dslsconsole.lab.control import NotRunning, request
    from dslsconsole.lab.faults import FaultError
    from dslsconsole.tui.scripting import NotMet

    asked = ("heal", *(words or ("all",))) if heal else ("fault", *words)
    try:
        await asyncio.to_thread(request, directory, *asked)
    except (FaultError, NotRunning) as refused:
        raise NotMet(f"the practice estate refuses: {refused}") from refused


def _shown(estate: Path, script: Script, drive: Drive, *, headless: bool, theme: str | None) -> None:
    from dslsconsole.settings import expand
    from dslsconsole.tui import start

    settings = Invocation(config=str(estate)).estate()
    journal = expand(settings.journal.directory)
    wanted = start.Wanted(estate_file=estate, journal_directory=journal, theme=theme, can_act=True)
    if headless:
        start.headless(wanted, script.size, drive)
        return
    try:
        start.run(wanted, drive=drive)
    except (start.NoTerminal, ValueError) as refused:
        end(f"{refused} A script runs without one with --headless.", Exit.USAGE)


def _told(script: Script, drive: Drive) -> None:
    if drive.failed is None:
        click.echo(f"{script.title}: all {len(script.steps)} steps were met.")
        return
    click.echo(f"{script.title}: step {drive.failed.number} was not met: {drive.failed.why}. The screen was:")
    click.echo(drive.failed.screen)
    sys.exit(Exit.FINDINGS)
