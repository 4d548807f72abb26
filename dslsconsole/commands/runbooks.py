"""`dslsconsole runbooks`: list them; `runbooks show NAME` prints one."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from dslsconsole.commands import Exit, Invocation, estate_option
from dslsconsole.commands.completing import completing, runbooks

if TYPE_CHECKING:
    from dslsconsole.settings.schema import Estate


@click.group(
    "runbooks",
    invoke_without_command=True,
    epilog="Example: dslsconsole runbooks show failover\n\n"
    "Exit status: 0, or 78 where one of the site's own is not sound.",
)
@estate_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """List the runbooks, the site's own among them, or print one."""
    if context.invoked_subcommand is None:
        _list(context, as_json)


@command.command("list", epilog="Example: dslsconsole runbooks list --json")
@estate_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_context
def listed(context: click.Context, as_json: bool) -> None:
    """List the runbooks, the site's own among them."""
    _list(context, as_json)


def _list(context: click.Context, as_json: bool) -> None:
    from dslsconsole.runbooks import library
    from dslsconsole.runbooks.schema import builtin

    estate = _estate(context.ensure_object(Invocation))
    own, findings = library.own(estate) if estate is not None else ({}, ())
    books = [(book, "built-in") for book in builtin().values()] + [(book, "site") for book in own.values()]
    if as_json:
        import msgspec

        told = [{"name": b.name, "title": b.title, "about": b.about, "origin": o} for b, o in books]
        click.echo(msgspec.json.encode({"runbooks": told, "findings": [str(one) for one in findings]}).decode())
    else:
        width = max(len(book.name) for book, _ in books)
        for book, origin in books:
            click.echo(f"{book.name:{width}}  {book.title}{'' if origin == 'built-in' else '  (of this site)'}")
        for finding in findings:
            click.echo(str(finding), err=True)
    sys.exit(Exit.CONFIGURATION if findings else Exit.OK)


def _estate(invocation: Invocation) -> Estate | None:
    """The estate, which may name a directory of runbooks; None where there is none: then built-in ones are all."""
    from dslsconsole.settings import NoEstate, locate

    try:
        locate(invocation.config)
    except NoEstate:
        return None
    return invocation.estate()


@command.command("show")
@click.argument("name", shell_complete=completing(runbooks))
@estate_option
@click.pass_context
def show(context: click.Context, name: str) -> None:
    """Print the runbook NAME as it is written, after it was looked at whether it is sound."""
    from dslsconsole.runbooks import library
    from dslsconsole.runbooks.schema import builtin

    if name in builtin():
        click.echo(library.written(name), nl=False)
        return
    from dslsconsole.commands.run import chosen

    estate = context.ensure_object(Invocation).estate()
    chosen(estate, name)
    click.echo(library.own_files(estate)[name].read_text(encoding="utf-8"), nl=False)
