"""The manual page, made from commands, keys and exit statuses: `python -m dslsconsole.man_page`, in a checkout.

It writes config/man/dslsconsole.1, which an installation puts where `man` looks.
"""

import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from dslsconsole import __version__
from dslsconsole.cli import COMMANDS, program
from dslsconsole.commands import Exit
from dslsconsole.tui.actions import Guard, offered

PAGE = Path("config/man/dslsconsole.1")
ABOUT = """
It tells whether licences are served, what is wrong and what can safely be done about it, and then does it: with proof
before, in small verified steps, and with a record after. Without a command it is the console.
"""

STATUSES = {
    Exit.OK: "All is well, or it is done and verified.",
    Exit.FINDINGS: (
        "`check`, `audit` or `journal verify` found something. "
        "(`status` ends with 0 ok, 1 warning, 2 critical, 3 unknown.)"
    ),
    Exit.REFUSED: "A guard refused; nothing was changed.",
    Exit.LOCKED: "Another operation holds the cluster's lock.",
    Exit.ROLLED_BACK: "A step failed, and what was done before it was taken back.",
    Exit.NEEDS_PERSON: "It failed, or what became of it is unknown: a person must look.",
    Exit.NOT_CONFIRMED: "It was not confirmed, not approved or is not permitted.",
    Exit.USAGE: "Wrong usage.",
    Exit.SOFTWARE: "An error of its own; where it was kept for those who mend it is said.",
    Exit.CONFIGURATION: "The estate file, or a runbook of the site's own, is missing or not sound.",
}
FILES = {
    "./dslsconsole.yaml, ~/.config/dslsconsole/estate.yaml, /etc/dslsconsole/estate.yaml": (
        "The estate file: the first that there is, unless -c or DSLSCONSOLE_CONFIG names one."
    ),
    "~/.config/dslsconsole/themes/*.yaml": "Colour themes of one's own. One named like a shipped one replaces that.",
    "~/.config/dslsconsole/runbooks/*.yaml": "The site's own runbooks, unless the estate file names another directory.",
}
ENVIRONMENT = {
    "DSLSCONSOLE_CONFIG": "The estate file.",
    "TERM, COLORTERM": "What the terminal can show. With 16 colours at most the theme is ansi if none is named.",
    "NO_COLOR": "Not empty: no colours.",
    "LC_ALL, LC_CTYPE, LANG": "Where the first of them that is set is none of UTF-8, only ASCII is drawn.",
}
_LETTERS = {
    "\\": r"\e",
    "-": r"\-",
    "“": r"\(lq",
    "”": r"\(rq",
    "…": "...",
    "→": r"\(->",
    "←": r"\(<-",
    "\u2013": r"\(en",
}


def man_page() -> str:
    """The page, in the language of man(7)."""
    lines = [
        f'.TH DSLSCONSOLE 1 "" "dslsconsole {__version__}" "User Commands"',
        '.\\" Made by python \\-m dslsconsole.man_page; a change here is lost.',
        ".SH NAME",
        f"dslsconsole \\- {_text((program.help or '').rstrip('.'))}",
        ".SH SYNOPSIS",
        ".B dslsconsole",
        "[\\fB\\-c\\fR \\fIFILE\\fR] [\\fICOMMAND\\fR] [\\fIOPTIONS\\fR]",
        ".SH DESCRIPTION",
        _text(" ".join(ABOUT.split())),
        ".SH OPTIONS",
    ]
    for parameter in program.params:
        lines += _option(parameter)
    lines.append(".SH COMMANDS")
    context = click.Context(program, info_name="dslsconsole")
    for name in COMMANDS:
        command = program.get_command(context, name)
        assert command is not None
        lines += _command(command, click.Context(command, info_name=name, parent=context))
    lines.append(".SH KEYS")
    needs = {Guard.NONE: "", Guard.CAN_ACT: " Not in a read-only console.", Guard.ARMED: " Needs the console armed."}
    for one in offered(read_only=False):
        lines += _item(one.name_of_key, one.description + needs[one.guard])
    lines.append('.SH "EXIT STATUS"')
    for status in Exit:
        lines += _item(str(int(status)), STATUSES[status])
    for title, table in (("FILES", FILES), ("ENVIRONMENT", ENVIRONMENT)):
        lines.append(f".SH {title}")
        for what, about in table.items():
            lines += _item(what, about)
    return "\n".join(lines) + "\n"


def _command(command: click.Command, context: click.Context) -> Iterator[str]:
    """A command with its options, and the commands in it."""
    pieces = " ".join(command.collect_usage_pieces(context)).replace("[OPTIONS]", "[\\fIOPTIONS\\fR]")
    yield f'.SS "{_text(context.command_path)} {pieces}"'
    yield from _paragraphs(command.help or "")
    for parameter in command.params:
        if parameter.name != "config":  # it is told of once, above
            yield from _option(parameter)
    yield from _paragraphs(command.epilog or "")
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from _command(inner, click.Context(inner, info_name=name, parent=context))


def _option(parameter: click.Parameter) -> Iterator[str]:
    if isinstance(parameter, click.Option) and not parameter.hidden:
        yield from _item(_names(parameter), (parameter.help or "") + _default(parameter))


def _names(option: click.Option) -> str:
    """`-c, --config FILE`, `--mouse / --no-mouse`."""
    names = ", ".join(sorted(option.opts, key=len))
    if option.is_flag:
        return " / ".join([names, *option.secondary_opts])
    choices = "|".join(map(str, option.type.choices)) if isinstance(option.type, click.Choice) else ""
    return f"{names} {option.metavar or choices or option.type.name.split()[0].upper()}"


def _default(option: click.Option) -> str:
    if not option.show_default or option.default in (None, False, ""):
        return ""
    return f" Default: {option.opts[0].lstrip('-') if option.default is True else option.default}."


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in re.split(r"\n\s*\n", inspect.cleandoc(text)):
        if paragraph.strip():
            yield ".PP"
            yield _text(" ".join(paragraph.split()))


def _item(what: str, about: str) -> Iterator[str]:
    yield ".TP"
    yield f"\\fB{_text(what)}\\fR"
    yield _text(" ".join(about.split()))


def _text(plain: str) -> str:
    """The text as roff takes it: nothing of it is a request, and what stands between backquotes is bold."""
    safe = "".join(_LETTERS.get(letter, letter) for letter in plain)
    safe = re.sub(r"`([^`]+)`", r"\\fB\1\\fR", safe)
    return f"\\&{safe}" if safe.startswith((".", "'")) else safe


if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else ".") / PAGE
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(man_page(), encoding="utf-8")
    print(target)
