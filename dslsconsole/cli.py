"""`dslsconsole`: finds the command's module and runs it. Nothing heavy is imported before it is needed."""

import importlib
import os
import sys
import tempfile
import traceback

import click

from dslsconsole import __version__
from dslsconsole.commands import Exit, Invocation, estate_option

COMMANDS = {
    "console": "the interactive console (the default)",
    "wallboard": "read-only, for a screen on a wall",
    "replay": "play a recorded session",
    "status": "one reading of the estate",
    "watch": "the reading process by itself: the stream on standard output",
    "run": "a runbook without the console",
    "approve": "the second operator's word for a runbook that needs two",
    "operations": "unfinished and running operations",
    "runbooks": "list them, or print one",
    "journal": "show, verify or export the action log",
    "inspect": "look closely at one node: its log, its configuration, who holds licences",
    "audit": "check the HA configuration on the nodes",
    "check": "is the configuration sound, and can every host be reached as each user?",
    "completion": "what makes bash, zsh or fish complete it all",
    "schema": "the estate file's JSON Schema, for editors",
    "lab": "the practice estate on this machine",
    "demo": "the practice estate and the console on it",
}
DEFAULT = "console"


class Commands(click.Group):
    """A group whose commands are imported when they are asked for."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """An option that is not of the program itself is the console's, whose name may be left out."""
        own = {word: param for param in self.get_params(ctx) for word in param.opts}
        at = 0
        while at < len(args):
            word = args[at].partition("=")[0] if args[at].startswith("--") else args[at][:2]
            if (option := own.get(word)) is None:
                break
            takes_next = isinstance(option, click.Option) and not option.is_flag and args[at] == word
            at += 2 if takes_next else 1
        if at < len(args) and args[at].startswith("--") and len(args[at]) > 2:
            args = [*args[:at], DEFAULT, *args[at:]]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"dslsconsole.commands.{cmd_name}")
        command = module.command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Example: dslsconsole demo",
)
@estate_option
@click.version_option(__version__, prog_name="dslsconsole")
@click.pass_context
def program(context: click.Context) -> None:
    """A terminal console for the people on call for DSLS licence clusters."""
    context.ensure_object(Invocation)
    if context.invoked_subcommand is None:
        command = program.get_command(context, DEFAULT)
        assert command is not None
        context.invoke(command)


def main() -> None:
    """Run the program. Wrong usage ends with 64, an error of its own with 70, an interrupt with 130, a closed pipe
    quietly."""
    try:
        status = program.main(standalone_mode=False, prog_name="dslsconsole")
    except click.exceptions.Exit as ending:
        status = ending.exit_code
    except click.Abort:
        status = 130
    except click.ClickException as wrong:
        wrong.show()
        status = Exit.USAGE
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 141
    except KeyboardInterrupt:
        status = 130
    except Exception as error:
        click.echo(_of_our_own(error), err=True)
        status = Exit.SOFTWARE
    sys.exit(status if isinstance(status, int) else 0)


def _of_our_own(error: Exception) -> str:
    """What to say of an error that nobody foresaw. The traceback goes into a file, for those who mend it."""
    from dslsconsole.ssh.cleaning import clean

    what = "".join(traceback.format_exception_only(error)).strip().splitlines()[-1]
    if isinstance(error, OSError) and error.strerror:
        what = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    said = f"dslsconsole can't go on: {clean(what, 300)}."
    try:
        handle, path = tempfile.mkstemp(prefix="dslsconsole-error-", suffix=".txt")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(f"dslsconsole {__version__}, Python {sys.version}\n")
            traceback.print_exception(error, file=file)
    except OSError:
        return f"{said} If the disk is not the cause, report it with what was done before."
    return f"{said} If the machine is not the cause, it is a defect: report it with {path}."
