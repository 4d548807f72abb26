"""A reading process that reads nothing: the frames of 1,000 nodes in rounds of 5 s, as `dslsconsole watch` tells them.

    python -m tests.bench.thousand_nodes [SHARE]

In every round SHARE of the clusters (default 0.02) have other tokens and sessions than in the one before.
"""

import sys
import time

import msgspec

from dslsconsole.model.frames import encode
from dslsconsole.model.shape import EstateShape
from dslsconsole.watch.live import Live
from tests.bench.bench_poll import TICKS, answers_of
from tests.sample_estate import SHAPE

CLUSTERS = 200
"""Of five nodes each."""
ROUND_S = 5.0


def main(share: float) -> None:
    clusters = [msgspec.structs.replace(SHAPE, name=f"cluster-{number:03}") for number in range(CLUSTERS)]
    live = Live(EstateShape(clusters=tuple(clusters), interval_s=ROUND_S, stale_after_s=15.0, can_act=False))
    out = sys.stdout.buffer
    for first in (live.hello(time.time()), live.full(time.time())):
        out.write(encode(first))
    turn = 0
    while True:
        turn += 1
        began, at = time.monotonic(), time.time()
        busy = {number for number in range(CLUSTERS) if (number + turn) % max(1, round(1 / share)) == 0}
        answers = [
            pair
            for number, cluster in enumerate(clusters)
            for pair in answers_of(cluster.name, at, 700 + turn * (number in busy))
        ]
        for tick in range(TICKS):
            for host, answer in answers[tick::TICKS]:
                live.arrived(host, answer, time.time())
            for frame in live.tick(time.time()):
                out.write(encode(frame))
            out.flush()
            time.sleep(max(0.0, began + (tick + 1) * ROUND_S / TICKS - time.monotonic()))


if __name__ == "__main__":
    try:
        main(float(sys.argv[1]) if len(sys.argv) > 1 else 0.02)
    except (BrokenPipeError, KeyboardInterrupt):
        sys.exit(0)
