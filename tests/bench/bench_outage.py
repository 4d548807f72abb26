"""What clients see of an operation: the owner's guide's procedures beside dslsconsole, on the network of namespaces.

    python -m tests.bench.bench_outage [planned] [powered-off] [killed] [disaster]

needs root, what the tests on the network need, and curl and ping; it takes about a quarter of an hour, asserts nothing,
and prints a table in Markdown. Everything runs at the guide's own times: HAProxy checks every 30 s, and voters hold
their votes for three heartbeats of 30 s, but where the operator vouches for a death (--attest), as is done here for a
host without power, or where the host itself proves that its server is stopped. A licence client checks out and in ten
times a second all the while.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from dslsconsole.lab.world import site
from tests.bench import guide_procedures as guide
from tests.network.plan import ARBITRATOR, BACKUP, DR_PRIMARY, GUIDE_TIMES, LB1, LB2, NODES, OPS, PRIMARY
from tests.network.real_network import RealNetwork, Seen, real_network, until

GUIDE, CONSOLE = "guide", "dslsconsole"
STEADY = 20
"""Checkouts in a row that must work before clients count as served."""
LIMIT_S = 150.0
"""How long clients are watched while they are not served."""
TWO_CHECKS_S = 75.0
"""After so long two checks of HAProxy have passed for certain."""
NOTICED_S = 5.0
"""From a failure until a person begins to act, the same for both."""


@dataclass(frozen=True)
class Outage:
    """What clients saw of one event: failed checkouts, the longest time between two that worked, and until when (s)."""

    failed: int
    gap: float
    served: bool
    after: float | None = None
    """Seconds from the confirmation until clients are served for good; None where nothing was confirmed."""

    def words(self) -> tuple[str, str]:
        return f"{'' if self.served else '> '}{self.failed}", f"{'' if self.served else '> '}{self.gap:.1f}"


Rows = dict[tuple[str, str], Outage]


@asynccontextmanager
async def fresh() -> AsyncIterator[RealNetwork]:
    """A network of its own, at the guide's times."""
    with tempfile.TemporaryDirectory() as directory, real_network(Path(directory), GUIDE_TIMES) as network:
        yield network


async def watched(seen: Seen, since: float, least: float, confirmed: float | None = None) -> Outage:
    """Watch at least so many seconds, and until clients are served or the limit is reached."""
    while True:
        tail = [pair for pair in seen.attempts if pair[0] >= since][-STEADY:]
        served = len(tail) == STEADY and not any(why for _, why in tail)
        lasted = time.monotonic() - since
        if (served and lasted >= least) or lasted >= max(LIMIT_S, least):
            break
        await asyncio.sleep(0.2)
    after = None
    if confirmed is not None and served:
        lost = max((at for at, why in seen.attempts if why and at >= since), default=since)
        after = max(0.0, min(at for at, why in seen.attempts if not why and at > lost) - confirmed)
    return Outage(seen.failed(since), seen.longest_gap(since), served, after)


# The operations, as each does them; they return when the operation was confirmed (s, monotonic).


async def fail_over_by_guide(network: RealNetwork) -> float:
    began = time.monotonic()
    await guide.run(network, PRIMARY if PRIMARY in network.firsts else BACKUP, guide.FAILOVER)
    return began


async def fail_over_by_console(network: RealNetwork, *words: str) -> float:
    ran = await network.run("failover", *words)
    if ran.status:
        raise SystemExit(f"failover: {ran}")
    _steps(ran.stdout)
    return _confirmed(network)


def _confirmed(network: RealNetwork) -> float:
    """When the last operation was confirmed, as the journal tells."""
    lines = [
        json.loads(line)
        for file in sorted(network.path(OPS, "/console/journal").glob("*.jsonl"))
        for line in file.read_text().splitlines()
    ]
    at = [line["at"] for line in lines if line["event"] == "confirmed"][-1]
    return datetime.fromisoformat(at).timestamp() - time.time() + time.monotonic()


def _steps(report: str) -> None:
    """Where the time went, for whoever makes it faster."""
    for step in json.loads(report)["steps"]:
        if step["seconds"]:
            print(f"    {step['seconds']:6.2f} s  {step['outcome']:8} {step['name']}", file=sys.stderr)


FailOver = Callable[[RealNetwork], Awaitable[float]]


async def planned(rows: Rows, who: str, fail_over: FailOver) -> None:
    """A planned failover, and what comes after it: the address moves, comes back, the old primary rejoins."""
    async with fresh() as network, network.client() as seen:
        began = time.monotonic()
        confirmed = await fail_over(network)
        rows["planned failover", who] = await watched(seen, began, 3.0, confirmed)

        await move_address(network, rows, seen, who, "then the address moves")
        began = time.monotonic()
        network.sh(LB1, "systemctl start keepalived")
        await until(lambda: network.holders() == [LB1], "the address comes back")
        rows["it comes back", who] = await watched(seen, began, 10.0)

        began = time.monotonic()
        network.sh(PRIMARY, f"systemctl start {NODES[PRIMARY].unit}")
        rows["the old primary rejoins", who] = await watched(seen, began, TWO_CHECKS_S)
        await move_address(network, rows, seen, who, "the address moves again")


