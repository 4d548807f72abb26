"""The commands, one module each, and what they share: the estate they speak of and the exit statuses."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

import click

if TYPE_CHECKING:
    from dslsconsole.settings.schema import Estate

Command = TypeVar("Command", bound=Callable[..., object])


class Exit(IntEnum):
    """Exit statuses that every command shares; each command documents its own."""

    OK = 0
    FINDINGS = 1
    REFUSED = 10
    LOCKED = 11
    ROLLED_BACK = 12
    NEEDS_PERSON = 13
    NOT_CONFIRMED = 14
    USAGE = 64
    SOFTWARE = 70
    CONFIGURATION = 78


@dataclass
class Invocation:
    """What was said before or after the command's name about the estate to use."""

    config: str | None = None

    def path(self) -> Path:
        """The estate file to use; ends the program with status 78 where there is none."""
        from dslsconsole.settings import NoEstate, locate

        try:
            return locate(self.config)
        except NoEstate as missing:
            end(str(missing), Exit.CONFIGURATION)

    def estate(self) -> Estate:
        """The estate; ends the program with status 78 and every finding where its file is not sound, and with 14 where
        this person may not look at it (`operators.viewers`)."""
        from dslsconsole.runbooks.permission import not_a_viewer, who
        from dslsconsole.settings import ConfigurationError, load

        try:
            estate = load(self.path())
        except ConfigurationError as error:
            end("\n".join(str(finding) for finding in error.findings), Exit.CONFIGURATION)
        if (why := not_a_viewer(estate, who())) is not None:
            end(why, Exit.NOT_CONFIRMED)
        return estate


def told(status: int, say: Callable[[], None]) -> NoReturn:
    """Say it and end with the status, also where nobody reads, or there is no room for it: what was done was done."""
    try:
        say()
        sys.stdout.flush()
    except OSError:
        # What is still buffered must not fail once more when the program ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC), sys.stdout.fileno())
    sys.exit(status)


def end(text: str, status: int) -> NoReturn:
    """Say why on standard error and end with the status."""
    click.echo(text, err=True)
    sys.exit(status)


def _remember(context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
    invocation = context.ensure_object(Invocation)
    if value is not None:
        invocation.config = value


def estate_option(command: Command) -> Command:
    """`-c/--config FILE`, which is taken before and after the command's name."""
    option = click.option(
        "-c",
        "--config",
        metavar="FILE",
        type=click.Path(),
        expose_value=False,
        callback=_remember,
        help="The estate file. Default: $DSLSCONSOLE_CONFIG, ./dslsconsole.yaml, the XDG configuration directory, "
        "/etc/dslsconsole/estate.yaml.",
    )
    return option(command)


def _themes(context: click.Context, parameter: click.Parameter, beginning: str) -> list[str]:
    from dslsconsole.commands.completing import completing, themes

    return completing(themes)(context, parameter, beginning)


def theme_option(command: Command) -> Command:
    """`--theme NAME`."""
    option = click.option(
        "--theme",
        metavar="NAME",
        shell_complete=_themes,
        help="The colour theme; in the console `c` changes it. Default: dark, or ansi where the terminal has 16 "
        "colours at most.",
    )
    return option(command)
