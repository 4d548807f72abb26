"""`dslsconsole operations`: unfinished and running operations; resume, follow, stop."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
import sys
import time
from typing import TYPE_CHECKING

import click

from dslsconsole.commands import Exit, Invocation, end, estate_option, told

if TYPE_CHECKING:
    from pathlib import Path

    from dslsconsole.runbooks.report import Report
    from dslsconsole.runbooks.unfinished import Known
    from dslsconsole.settings.schema import Estate


LOOK_EVERY = 0.1
"""Seconds between two looks at what a followed operation does."""
LIVES_EVERY = 20
"""After so many of them it is looked whether its process lives."""


@click.group("operations", invoke_without_command=True, epilog="Example: dslsconsole operations --json")
@click.option("--json", "as_json", is_flag=True, help="As a JSON array.")
@estate_option
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """List the operations that run or were cut off, as this journal and the locks on the hosts know them."""
    if context.invoked_subcommand is not None:
        return
    known = asyncio.run(_known(context.ensure_object(Invocation).estate()))
    if as_json:
        import msgspec

        click.echo(msgspec.json.encode([one.document() for one in known]).decode())
        return
    if not known:
        click.echo("No operation runs, and none was cut off.")
    for one in known:
        document = one.document()
        click.echo(
            f"{one.operation}  {document['state']}  {one.runbook} on {one.cluster}, step {one.step} of {one.steps}, "
            f"by {one.operator} on {one.from_host} since {document['started_at']}"
        )


@command.command(
    "resume", epilog='Example: dslsconsole operations resume ID --decide abandon --confirm CLUSTER --reason "…"'
)
@click.argument("operation")
@click.option(
    "--decide",
    type=click.Choice(["verify", "continue", "undo", "abandon"]),
    required=True,
    help="What is to become of it.",
)
@click.option("--confirm", help="The cluster's name.")
@click.option("--whose", metavar="OPERATOR", help="Whose it was, where that is another operator.")
@click.option("--reason", default="", help="Why; it is written to the journal.")
@click.option("--json", "as_json", is_flag=True, help="The result as one JSON object.")
@estate_option
@click.pass_obj
def resume(
    invocation: Invocation,
    operation: str,
    decide: str,
    confirm: str | None,
    whose: str | None,
    reason: str,
    as_json: bool,
) -> None:
    """Take up OPERATION, which was cut off. `abandon` releases its locks and leaves everything as it is."""
    from dslsconsole.commands.run import heed_signals, status_of, tell
    from dslsconsole.runbooks.anchoring import anchored
    from dslsconsole.runbooks.resuming import resumed

    estate = invocation.estate()
    one = _one(estate, operation)
    if one.here and one.running:
        if not as_json:
            end(f"{operation} is running; `dslsconsole operations stop {operation}` asks it to stop.", Exit.LOCKED)
        report = running_report(one)
        tell(report, as_json=True)
        sys.exit(status_of(report))

    async def taken_up() -> Report:
        stop = asyncio.Event()
        heed_signals(stop)
        report = await resumed(
            estate, one, decide, confirm, reason, whose, stop, waits=lambda text: click.echo(text, err=True)
        )
        return await anchored(estate, report, time.time)

    report = asyncio.run(taken_up())
    told(status_of(report), lambda: tell(report, as_json=as_json))


def running_report(one: Known) -> Report:
    """That an operation can't be taken up, because it runs."""
    from dslsconsole.runbooks.execution import Ending
    from dslsconsole.runbooks.report import Report

    sentence = f"{one.operation} is running; `dslsconsole operations stop {one.operation}` asks it to stop."
    return Report(one.runbook, one.cluster, one.operation, Ending.LOCKED, sentence=sentence)


@command.command("follow", epilog="Example: dslsconsole operations follow ID")
@click.argument("operation")
@estate_option
@click.pass_obj
def follow(invocation: Invocation, operation: str) -> None:
    """Show what OPERATION does, as this journal tells it, until it ends."""
    from dslsconsole.journal import Entry, Tail
    from dslsconsole.runbooks.record import directory_of
    from dslsconsole.ssh.cleaning import clean

    directory = directory_of(invocation.estate())

    def line(entry: Entry) -> str:
        told = [entry.data.get(key) for key in ("name", "host", "outcome", "result", "sentence")]
        back = " taken back:" if entry.data.get("undo") else ""
        return clean(f"{entry.at} {entry.event}{back} {' · '.join(str(word) for word in told if word)}", 1000)

    def ended(tail: Tail) -> bool:
        """Print what is new; whether that is how it ended."""
        for entry in tail.new():
            click.echo(line(entry))
            if entry.event in ("outcome", "abandoned"):
                return True
        return False

    _one_in_journal(invocation.estate(), operation)
    tail = Tail(directory, operation)
    for look in itertools.count():
        gone = look % LIVES_EVERY == 0 and _is_gone(directory, operation)  # before its last words are read
        if ended(tail):
            return
        if gone:
            end(f"Its process is gone: see `dslsconsole operations resume {operation}`.", Exit.NEEDS_PERSON)
        time.sleep(LOOK_EVERY)