async def move_address(network: RealNetwork, rows: Rows, seen: Seen, who: str, event: str) -> None:
    began = time.monotonic()
    network.sh(LB1, "systemctl stop keepalived")
    await until(lambda: network.holders() == [LB2], "the address moves")
    rows[event, who] = await watched(seen, began, 10.0)


async def failed(rows: Rows, who: str, event: str, fail_over: FailOver, fail: Callable[[RealNetwork], None]) -> None:
    """The primary dies; after a while a person fails over."""
    async with fresh() as network, network.client() as seen:
        began = time.monotonic()
        fail(network)
        await asyncio.sleep(NOTICED_S)
        confirmed = await fail_over(network)
        rows[event, who] = await watched(seen, began, 10.0, confirmed)


async def disaster(rows: Rows, who: str) -> None:
    """The main site is lost, and the DR site is activated."""
    main = (PRIMARY, BACKUP, ARBITRATOR)
    async with fresh() as network:
        ran = await network.run("dr-sync")
        if ran.status:
            raise SystemExit(f"dr-sync: {ran}")
        network.off(*main)
        await asyncio.sleep(NOTICED_S)
        async with network.client(site.DR_VIP) as seen:
            answered: list[float] = []
            asking = asyncio.create_task(_name_answers(network, answered))
            began = time.monotonic()
            if who == GUIDE:
                confirmed = began
                await guide.run(network, DR_PRIMARY, guide.ACTIVATION)
            else:
                ran = await network.run("dr-activate", *(word for name in main for word in ("--attest", name)))
                if ran.status:
                    raise SystemExit(f"dr-activate: {ran}")
                _steps(ran.stdout)
                confirmed = _confirmed(network)
            outage = await watched(seen, began, 3.0, confirmed)
            asking.cancel()
        told = min(float(notice["at"]) for notice in network.notices()) - time.time() + time.monotonic()
        first = min((at for at, why in seen.attempts if not why), default=began + LIMIT_S)
        rows["disaster: clients are served at the DR site", who] = Outage(0, first - confirmed, outage.served)
        name = min(answered, default=began + LIMIT_S)
        rows["disaster: the name points there", who] = Outage(0, name - confirmed, bool(answered))
        rows["disaster: users are told", who] = Outage(0, told - confirmed, True)


async def _name_answers(network: RealNetwork, answered: list[float]) -> None:
    while not answered:
        if await asyncio.to_thread(network.record) == site.DR_VIP:
            answered.append(time.monotonic())
        await asyncio.sleep(0.2)


def kill(network: RealNetwork) -> None:
    network.sh(PRIMARY, f"systemctl kill --signal=KILL {NODES[PRIMARY].unit}")


def table(rows: Rows) -> str:
    """All rows in Markdown, the guide's and ours in turn, with how many times longer the guide's took."""
    lines = ["| event | | failed checkouts | longest gap, s | from confirmation, s | guide : dslsconsole |"]
    lines.append("|---|---|---:|---:|---:|---:|")
    for event in dict.fromkeys(event for event, _ in rows):
        for who in (GUIDE, CONSOLE):
            if (outage := rows.get((event, who))) is None:
                continue
            failed, gap = outage.words()
            other = rows.get((event, GUIDE))
            ratio = ""
            if who == CONSOLE and other is not None and outage.gap > 0:
                ratio = f"{'' if other.served else '> '}{other.gap / outage.gap:.1f}"
            after = "" if outage.after is None else f"{outage.after:.1f}"
            if event.startswith("disaster"):
                failed, gap, after = "", "", gap
            lines.append(f"| {event if who == GUIDE else ''} | {who} | {failed} | {gap} | {after} | {ratio} |")
    return "\n".join(lines)


async def main(cases: tuple[str, ...]) -> None:
    rows: Rows = {}

    async def by_word(network: RealNetwork) -> float:
        return await fail_over_by_console(network, "--attest", PRIMARY)

    for who in (GUIDE, CONSOLE):
        alive = fail_over_by_guide if who == GUIDE else fail_over_by_console
        silent = fail_over_by_guide if who == GUIDE else by_word
        if "planned" in cases:
            await planned(rows, who, alive)
        if "powered-off" in cases:
            await failed(rows, who, "primary powered off", silent, lambda network: network.off(PRIMARY))
        if "killed" in cases:
            await failed(rows, who, "primary's process killed", alive, kill)
        if "disaster" in cases:
            await disaster(rows, who)
        print(table(rows), flush=True)


if __name__ == "__main__":
    asyncio.run(main(tuple(sys.argv[1:]) or ("planned", "powered-off", "killed", "disaster")))
