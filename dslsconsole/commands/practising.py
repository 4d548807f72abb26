"""Practice estates that begin like something that was read: a moment of a recording, or an estate as it is now."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dslsconsole.commands import Exit, Invocation, end
from dslsconsole.commands.demo import practice_estate, remembered

if TYPE_CHECKING:
    from dslsconsole.lab.twin import Twin
    from dslsconsole.model.picture import Picture
    from dslsconsole.sessions.reading import Recording


@contextmanager
def twin_estate(picture: Picture, cluster: str, directory: Path) -> Iterator[tuple[Path, Twin]]:
    """Run a practice estate that begins like a cluster; gives the path of its estate file, and who stands for whom.

    Ends the program where there can't be one.
    """
    from dslsconsole.lab.twin import NoTwin, twin_of, write_picture

    try:
        twin = twin_of(picture, cluster)
        read = directory / "like.jsonl"
        write_picture(read, picture)
    except NoTwin as why:
        end(f"There can be no practice: {why}.", Exit.USAGE)
    (directory / "lab").mkdir()
    with practice_estate(directory / "lab", like=(read, cluster)) as estate:
        yield estate, twin


def practise(recording: Recording, at: tuple[str, ...], theme: str | None) -> None:
    """Start a practice estate as it stood at a moment of a recording, and the console on it; both end together."""
    from dslsconsole.commands.console import show
    from dslsconsole.tui.render.player import moment_in

    if len(at) != 1:
        end("--practice needs one --at TIME: of which moment?", Exit.USAGE)
    moment = moment_in(at[0], recording.started_at)
    if moment is None:
        end(f"--at {at[0]}: a time is written as 12:03:10, or +90 for seconds from the beginning", Exit.USAGE)
    picture, cluster = _stood(recording, moment)
    if cluster is None:
        end(f"--at {at[0]}: nothing had been read by then; take a later time", Exit.USAGE)
    with tempfile.TemporaryDirectory(prefix="dslsconsole-practice-") as name:
        directory = Path(name)
        with twin_estate(picture, cluster, directory) as (estate, twin), remembered(directory / "lab"):
            show(Invocation(config=str(estate)), can_act=True, theme=theme, record=False, greeting=greeting(twin))


def greeting(twin: Twin) -> str:
    """What the console says first of a practice estate that stands for a cluster."""
    others = {practice: real for practice, real in twin.stands_for.items() if practice != real}
    names = f"; {', '.join(f'{practice} is {real}' for practice, real in others.items())}" if others else ""
    return f"PRACTICE: a model of {twin.shape.name} on this machine, nothing real is reached{names}"


def _stood(recording: Recording, at: float) -> tuple[Picture, str | None]:
    """What was known at a moment, and the cluster that was looked at; None where nothing was known."""
    from dslsconsole.model import frames
    from dslsconsole.model.picture import Picture
    from dslsconsole.sessions.recording import Looked, Seen, Whole
    from dslsconsole.tui.player import Player

    player = Player(recording, lambda: 0.0)
    picture, cluster = Picture(), None
    for record in player.seek(at):
        if isinstance(record, Seen | Whole):
            for raw in record.frames:
                if (frame := frames.decode(bytes(raw))) is not None:
                    picture = picture.apply(frame)
        looked = record.looked if isinstance(record, Whole) else record
        if isinstance(looked, Looked) and looked.cluster is not None:
            cluster = looked.cluster
    if player.damage is not None:
        end(player.damage, Exit.FINDINGS)
    known = picture.estate.clusters if picture.estate is not None and picture.snapshot.nodes else ()
    if not any(one.name == cluster for one in known):
        cluster = known[0].name if known else None
    return picture, cluster
