"""What a recording costs: size an hour, share of a core while it is made, and how long a moment of it takes to find.

    python -m tests.bench.bench_recordings

prints a table; it asserts nothing. Time is simulated: an hour of rounds of 5 s, of one cluster (as the practice estate,
everything moving) and of 1,000 nodes of which 2 % and all change in every round; and twelve hours of one cluster.
"""

import random
import statistics
import tempfile
import time
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from dslsconsole.model.frames import Frame, Full, Hello, encode
from dslsconsole.model.picture import Picture
from dslsconsole.model.shape import EstateShape
from dslsconsole.sessions.reading import Recording
from dslsconsole.sessions.recording import Head, Seen, Whole
from dslsconsole.sessions.writing import Writer
from dslsconsole.tui.player import Player
from dslsconsole.watch.live import Live
from tests.bench.bench_poll import answers_of
from tests.sample_estate import NOW, SHAPE

ROUND_S = 5.0
BATCHES = 5
"""Of a round: frames come a few times a second."""
SEEKS = 60


def recorded(directory: Path, clusters: int, share: float, hours: float) -> tuple[Path, float]:
    """A recording of so many hours, and the processor time that recording alone took, in seconds."""
    shapes = tuple(msgspec.structs.replace(SHAPE, name=f"cluster-{n:03}") for n in range(clusters))
    live = Live(EstateShape(clusters=shapes, interval_s=ROUND_S, stale_after_s=15.0, can_act=False))
    picture = Picture()

    def whole() -> Whole:
        assert picture.estate is not None
        verdicts = tuple(picture.verdicts.values())
        frames = (Hello(picture.at, picture.estate), Full(picture.at, picture.snapshot, verdicts, picture.alerts))
        return Whole(picture.at, tuple(msgspec.Raw(encode(frame).rstrip()) for frame in frames))

    writer = Writer(directory, Head(1, "bench", "ada", "jump-1", NOW, True, 160, 50), whole)
    cpu = 0.0
    first: list[Frame] = [live.hello(NOW), live.full(NOW)]
    for turn in range(int(hours * 3600 / ROUND_S)):
        began = NOW + turn * ROUND_S
        every = max(1, round(1 / share))
        for batch in range(BATCHES):
            at = began + batch * ROUND_S / BATCHES
            for number, shape in enumerate(shapes):
                if number % BATCHES == batch or clusters == 1:
                    moved = turn if (number + turn) % every == 0 else 0
                    for host, answer in answers_of(shape.name, at, 700 + moved % 200):
                        live.arrived(host, answer, at)
            frames: list[Frame] = [*first, *live.tick(at)]
            first = []
            for frame in frames:
                picture = picture.apply(frame)
            if frames:
                spent = time.process_time()
                writer.add(Seen(at, tuple(msgspec.Raw(encode(frame).rstrip()) for frame in frames)))
                writer.write_out()
                cpu += time.process_time() - spent
    writer.close()
    return writer.path, cpu


def sought(path: Path) -> list[float]:
    """Milliseconds that the player takes for random moments, all that is to be known there read."""
    dice, found = random.Random(1), []
    with Recording(path) as recording:
        player = Player(recording, lambda: 0.0)
        for _ in range(SEEKS):
            at = dice.uniform(recording.started_at, recording.ended_at)
            began = time.perf_counter()
            player.seek(at)
            found.append((time.perf_counter() - began) * 1e3)
    return found


def main() -> None:
    table = Table(title="recordings")
    for column in ("", "MB an hour", "% of a core", "a moment, ms", "p95, ms"):
        table.add_column(column, justify="left" if not column else "right")
    cases = (
        ("one cluster, all moving, 1 h", 1, 1.0, 1.0),
        ("one cluster, all moving, 12 h", 1, 1.0, 12.0),
        ("1,000 nodes, 2 % changing, 1 h", 200, 0.02, 1.0),
        ("1,000 nodes, all changing, 10 min", 200, 1.0, 1 / 6),
    )
    for name, clusters, share, hours in cases:
        with tempfile.TemporaryDirectory(prefix="bench-recordings-") as directory:
            path, cpu = recorded(Path(directory), clusters, share, hours)
            took = sought(path)
            table.add_row(
                name,
                f"{path.stat().st_size / 1e6 / hours:.2f}",
                f"{cpu / (hours * 3600) * 100:.2f}",
                f"{statistics.median(took):.0f}",
                f"{statistics.quantiles(took, n=20)[18]:.0f}",
            )
            Console(width=110).print(table)


if __name__ == "__main__":
    main()
