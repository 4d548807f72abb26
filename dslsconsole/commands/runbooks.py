"""`dslsconsole runbooks`: list them; `runbooks show NAME` prints one."""

from importlib import resources

import click

from dslsconsole.commands import estate_option


@click.group("runbooks", invoke_without_command=True, epilog="Example: dslsconsole runbooks show failover")
@estate_option
@click.pass_context
def command(context: click.Context) -> None:
    """List the runbooks, or print one."""
    if context.invoked_subcommand is not None:
        return
    from dslsconsole.runbooks.schema import builtin

    found = builtin()
    width = max(map(len, found))
    for name, runbook in found.items():
        click.echo(f"{name:{width}}  {runbook.title}")


@command.command("show")
@click.argument("name")
@estate_option
def show(name: str) -> None:
    """Print the runbook NAME as it is written."""
    from dslsconsole.commands.run import chosen

    runbook = chosen(name)
    file = resources.files("dslsconsole.runbooks") / "builtin" / f"{runbook.name}.yaml"
    click.echo(file.read_text(encoding="utf-8"), nl=False)
