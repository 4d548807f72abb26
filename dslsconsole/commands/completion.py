"""`dslsconsole completion SHELL`: what makes a shell complete commands, options and names."""

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_DSLSCONSOLE_COMPLETE"
"""By which the shell asks the program; Click derives it from the program's name."""


@click.command(
    epilog="Example: dslsconsole completion bash > ~/.local/share/bash-completion/completions/dslsconsole\n\n"
    "zsh: into a file called _dslsconsole in a directory of $fpath.\n\n"
    "fish: into ~/.config/fish/completions/dslsconsole.fish."
)
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """Print the script that makes SHELL complete commands, options, runbooks, clusters, faults and themes."""
    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(context.find_root().command, {}, "dslsconsole", VARIABLE).source(), nl=False)
