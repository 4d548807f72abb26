"""What one round costs the reading process: `python tests/bench/bench_poll.py`. Prints a table; asserts nothing.

The nodes are not asked: their answers are made beforehand, so that the figures are those of comparing, judging and
writing frames alone. `busy` changes tokens and sessions of every cluster in every round, `idle` changes nothing.
"""

import time

import msgspec
from rich.console import Console
from rich.table import Table

from dslsconsole.model.frames import encode
from dslsconsole.model.node import TokenState
from dslsconsole.model.shape import EstateShape
from dslsconsole.model.snapshot import key
from dslsconsole.watch.live import Live
from dslsconsole.watch.poller import Answer
from tests.sample_estate import BACKUP, CLUSTER, NOW, PRIMARY, SHAPE, healthy, pools, read, with_node

TICKS = 50
"""A round of 5 s in batches of 0.1 s."""


def answers_of(cluster: str, at: float, used: int) -> list[tuple[str, Answer]]:
    snapshot = healthy(at)
    for node in (PRIMARY, BACKUP):
        snapshot = with_node(snapshot, node, tokens=read(TokenState(used, pools(used)), at))
    hosts: dict[str, Answer] = {**snapshot.nodes, **snapshot.balancers}
    return [(key(cluster, host.removeprefix(f"{CLUSTER}/")), answer) for host, answer in hosts.items()]


def measured(nodes: int, busy: bool) -> tuple[float, int]:
    """CPU seconds and bytes of one round."""
    clusters = [msgspec.structs.replace(SHAPE, name=f"cluster-{number}") for number in range(max(1, nodes // 5))]
    live = Live(EstateShape(clusters=tuple(clusters), interval_s=5.0, stale_after_s=15.0, can_act=True))
    cpu, size = 0.0, 0
    for turn in range(4):
        at = NOW + 5.0 * turn
        answers = [pair for cluster in clusters for pair in answers_of(cluster.name, at, 700 + turn * busy)]
        began, size = time.process_time(), 0
        for tick in range(TICKS):
            for host, answer in answers[tick::TICKS]:
                live.arrived(host, answer, at)
            size += sum(len(encode(frame)) for frame in live.tick(at + tick * 0.1))
        cpu = time.process_time() - began
    return cpu, size


def main() -> None:
    table = Table(title="one round: compare, judge, write frames")
    for column in ("nodes", "estate", "CPU ms", "µs a node", "kB of frames"):
        table.add_column(column, justify="right")
    for nodes in (10, 100, 1000):
        for busy in (False, True):
            cpu, size = measured(nodes, busy)
            words = "busy" if busy else "idle"
            table.add_row(str(nodes), words, f"{cpu * 1e3:.1f}", f"{cpu / nodes * 1e6:.0f}", f"{size / 1e3:.1f}")
    Console().print(table)


if __name__ == "__main__":
    main()
