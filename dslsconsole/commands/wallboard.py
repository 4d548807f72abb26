"""`dslsconsole wallboard`: the console for a screen on a wall, which can't act and takes no key but `q`."""

from __future__ import annotations

import re
import shlex
import sys

import click

from dslsconsole.commands import Exit, Invocation, end, estate_option, theme_option
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


def address(_context: click.Context, _parameter: click.Parameter, value: str | None) -> tuple[str, int] | None:
    """`8080` on loopback, or `HOST:8080`, `[::1]:8080`."""
    if value is None:
        return None
    host, _, port = value.rpartition(":")
    if not re.fullmatch(r"\d{1,5}", port) or not 0 < int(port) < 65_536 or (":" in host and not host.startswith("[")):
        raise click.BadParameter("a port such as 8080 is needed, or HOST:PORT")
    return host.strip("[]") or "127.0.0.1", int(port)


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
@click.option(
    "--serve",
    metavar="[HOST:]PORT",
    callback=address,
    help="Show it in browsers instead, to look at only; on loopback unless a host is given.",
)
@click.option(
    "--serve-as",
    "names",
    metavar="NAME",
    multiple=True,
    help="A further name by which browsers know it, e.g. that of a proxy before it.",
)
@click.pass_obj
def command(
    invocation: Invocation,
    rotate: float | None,
    cluster: str | None,
    theme: str | None,
    serve: tuple[str, int] | None,
    names: tuple[str, ...],
) -> None:
    """Read-only, for a screen on a wall."""
    if serve is not None:
        _serve(invocation, serve, names, rotate, cluster, theme)
        return
    if names:
        end("--serve-as goes with --serve.", Exit.USAGE)
    show(invocation, cluster=cluster, theme=theme, wallboard=True, rotate_s=rotate)


def _serve(
    invocation: Invocation,
    at: tuple[str, int],
    names: tuple[str, ...],
    rotate: float | None,
    cluster: str | None,
    theme: str | None,
) -> None:
    """A wallboard of its own for every browser: nobody's view moves another's, and none of them can act."""
    invocation.estate()  # what is wrong with it is said now, and not in browsers
    try:
        from dslsconsole.tui.browsers import Browsers
    except ImportError:
        end("--serve needs the library textual-serve: pip install 'dslsconsole[serve]'", Exit.USAGE)
    words = [sys.executable, "-m", "dslsconsole", "-c", str(invocation.path()), "wallboard"]
    words += [*(["--rotate", f"{rotate:.0f}s"] if rotate else []), *(["--cluster", cluster] if cluster else [])]
    words += ["--theme", theme] if theme else []
    host, port = at
    named = f"[{host}]" if ":" in host else host
    server = Browsers(shlex.join(words), host, port, "dslsconsole wallboard", names)
    try:
        server.serve()
    except OSError as error:
        end(f"--serve {named}:{port}: {error.strerror or error}", Exit.USAGE)
