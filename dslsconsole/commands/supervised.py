"""`dslsconsole run token-sync CLUSTER --every 30s`: the runbook again and again, as a service."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import time
from typing import TYPE_CHECKING

import click

from dslsconsole.commands import Exit, end

if TYPE_CHECKING:
    from dslsconsole.runbooks.execution import Ending
    from dslsconsole.runbooks.operation import Wish
    from dslsconsole.runbooks.permission import Person
    from dslsconsole.runbooks.report import Report
    from dslsconsole.settings.schema import Estate

REPEATABLE = ("token-sync",)
SHORTEST = 1.0
"""Seconds."""


def interval(text: str, runbook: str) -> float:
    """The seconds of `--every`; ends the program where it is no duration, or the runbook is not meant for it."""
    from dslsconsole.settings.values import seconds

    if runbook not in REPEATABLE:
        end(f"--every goes with {', '.join(REPEATABLE)} alone; run {runbook} from a timer.", Exit.USAGE)
    try:
        every = seconds(text)
    except ValueError as wrong:
        end(f"--every {text} {wrong}", Exit.USAGE)
    if every < SHORTEST:
        end(f"--every {text} is too short: at least {SHORTEST:g}s.", Exit.USAGE)
    return every


def supervised(
    estate: Estate, cluster: str, wish: Wish, person: Person, *, every: float, mismatches: int, as_json: bool
) -> None:
    """Go round until SIGINT, SIGTERM or SIGHUP; ends the program with 0, or with 13 where a difference was left."""
    from dslsconsole.runbooks.execution import Ending, NotWritten

    phrase = cluster
    if wish.confirmation != phrase:
        end(f"Not confirmed: --confirm {phrase} is needed.", Exit.NOT_CONFIRMED)
    try:
        ending, words = asyncio.run(_loop(estate, cluster, wish, person, every, mismatches))
    except NotWritten as full:
        end(f"It stopped, because the journal can't be written: {full}", Exit.NEEDS_PERSON)
    if as_json:
        import msgspec

        document = {"runbook": wish.runbook.name, "cluster": cluster, "operation": wish.operation}
        click.echo(msgspec.json.encode({**document, "outcome": ending.value, "sentence": words}).decode())
    else:
        click.echo(f"Stopped: {words}.")
    sys.exit(Exit.NEEDS_PERSON if ending is Ending.NEEDS_PERSON else Exit.OK)


async def _loop(
    estate: Estate, cluster: str, wish: Wish, person: Person, every: float, mismatches: int
) -> tuple[Ending, str]:
    from msgspec.structs import replace

    from dslsconsole.commands.run import unfinished_on
    from dslsconsole.runbooks.operation import Operation
    from dslsconsole.runbooks.reach import Reach
    from dslsconsole.runbooks.record import OperationLog, journal_of
    from dslsconsole.runbooks.supervised import QuietLog, Supervised, compare
    from dslsconsole.ssh.cleaning import clean
    from dslsconsole.systems.ground import Ground

    ground, stop = Ground(estate, cluster), asyncio.Event()
    log = OperationLog(journal_of(estate, time.time), person, cluster, wish.runbook.name, wish.operation)
    running = asyncio.get_running_loop()
    for number in _ending():
        running.add_signal_handler(number, stop.set)
    async with Reach(ground, time.time) as hands:

        async def push(number: int) -> Report:
            # The loop was confirmed, by the cluster's name; each round is by whatever its plan asks for.
            one = replace(wish, operation=f"{wish.operation}.{number}"[:100], confirmation=None)
            others = lambda: unfinished_on(estate, cluster, one.operation)  # noqa: E731
            quiet = QuietLog(log, number)
            operation = Operation(one, ground, hands, quiet, person, time.time, stop=stop, others=others, ask=_yes)
            return await operation.run()

        loop = Supervised(
            every=every,
            mismatches=mismatches,
            compare=lambda: compare(hands, ground),
            push=push,
            log=log,
            say=lambda text: _told(clean(text, 1000)),
            clock=time.time,
            stop=stop,
        )
        return await loop.run(), loop.words


async def _yes(report: Report) -> str:
    """What confirms a round of the loop."""
    return report.confirm


def _ending() -> tuple[signal.Signals, ...]:
    """What ends the loop in order: also that its terminal is closed, unless it was started to outlive that (nohup)."""
    outlives = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return (signal.SIGINT, signal.SIGTERM, *(() if outlives else (signal.SIGHUP,)))


def _told(text: str) -> None:
    """Say it, where somebody is still there to read."""
    with contextlib.suppress(OSError):
        click.echo(text, err=True)
