"""`dslsconsole lab`: the practice estate on this machine."""

from __future__ import annotations

import asyncio
import json
import shlex
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dslsconsole.commands import Exit, end
from dslsconsole.commands.completing import completing
from dslsconsole.commands.completing import faults as fault_names
from dslsconsole.commands.scenario import scenario, scenarios

if TYPE_CHECKING:
    from dslsconsole.lab.practice import Lab
    from dslsconsole.lab.twin import Twin


def default_directory() -> Path:
    """Where the practice estate lies when nobody says otherwise."""
    import platformdirs

    return Path(platformdirs.user_state_dir("dslsconsole")) / "lab"


def last_directory_file() -> Path:
    """Names the directory of the demo that runs, for the commands that don't."""
    return default_directory().with_name("demo-directory")


def running_directory() -> Path:
    """The directory of the practice estate to speak to: the usual one, or the demo's."""
    usual = default_directory()
    demo = last_directory_file()
    if (usual / "control.json").exists() or not demo.exists():
        return usual
    return Path(demo.read_text(encoding="utf-8").strip())


directory_option = click.option(
    "--directory",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="Where the practice estate lies. Default: lab in the user's state directory.",
)


@click.group(name="lab", epilog="Example: dslsconsole lab up, then elsewhere: dslsconsole lab fault node-down")
def command() -> None:
    """The practice estate: a whole cluster with DR site on this machine, to be watched, broken and mended."""


@command.command(epilog="Example: dslsconsole lab up --speed 10")
@directory_option
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same day.")
@click.option(
    "--speed", type=click.FloatRange(0.01, 1000), default=1.0, show_default=True, help="Lab seconds a second."
)
@click.option(
    "--takeover", metavar="TIME", default=None, help="A backup takes over by itself after this time, e.g. 90s."
)
@click.option(
    "--hour", type=click.FloatRange(0, 24), default=None, help="Of the day: at 14 most people are there, at 5 nobody."
)
@click.option(
    "--like",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    help="Begin in the state that `dslsconsole watch` printed into FILE.",
)
@click.option("--cluster", metavar="NAME", default=None, help="With --like: of which cluster. Default: the first.")
@click.option("--until-eof", is_flag=True, hidden=True, help="End when standard input does.")
def up(
    directory: Path | None,
    seed: int,
    speed: float,
    takeover: str | None,
    hour: float | None,
    like: Path | None,
    cluster: str | None,
    until_eof: bool,
) -> None:
    """Start it, and keep it until Ctrl-C."""
    from dslsconsole.settings.values import seconds

    try:
        wait = None if takeover is None else seconds(takeover)
    except ValueError as wrong:
        end(f"--takeover {takeover} {wrong}", Exit.USAGE)
    from dslsconsole.lab.control import AlreadyRunning
    from dslsconsole.lab.practice import Lab

    if cluster is not None and like is None:
        end("--cluster goes with --like alone.", Exit.USAGE)
    twin = _twin(like, cluster) if like is not None else None
    try:
        lab = Lab(directory or default_directory(), seed=seed, speed=speed, takeover=wait, hour=hour, twin=twin)
        asyncio.run(_stay_up(lab, until_eof))
    except AlreadyRunning as running:
        end(str(running), Exit.FINDINGS)
    except OSError as error:
        end(f"The practice estate can't run from {directory or default_directory()}: {error}", Exit.FINDINGS)


def _twin(like: Path, cluster: str | None) -> Twin:
    from dslsconsole.lab.twin import NoTwin, read_picture, twin_of

    try:
        return twin_of(read_picture(like), cluster)
    except NoTwin as why:
        end(f"--like: {why}", Exit.USAGE)
    except OSError as error:
        end(f"--like {like}: {error.strerror}", Exit.USAGE)


async def _stay_up(lab: Lab, until_eof: bool) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, lab.ending.set)
    async with lab:
        click.echo(f"ready {lab.estate_path}\n\n{_hints(lab)}\n")
        for sentence in lab.unlike:
            click.echo(f"unlike {sentence}")
        if until_eof:
            await _end_at_eof(lab.ending)
        await lab.ending.wait()


