"""`dslsconsole journal`: show, verify or export the action log."""

from __future__ import annotations

import asyncio
import datetime
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from dslsconsole.commands import Exit, Invocation, end, estate_option
from dslsconsole.commands.completing import clusters, completing

if TYPE_CHECKING:
    from dslsconsole.journal import Damage, Entry

Command = TypeVar("Command", bound=Callable[..., object])


class Since(click.ParamType[float]):
    """A duration before now (`2h`), or an ISO 8601 date or time; without a zone it is UTC."""

    name = "since"

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        from dslsconsole.settings.values import seconds

        try:
            return time.time() - seconds(value)
        except ValueError:
            pass
        try:
            moment = datetime.datetime.fromisoformat(value)
        except ValueError:
            self.fail(
                f"{value!r} is neither a duration such as 2h or 7d nor a time such as 2027-01-18T12:00", param, ctx
            )
        return (moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)).timestamp()


def _selection(command: Command) -> Command:
    """The options that choose entries."""
    for option in (
        click.option("--operation", metavar="ID", help="Only of this operation."),
        click.option("--cluster", metavar="NAME", shell_complete=completing(clusters), help="Only of this cluster."),
        click.option("--since", type=Since(), metavar="WHEN", help="Only since then: 2h, 7d, 2027-01-18, or a time."),
        estate_option,
    ):
        command = option(command)
    return command


def _directory(invocation: Invocation) -> Path:
    from dslsconsole.settings import expand

    return expand(invocation.estate().journal.directory)


def _entries(directory: Path, since: float | None, cluster: str | None, operation: str | None) -> Iterator[Entry]:
    from dslsconsole.journal import JournalError, read

    def tell(path: Path, line: int) -> None:
        click.echo(f"{path.name}:{line}: this line can't be read; run `dslsconsole journal verify`", err=True)

    try:
        yield from read(directory, since=since, cluster=cluster, operation=operation, damaged=tell)
    except JournalError as error:
        end(str(error), Exit.FINDINGS)


@click.group("journal", epilog="Example: dslsconsole journal show --since 2h")
@estate_option
def command() -> None:
    """Show, verify or export the action log."""


@command.command("show", epilog="Example: dslsconsole journal show --since 2h --cluster production-cluster")
@_selection
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_obj
def show(
    invocation: Invocation, since: float | None, cluster: str | None, operation: str | None, as_json: bool
) -> None:
    """Tell what was done: each operation with its steps, and how it ended."""
    from dslsconsole.journal.export import as_jsonl
    from dslsconsole.journal.story import story

    directory = _directory(invocation)
    entries = _entries(directory, since, cluster, operation)
    if as_json:
        for line in as_jsonl(entries):
            click.echo(line, nl=False)
        return
    told = False
    for line in story(entries):
        told = True
        click.echo(line)
    if not told:
        click.echo(f"Nothing in the action log in {directory} matches.", err=True)


@command.command("verify", epilog="Example: dslsconsole journal verify\n\nExit status: 0 sound, 1 findings.")
@click.option(
    "--anchors",
    "files",
    multiple=True,
    metavar="FILE",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A file with anchors, e.g. what syslog kept of them; may be given more than once.",
)
@estate_option
@click.pass_obj
def verify_(invocation: Invocation, files: tuple[Path, ...]) -> None:
    """Find any change, gap or cut tail, also by the anchors on another host (journal.anchor.host)."""
    from dslsconsole.journal import JournalError, verify
    from dslsconsole.journal.files import read_head
    from dslsconsole.runbooks.anchoring import Unanchored, against_host

    directory = _directory(invocation)
    unread = None
    try:
        damages = [*verify(directory), *_against(directory, files)]
        head = read_head(directory)
        damages += asyncio.run(against_host(invocation.estate(), time.time))
    except JournalError as error:
        end(str(error), Exit.FINDINGS)
    except Unanchored as failure:
        unread = str(failure)
    for damage in dict.fromkeys(damages):
        click.echo(f"{directory}/{damage}")
    if unread is not None:
        click.echo(f"It can't be told whether the end of {directory} was cut: {unread}", err=True)
    if damages or unread is not None:
        sys.exit(Exit.FINDINGS)
    click.echo(f"The action log in {directory} is sound: {head.seq if head else 0} lines, none changed or missing.")


def _against(directory: Path, files: tuple[Path, ...]) -> Iterator[Damage]:
    from dslsconsole.journal.anchoring import anchors_in, held_against, place_of

    for file in files:
        text = file.read_text(encoding="utf-8", errors="replace")
        yield from held_against(directory, anchors_in(text.splitlines(), place_of(directory)), str(file))


@command.command("export", epilog="Example: dslsconsole journal export --since 7d --format markdown -o incident.md")
@_selection
@click.option("--format", "form", type=click.Choice(["jsonl", "csv", "markdown"]), default="jsonl", show_default=True)
@click.option("-o", "--output", metavar="FILE", type=click.Path(path_type=Path), help="Default: standard output.")
@click.pass_obj
def export(
    invocation: Invocation,
    since: float | None,
    cluster: str | None,
    operation: str | None,
    form: str,
    output: Path | None,
) -> None:
    """Write the log for a ticket, a spreadsheet or another program."""
    from dslsconsole.journal.export import FORMATS

    parts = FORMATS[form](_entries(_directory(invocation), since, cluster, operation))
    if output is None or str(output) == "-":
        for part in parts:
            click.echo(part, nl=False)
        return
    try:
        # It tells of hosts and commands: for its owner alone, as the log itself.
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode=0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.writelines(parts)
    except OSError as error:
        end(f"{output} can't be written: {error.strerror}. Name another file with -o.", Exit.FINDINGS)
