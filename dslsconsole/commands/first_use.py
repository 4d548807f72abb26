"""The first start: without an estate file the console says what it is, and helps to one or to the practice estate."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click

from dslsconsole.commands import Exit, end

EXPLAINED = """\
dslsconsole shows licence servers, says whether licences are served, and moves them safely. Which servers there are it
reads from an estate file, and there is none yet.

  1  try it: a practice estate on this machine, which ends with q and leaves nothing behind
  2  write a first estate file, from the name of a licence server, and test it
  3  leave
"""
MODES = ("primary", "backup", "arbitrator")


def wanted() -> bool:
    """Whether somebody sits at a terminal and can be asked."""
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def guide(looked: str) -> Path:
    """Ask what to do; the new estate file, where one was written. Ends the program otherwise.

    `looked` says where an estate file was looked for.
    """
    click.echo(EXPLAINED)
    chosen = click.prompt("Which", type=click.Choice(["1", "2", "3"]), default="1")
    if chosen == "1":
        sys.exit(subprocess.run([sys.executable, "-m", "dslsconsole", "demo"], check=False).returncode)
    if chosen == "3":
        end(looked, Exit.CONFIGURATION)
    path = _written()
    click.echo(f"\nTesting it: dslsconsole -c {path} check")
    tested = subprocess.run([sys.executable, "-m", "dslsconsole", "-c", str(path), "check"], check=False)
    if tested.returncode != Exit.OK:
        click.echo(f"\nWhat is named above is to be mended on the hosts, in ssh's configuration or in {path}.")
    click.echo("The file explains itself; every other key is in the example that `dslsconsole schema` describes.\n")
    if not click.confirm("Start the console now?", default=tested.returncode == Exit.OK):
        sys.exit(Exit.OK)
    return path


def _written() -> Path:
    """Ask for the least that a file needs until it is sound, show it, and write it where it will be found."""
    from dslsconsole.settings import ConfigurationError, load, user_estate_file

    path = user_estate_file()
    while True:
        text = _text()
        beside = path.with_suffix(".yaml.new")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            beside.write_text(text, encoding="utf-8")
        except OSError as error:
            end(f"{beside}: {error.strerror}", Exit.CONFIGURATION)
        try:
            load(beside)
        except ConfigurationError as wrong:
            click.echo("\nThat makes no sound estate file:")
            for finding in wrong.findings:
                click.echo(f"  {finding}")
            beside.unlink()
            continue
        click.echo(f"\n{text}")
        if click.confirm(f"Write this to {path}?", default=True):
            beside.replace(path)
            return path
        beside.unlink()
        end("Nothing was written.", Exit.CONFIGURATION)


def _text() -> str:
    import yaml

    click.echo("\nHosts are named as ssh would name them, so what ~/.ssh/config says of them applies.")
    cluster = click.prompt("Name of the cluster", default="production-cluster")
    nodes: dict[str, dict[str, str]] = {}
    for mode in MODES:
        if mode == "primary":
            name = str(click.prompt("Host of the primary")).strip()
        else:
            name = _optional(f"Host of the {mode} (Enter: there is none)")
        if name:
            nodes[name] = {"mode": mode}
    user = _optional("User that reads there (Enter: as ssh decides)")
    content: dict[str, object] = {"version": 1}
    if user:
        content["ssh"] = {"probe_user": user}
    content["clusters"] = {cluster: {"nodes": nodes}}
    return (
        "# A first estate file. It only reads: nothing can be run before ssh.operate_user is named.\n"
        "# Load balancers, storage and a DR site are added here too; `dslsconsole schema` tells every key.\n"
        + yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
    )


def _optional(question: str) -> str:
    return str(click.prompt(question, default="", show_default=False)).strip()
