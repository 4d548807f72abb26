"""`dslsconsole run --rehearse`: the same plan on a practice estate that begins as the cluster stands now."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dslsconsole.commands import Exit, end
from dslsconsole.commands.practising import twin_estate

if TYPE_CHECKING:
    from dslsconsole.lab.twin import Twin
    from dslsconsole.runbooks.operation import Wish
    from dslsconsole.settings.schema import Estate

WHAT_IT_IS = (
    "REHEARSAL on a model: a practice estate on this machine, as {cluster} was read at {at}. Nothing real was asked "
    "to change, and the real servers may do otherwise."
)


def rehearse(estate: Estate, cluster: str, wish: Wish, *, as_json: bool) -> int:
    """Read the cluster, run the wish on its model and tell how it went; the exit status of that run.

    Ends the program where there can be no model of the cluster.
    """
    from dslsconsole.watch.reading import read_once

    picture = asyncio.run(read_once(estate, cluster))
    with (
        tempfile.TemporaryDirectory(prefix="dslsconsole-rehearsal-") as name,
        twin_estate(picture, cluster, Path(name)) as (path, twin),
    ):
        _site_runbooks(path, estate)
        unlike = _unlike(path.parent, twin)
        words = [sys.executable, "-m", "dslsconsole", "-c", str(path), *_wished(wish, cluster, twin)]
        if as_json:
            return _as_json(words, twin, unlike)
        return _aloud(words, twin, unlike)


def _site_runbooks(path: Path, estate: Estate) -> None:
    """Let the model know the site's own runbooks."""
    if estate.runbooks.directory is None:
        return
    import yaml

    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    document["runbooks"] = {"directory": estate.runbooks.directory}
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")


def _unlike(directory: Path, twin: Twin) -> list[str]:
    """What the model can't be like, with the cluster's names."""
    from dslsconsole.lab.control import NotRunning, request

    try:
        like = request(directory, "status").get("like") or {}
    except NotRunning as gone:
        end(f"The practice estate ended: {gone}", Exit.FINDINGS)
    return [twin.real(str(one)) for one in like.get("unlike", ())]


def _wished(wish: Wish, cluster: str, twin: Twin) -> list[str]:
    """The command line of the run on the model."""
    params = (f"{name}={twin.practised(value)}" for name, value in wish.params.items() if value)
    return [
        *("run", wish.runbook.name, cluster, "--reason", "rehearsal", "--confirm", cluster),
        *(word for param in params for word in ("--param", param)),
        *(word for guard in sorted(wish.overrides) for word in ("--override", guard)),
        *(word for host in sorted(wish.attested) for word in ("--attest", twin.practised(host))),
    ]


def _as_json(words: list[str], twin: Twin, unlike: list[str]) -> int:
    began = time.monotonic()
    done = subprocess.run([*words, "--json"], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    try:
        report: dict[str, Any] = json.loads(twin.real(done.stdout.decode("utf-8", "replace")))
    except ValueError:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        end(f"It could not be rehearsed: {said[-1] if said else f'status {done.returncode}'}", Exit.FINDINGS)
    report["rehearsal"] = {
        "text": _what_it_is(twin),
        "seconds": round(time.monotonic() - began, 1),
        "stands_for": twin.stands_for,
        "unlike": unlike,
    }
    click.echo(json.dumps(report, indent=2))
    return done.returncode


def _aloud(words: list[str], twin: Twin, unlike: list[str]) -> int:
    """Line by line as it goes, each with the cluster's own names."""
    click.echo(_what_it_is(twin))
    for sentence in unlike:
        click.echo(f"  It is not alike: {sentence}.")
    with subprocess.Popen(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            click.echo(twin.real(line), nl=False)
    click.echo("That was the rehearsal.")
    return process.returncode


def _what_it_is(twin: Twin) -> str:
    at = time.strftime("%H:%M:%SZ", time.gmtime(twin.picture.at))
    return WHAT_IT_IS.format(cluster=twin.shape.name, at=at)