def _hints(lab: Lab) -> str:
    """What can be typed elsewhere, as it must be typed for this one."""
    there = "" if lab.directory == default_directory() else f" --directory {shlex.quote(str(lab.directory))}"
    told = {
        f"dslsconsole -c {shlex.quote(str(lab.estate_path))}": "the console on it",
        "dslsconsole lab faults": "what can be broken",
        f"dslsconsole lab fault{there} NAME": f"break it; `lab heal{there}` mends it",
        f"dslsconsole lab status{there}": "what is true in it",
    }
    return "".join(f"  {typed}\n      {why}\n" for typed, why in told.items())


async def _end_at_eof(ending: asyncio.Event) -> None:
    """Let the end of standard input end the practice estate."""

    class Watch(asyncio.Protocol):
        def connection_lost(self, exc: Exception | None) -> None:
            ending.set()

    await asyncio.get_running_loop().connect_read_pipe(Watch, sys.stdin)


def _ask(directory: Path | None, *words: str) -> dict[str, Any]:
    from dslsconsole.lab import control, faults

    try:
        return control.request(directory or running_directory(), *words)
    except (control.NotRunning, faults.FaultError) as wrong:
        end(str(wrong), 1 if isinstance(wrong, control.NotRunning) else Exit.USAGE)


@command.command(epilog="Example: dslsconsole lab fault partition dsls-primary-01 dsls-arbitrator-01")
@click.argument("name", shell_complete=completing(fault_names))
@click.argument("hosts", nargs=-1)
@directory_option
def fault(name: str, hosts: tuple[str, ...], directory: Path | None) -> None:
    """Break something by name; `lab faults` lists what can be broken."""
    click.echo(_ask(directory, "fault", name, *hosts)["text"])


@command.command(epilog="Example: dslsconsole lab heal node-down")
@click.argument("name", default="all", shell_complete=completing(fault_names))
@directory_option
def heal(name: str, directory: Path | None) -> None:
    """Mend one kind of fault, or all."""
    click.echo(_ask(directory, "heal", name)["text"])


@command.command(epilog="Example: dslsconsole lab faults")
def faults() -> None:
    """List the faults, with the hosts each takes by default."""
    from dslsconsole.lab.faults import all_faults

    for known in all_faults().values():
        hosts = " ".join(f"[{host}]" for host in known.defaults)
        click.echo(f"{known.name:24} {known.about}  {hosts}".rstrip())


@command.command(epilog="Example: dslsconsole lab status --json")
@click.option("--json", "as_json", is_flag=True, help="The whole truth as one object.")
@directory_option
def status(as_json: bool, directory: Path | None) -> None:
    """What is true in the practice estate, whatever a console may see of it."""
    truth = _ask(directory, "status")["truth"]
    if as_json:
        click.echo(json.dumps(truth, indent=1))
        return
    for name, node in truth["nodes"].items():
        role = node["role"] or "-"
        click.echo(f"{name:20} {node['power']:4} {node['unit']:12} {role:11} {node['state']:10} epoch {node['epoch']}")
    for name, balancer in truth["load_balancers"].items():
        servers = ", ".join(f"{server} {state['status']}" for server, state in balancer["servers"].items())
        click.echo(f"{name:20} {balancer['power']:4} {'address ' if balancer['holds_vip'] else ''}{servers}")
    click.echo(f"{truth['dns']['record']} is {', '.join(truth['dns']['addresses']) or 'nowhere'}")
    click.echo(f"checkouts: {truth['checkouts']['granted']} granted, {truth['checkouts']['failed']} failed")
    click.echo(f"broken: {', '.join(truth['faults']) or 'nothing'}")


command.add_command(scenario)
command.add_command(scenarios)


@command.command(epilog="Example: dslsconsole lab down")
@directory_option
def down(directory: Path | None) -> None:
    """End the practice estate that runs."""
    click.echo(_ask(directory, "down")["text"])
