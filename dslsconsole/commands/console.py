"""`dslsconsole console`: the interactive console."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from dslsconsole.commands import Exit, Invocation, end, estate_option, theme_option
from dslsconsole.commands.completing import clusters, completing

if TYPE_CHECKING:
    from dslsconsole.settings.schema import Estate
    from dslsconsole.tui.recorder import Recordings


@click.command(epilog="Example: dslsconsole console --cluster production-cluster --read-only")
@estate_option
@click.option("--read-only", is_flag=True, help="Without any means to act: no guarded key, no process that acts.")
@click.option("--cluster", metavar="NAME", shell_complete=completing(clusters), help="The cluster to show first.")
@theme_option
@click.option("--no-record", is_flag=True, help="Do not record this session.")
@click.option("--mouse/--no-mouse", default=True, show_default=True, help="Take the mouse from the terminal.")
@click.pass_obj
def command(
    invocation: Invocation, read_only: bool, cluster: str | None, theme: str | None, no_record: bool, mouse: bool
) -> None:
    """The interactive console: shows the estate and, once armed, acts on it."""
    _first_use(invocation)
    _mended(invocation, theme)
    show(invocation, can_act=not read_only, cluster=cluster, theme=theme, mouse=mouse, record=not no_record)


def _first_use(invocation: Invocation) -> None:
    """Where there is no estate file and somebody who can be asked, help to one."""
    from dslsconsole.commands import first_use
    from dslsconsole.settings import NoEstate, locate

    try:
        locate(invocation.config)
    except NoEstate as missing:
        if first_use.wanted():
            invocation.config = str(first_use.guide(str(missing)))


def _mended(invocation: Invocation, theme: str | None) -> None:
    """Where the estate file is not sound and somebody sits there, show its errors until it is. Ends with 78 where it
    is left as it is."""
    from dslsconsole.settings import ConfigurationError, load

    path = invocation.path()
    if not path.exists():
        return  # that is no matter of its lines
    try:
        load(path)
    except ConfigurationError:
        from dslsconsole.commands.problems import problems
        from dslsconsole.tui.start import NoTerminal, mend

        try:
            if mend(path, lambda: problems(path), theme):
                return
        except (NoTerminal, ValueError):
            return  # it is told as text then
        invocation.estate()


def show(
    invocation: Invocation,
    *,
    can_act: bool = False,
    cluster: str | None = None,
    theme: str | None = None,
    mouse: bool = True,
    wallboard: bool = False,
    rotate_s: float | None = None,
    record: bool = True,
    greeting: str = "",
) -> None:
    """Run the terminal program on the estate; ends with 64 or 78 where it can't be."""
    estate = invocation.estate()
    if cluster is not None and cluster not in estate.clusters:
        end(f"--cluster: no cluster is called {cluster!r}; there is {', '.join(estate.clusters)}", Exit.USAGE)

    from dslsconsole.runbooks.permission import not_an_operator, who
    from dslsconsole.settings import expand
    from dslsconsole.tui.start import NoTerminal, Wanted, run

    viewer = not_an_operator(estate, who()) if can_act and estate.ssh.operate_user is not None else None
    wanted = Wanted(
        estate_file=invocation.path(),
        journal_directory=expand(estate.journal.directory),
        cluster=cluster,
        theme=theme,
        mouse=mouse,
        can_act=can_act and estate.ssh.operate_user is not None and viewer is None,
        viewer=viewer,
        wallboard=wallboard,
        rotate_s=rotate_s,
        recordings=_recordings(estate) if record and not wallboard else None,
        greeting=greeting,
    )
    try:
        status = run(wanted)
    except (NoTerminal, ValueError) as refused:
        end(str(refused), Exit.USAGE)
    sys.exit(status)


def _recordings(estate: Estate) -> Recordings:
    from dslsconsole import __version__
    from dslsconsole.runbooks.permission import who
    from dslsconsole.settings import expand
    from dslsconsole.tui.recorder import Recordings

    person, wanted = who(), estate.recordings
    return Recordings(expand(wanted.directory), wanted.keep, __version__, person.name, person.host)
