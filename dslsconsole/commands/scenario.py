"""`dslsconsole lab scenario NAME`: a day at a practice estate of its own, with a pass or a fail."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dslsconsole.commands import Exit, end
from dslsconsole.commands.completing import completing
from dslsconsole.commands.completing import scenarios as names

if TYPE_CHECKING:
    from dslsconsole.lab.scenarios import Scenario
    from dslsconsole.lab.stage import Stage

SPEED = 16.0


@click.command(
    name="scenario",
    epilog="Example: dslsconsole lab scenario finals-week-disaster\n\nExit status: 0 it passed, 1 it failed.",
)
@click.argument("name", shell_complete=completing(names))
@click.option("--json", "as_json", is_flag=True, help="One JSON object at the end.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same people.")
@click.option(
    "--speed", type=click.FloatRange(0.1, 100), default=SPEED, show_default=True, help="Lab seconds a second."
)
def scenario(name: str, as_json: bool, seed: int, speed: float) -> None:
    """Play the scenario NAME on a practice estate of its own, and tell whether all that it expects is so."""
    from dslsconsole.commands.run import nearest
    from dslsconsole.lab.scenarios import all_scenarios

    known = all_scenarios()
    if name not in known:
        end(f"There is no scenario {name}.{nearest(name, known)} `dslsconsole lab scenarios` lists them.", Exit.USAGE)
    with tempfile.TemporaryDirectory(prefix="dslsconsole-scenario-") as directory:
        stage = asyncio.run(_played(Path(directory), known[name], seed, speed, quiet=as_json))
    if as_json:
        told = [{"text": one.text, "ok": one.ok, "reading": one.reading} for one in stage.expectations]
        click.echo(json.dumps({"scenario": name, "passed": stage.passed, "expectations": told}, indent=1))
    else:
        failed = sum(not one.ok for one in stage.expectations)
        how = "passed" if stage.passed else "FAILED"
        click.echo(f"{name} {how}: {len(stage.expectations)} things were expected, {failed} not so")
    sys.exit(Exit.OK if stage.passed else Exit.FINDINGS)


@click.command(name="scenarios", epilog="Example: dslsconsole lab scenarios")
def scenarios() -> None:
    """List the scenarios, and what each shows to hold."""
    from dslsconsole.lab.scenarios import all_scenarios

    for known in all_scenarios().values():
        click.echo(f"{known.name:24} {known.about}")


async def _played(directory: Path, one: Scenario, seed: int, speed: float, *, quiet: bool) -> Stage:
    from dslsconsole.lab.practice import Lab
    from dslsconsole.lab.stage import Expectation, Stage, play

    def tell(expectation: Expectation) -> None:
        if not quiet:
            mark = "ok    " if expectation.ok else "FAILED"
            reading = f"  ({expectation.reading})" if expectation.reading and not expectation.ok else ""
            click.echo(f"{mark} {expectation.text}{reading}")

    async with Lab(directory / "lab", seed=seed, speed=speed) as lab:
        stage = Stage(lab, lambda *words: _program(lab.estate_path, *words), tell)
        await play(one.play, stage)
    return stage


async def _program(estate: Path, *words: str) -> tuple[int, dict[str, Any]]:
    """`dslsconsole` on the estate, as a person would run it: its exit status and its JSON."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "dslsconsole", "-c", str(estate), *words, "--json"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    try:
        said = json.loads(out)
    except ValueError:
        said = {"sentence": errors.decode(errors="replace").strip()}
    return process.returncode or 0, said if isinstance(said, dict) else {"answer": said}