def _is_gone(directory: Path, operation: str) -> bool:
    """Whether an operation was run by a process of this machine that is no more."""
    from dslsconsole.journal import read
    from dslsconsole.runbooks.unfinished import journalled

    one = journalled(read(directory, operation=operation)).get(operation)
    return one is not None and one.here and bool(one.process) and not one.running


@command.command("stop", epilog="Example: dslsconsole operations stop ID")
@click.argument("operation")
@estate_option
@click.pass_obj
def stop(invocation: Invocation, operation: str) -> None:
    """Ask OPERATION to stop between two steps and take back what it did."""
    from dslsconsole.runbooks.permission import not_an_operator, who

    estate = invocation.estate()
    if (why := not_an_operator(estate, who())) is not None:
        end(why, Exit.NOT_CONFIRMED)
    one = _one(estate, operation)
    if not one.running:
        end(f"{operation} does not run any more: see `dslsconsole operations resume {operation}`.", Exit.USAGE)
    if one.here and one.pid is not None and one.process:
        # A process that this journal names and whose start time is the same; never one that a host names.
        os.kill(one.pid, signal.SIGINT)
    elif not asyncio.run(_ask_to_stop(estate, one)):
        end(
            f"None of {', '.join(one.hosts) or 'its hosts'} could be told; stop it on {one.from_host}.",
            Exit.NEEDS_PERSON,
        )
    _note_stop(estate, one)
    click.echo(f"{operation} was asked to stop; it does so between two steps.")


def _note_stop(estate: Estate, one: Known) -> None:
    """Write down who asked. That this can't be written changes nothing: stopping is the safe side."""
    from dslsconsole.runbooks.execution import NotWritten
    from dslsconsole.runbooks.permission import who
    from dslsconsole.runbooks.record import OperationLog, journal_of

    log = OperationLog(journal_of(estate, time.time), who(), one.cluster, one.runbook, one.operation)
    with contextlib.suppress(NotWritten):
        log.append("stop-asked", step=one.step)


async def _ask_to_stop(estate: Estate, one: Known) -> bool:
    from dslsconsole.runbooks.lock import path_of, stop_path
    from dslsconsole.runbooks.reach import Reach
    from dslsconsole.systems.acting import Refused, Unfinished, Unreached
    from dslsconsole.systems.ground import Ground

    ground, told = Ground(estate, one.cluster), False
    async with Reach(ground, time.time) as hands:
        for host in one.hosts:
            try:
                await hands.replace(host, stop_path(path_of(ground)), one.operation.encode())
                told = True
            except (Unreached, Unfinished, Refused) as failure:
                click.echo(f"{host}: {failure}", err=True)
    return told


def _one(estate: Estate, operation: str) -> Known:
    found = [one for one in asyncio.run(_known(estate)) if one.operation == operation]
    if not found:
        end(f"No running or unfinished operation is called {operation}; see `dslsconsole operations`.", Exit.USAGE)
    return found[0]


def _one_in_journal(estate: Estate, operation: str) -> None:
    from dslsconsole.journal import read
    from dslsconsole.runbooks.record import directory_of

    if not any(True for _ in read(directory_of(estate), operation=operation)):
        end(f"This journal knows no operation {operation}.", Exit.USAGE)


async def _known(estate: Estate) -> tuple[Known, ...]:
    from dslsconsole.journal import read
    from dslsconsole.runbooks.reach import Reach
    from dslsconsole.runbooks.record import directory_of
    from dslsconsole.runbooks.unfinished import journalled, locked, together
    from dslsconsole.systems.ground import Ground

    locks: dict[str, Known] = {}
    if estate.ssh.operate_user is not None:
        for cluster in estate.clusters:
            ground = Ground(estate, cluster)
            async with Reach(ground, time.time) as hands:
                locks |= await locked(hands, ground)
    return together(journalled(read(directory_of(estate))), locks)
