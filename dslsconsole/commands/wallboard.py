"""`dslsconsole wallboard`: the console for a screen on a wall, which can't act and takes no key but `q`."""

from __future__ import annotations

import re

import click

from dslsconsole.commands import Invocation, estate_option, theme_option
from dslsconsole.commands.completing import clusters, completing
from dslsconsole.commands.console import show

_SPAN = re.compile(r"(\d{1,6})(s|m|h)?")
_UNITS = {None: 1, "s": 1, "m": 60, "h": 3600}


def seconds(_context: click.Context, _parameter: click.Parameter, value: str | None) -> float | None:
    """`20s`, `2m`, `1h` in seconds."""
    if value is None:
        return None
    match = _SPAN.fullmatch(value)
    if match is None or int(match[1]) < 1:
        raise click.BadParameter("a span of time such as 20s, 2m or 1h is needed")
    return float(int(match[1]) * _UNITS[match[2]])


@click.command(epilog="Example: dslsconsole wallboard --rotate 20s")
@estate_option
@click.option(
    "--rotate",
    metavar="20s",
    callback=seconds,
    help="Show the clusters in turn, each for so long; those in trouble alone.",
)
@click.option("--cluster", metavar="NAME", shell_complete=completing(clusters), help="The cluster to show.")
@theme_option
@click.pass_obj
def command(invocation: Invocation, rotate: float | None, cluster: str | None, theme: str | None) -> None:
    """Read-only, for a screen on a wall."""
    show(invocation, cluster=cluster, theme=theme, wallboard=True, rotate_s=rotate)
