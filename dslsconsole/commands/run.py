"""`dslsconsole run RUNBOOK CLUSTER`: a runbook without the console."""

from __future__ import annotations

import asyncio
import difflib
import re
import secrets
import signal
import sys
import time
from typing import TYPE_CHECKING

import click

from dslsconsole.commands import Exit, Invocation, end, estate_option, told
from dslsconsole.commands.completing import clusters, completing, runbooks

if TYPE_CHECKING:
    from dslsconsole.runbooks.execution import Ending
    from dslsconsole.runbooks.operation import Wish
    from dslsconsole.runbooks.permission import Person
    from dslsconsole.runbooks.report import Report
    from dslsconsole.runbooks.schema import Runbook
    from dslsconsole.settings.schema import Estate


@click.command(
    "run",
    epilog='Example: dslsconsole run failover production-cluster --reason "INC-1234 disk failing" '
    "--confirm production-cluster",
)
@click.argument("runbook", shell_complete=completing(runbooks))
@click.argument("cluster", shell_complete=completing(clusters))
@click.option(
    "--reason", default="", help="Why; it is written to the journal. Needed but for --dry-run and --rehearse."
)
@click.option("--confirm", help="The answer to the question that would be asked: the cluster's name.")
@click.option("--dry-run", is_flag=True, help="Show guards and steps; change nothing and take no lock.")
@click.option(
    "--rehearse",
    is_flag=True,
    help="Run it on a practice estate that begins as the cluster stands now. Nothing real is changed.",
)
@click.option("--json", "as_json", is_flag=True, help="The result as one JSON object.")
@click.option("--param", "params", multiple=True, metavar="KEY=VALUE", help="What the runbook asks for.")
@click.option("--override", "overrides", multiple=True, metavar="GUARD", help="Accept one failed guard by name.")
@click.option("--attest", multiple=True, metavar="HOST", help="Your word that a host which can't be asked is down.")
@click.option("--plan", metavar="HASH", help="Run only if the plan is still the one with this hash.")
@click.option("--operation", metavar="ID", help="The operation's id; made up if not given.")
@click.option(
    "--break-glass",
    default="",
    metavar="REASON",
    help="Run a two-person runbook without approval: the reason is journalled and told to the estate's webhooks.",
)
@click.option("--every", metavar="DURATION", help="Run token-sync again and again, e.g. 30s, until interrupted.")
@click.option(
    "--mismatches",
    type=click.IntRange(1, 1000),
    default=3,
    show_default=True,
    help="With --every: rounds in a row with a difference until that is told.",
)
@estate_option
@click.pass_obj
def command(
    invocation: Invocation,
    runbook: str,
    cluster: str,
    reason: str,
    confirm: str | None,
    dry_run: bool,
    rehearse: bool,
    as_json: bool,
    params: tuple[str, ...],
    overrides: tuple[str, ...],
    attest: tuple[str, ...],
    plan: str | None,
    operation: str | None,
    break_glass: str,
    every: str | None,
    mismatches: int,
) -> None:
    """Run RUNBOOK on CLUSTER: guards, plan, confirmation, steps, each proven.

    Ends with 0 done and verified, 10 refused by a guard, 11 locked by another operation, 12 failed and rolled back,
    13 failed or unknown: needs a person, 14 not confirmed, not approved or not permitted.
    """
    from dslsconsole.commands.supervised import interval, supervised
    from dslsconsole.runbooks.execution import Ending
    from dslsconsole.runbooks.operation import Wish, asked
    from dslsconsole.runbooks.permission import forbidden, who

    seconds = interval(every, runbook) if every is not None else None
    estate = invocation.estate()
    book = chosen(estate, runbook)
    if cluster not in estate.clusters:
        end(f"There is no cluster called {cluster}.{nearest(cluster, estate.clusters)}", Exit.USAGE)
    try:
        answers = asked(book, pairs(params))
    except ValueError as wrong:
        end(str(wrong), Exit.USAGE)
    _check_names(estate, cluster, book, overrides, attest)
    if rehearse and (dry_run or every is not None or plan is not None):
        end("--rehearse goes with none of --dry-run, --every and --plan.", Exit.USAGE)
    if not (dry_run or rehearse) and not reason.strip():
        end("A reason is needed: --reason TEXT. It is written to the journal.", Exit.USAGE)
    if operation is not None and not re.fullmatch(r"[A-Za-z0-9._-]{1,100}", operation):
        end("--operation takes letters, digits, dots, hyphens and underscores, 100 at most.", Exit.USAGE)
    if operation is not None and not (dry_run or rehearse):
        _check_new(estate, operation)
    _check_glass(estate, book, break_glass.strip())
    wish = Wish(
        runbook=book,
        operation=operation or new_id(),
        reason=reason.strip(),
        params=answers,
        overrides=frozenset(overrides),
        attested=frozenset(attest),
        confirmation=confirm,
        dry_run=dry_run,
        plan_hash=plan,
        break_glass=break_glass.strip(),
    )
    if (fixed := _fixed(overrides)) is not None:
        refused = _not_begun(fixed, wish, cluster, Ending.REFUSED)
        told(status_of(refused), lambda: tell(refused, as_json=as_json))
    if rehearse:
        from dslsconsole.commands.rehearsing import rehearse as rehearsed

        sys.exit(rehearsed(estate, cluster, wish, as_json=as_json))
    person = who()
    why = forbidden(estate, book.name, person)
    if why is None and seconds is not None and book.name in estate.operators.two_person:
        why = f"{book.name} needs a second operator, who approves one run and no loop."
    report = None if why is None else _not_begun(why, wish, cluster, Ending.NOT_CONFIRMED)
    if report is None and seconds is not None and not dry_run:
        supervised(estate, cluster, wish, person, every=seconds, mismatches=mismatches, as_json=as_json)
    if report is None:
        report = asyncio.run(carried_out(estate, cluster, wish, person, as_json=as_json))
    told(status_of(report), lambda: tell(report, as_json=as_json))


def _check_new(estate: Estate, operation: str) -> None:
    """See that an id names one run alone; ends the program where this journal knows it of another."""
    from dslsconsole.journal import JournalError, read
    from dslsconsole.runbooks.record import directory_of, remembered

    try:
        used = remembered(read(directory_of(estate), operation=operation)).get(operation)
    except JournalError:
        return  # what follows meets the same trouble when it writes, and says so
    if used is not None:
        what = f"{used.runbook} on {used.cluster}, begun {used.started_at}"
        end(f"--operation {operation} names another run already ({what}). Take another id, or none.", Exit.USAGE)


def chosen(estate: Estate, name: str) -> Runbook:
    """The runbook of that name; ends the program where there is none, or where it is the site's own and not sound."""
    from dslsconsole.runbooks import library
    from dslsconsole.settings import ConfigurationError

    try:
        book = library.find(estate, name)
        known = library.names(estate)
    except ConfigurationError as error:
        end("\n".join(str(finding) for finding in error.findings), Exit.CONFIGURATION)
    if book is None:
        end(f"There is no runbook called {name}.{nearest(name, known)} They are: {', '.join(known)}.", Exit.USAGE)
    return book


def nearest(name: str, known: object) -> str:
    """A sentence with the nearest known name, or nothing."""
    near = difflib.get_close_matches(name, list(known), 1)  # type: ignore[call-overload]
    return f" Did you mean {near[0]}?" if near else ""


def pairs(texts: tuple[str, ...]) -> dict[str, str]:
    """`KEY=VALUE` texts as a mapping; ends the program with 64 where one is none."""
    found = {}
    for text in texts:
        key, separator, value = text.partition("=")
        if not separator:
            end(f"--param takes KEY=VALUE, not {text}", Exit.USAGE)
        found[key] = value
    return found


def new_id() -> str:
    """An id for an operation: when it began, and something of its own."""
    return f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{secrets.token_hex(3)}"


def _check_names(
    estate: Estate, cluster: str, book: Runbook, overrides: tuple[str, ...], attest: tuple[str, ...]
) -> None:
    from dslsconsole.systems.ground import Ground

    names = [use.guard for use in book.guards]
    for override in overrides:
        if override not in names:
            end(f"{book.name} has no guard called {override}.{nearest(override, names)}", Exit.USAGE)
    known = list(Ground(estate, cluster).nodes)
    for host in attest:
        if host not in known:
            end(f"{cluster} has no node called {host}.{nearest(host, known)}", Exit.USAGE)


def _check_glass(estate: Estate, book: Runbook, reason: str) -> None:
    from dslsconsole.runbooks.second import LEAST_REASON

    if reason and book.name not in estate.operators.two_person:
        end(f"{book.name} needs no second operator, so there is no glass to break.", Exit.USAGE)
    if reason and len(reason) < LEAST_REASON:
        end(f"--break-glass takes the reason in words, {LEAST_REASON} characters at least.", Exit.USAGE)


def _fixed(overrides: tuple[str, ...]) -> str | None:
    """Which of the guards can't be overridden, as a sentence; None where all can."""
    from dslsconsole.runbooks.guard import catalogue

    fixed = [name for name in overrides if not catalogue()[name].OVERRIDABLE]
    return f"The guard {fixed[0]} can't be overridden." if fixed else None


def _not_begun(why: str, wish: Wish, cluster: str, ending: Ending) -> Report:
    """The report on an operation that was not even looked at."""
    from dslsconsole.runbooks.report import Report

    return Report(wish.runbook.name, cluster, wish.operation, ending, sentence=why, title=wish.runbook.title)


async def carried_out(estate: Estate, cluster: str, wish: Wish, person: Person, *, as_json: bool) -> Report:
    """Run the operation; an interrupt stops it between two steps, and a lost terminal does not."""
    from dslsconsole.runbooks.anchoring import anchored
    from dslsconsole.runbooks.operation import Operation
    from dslsconsole.runbooks.reach import Reach
    from dslsconsole.runbooks.record import OperationLog, journal_of
    from dslsconsole.runbooks.second import second_for
    from dslsconsole.runbooks.telling import Teller, unless
    from dslsconsole.systems.ground import Ground

    ground, stop = Ground(estate, cluster), asyncio.Event()
    teller = Teller(quiet=as_json)
    log = OperationLog(journal_of(estate, time.time), person, cluster, wish.runbook.name, wish.operation)
    async with Reach(ground, time.time) as hands:
        operation = Operation(
            wish,
            ground,
            hands,
            log,
            person,
            time.time,
            progress=teller.step,
            going_back=teller.going_back,
            shown=teller.prospect,
            stop=stop,
            ask=(lambda shown: unless(stop, teller.ask(shown))) if sys.stdin.isatty() and not as_json else None,
            others=lambda: unfinished_on(estate, cluster, wish.operation),
            seen_epoch=lambda: epoch_given(estate, cluster),
            second=second_for(hands, ground, log, wish, person, time.time),
        )
        heed_signals(stop)
        report = await operation.run()
        return report if wish.dry_run else await anchored(estate, report, time.time, hands)


def unfinished_on(estate: Estate, cluster: str, own: str) -> str | None:
    """Another operation on the cluster that this console's journal has not seen end, in words."""
    from dslsconsole.journal import JournalError, read
    from dslsconsole.runbooks.record import directory_of
    from dslsconsole.runbooks.unfinished import journalled

    try:
        others = journalled(read(directory_of(estate), cluster=cluster))
    except JournalError:
        # Nothing runs without a journal: what follows meets the same trouble when it writes, and says so.
        return None
    for one in others.values():
        if one.operation != own:
            state = "running" if one.running else "unfinished"
            return (
                f"{one.runbook} of {one.operator} ({state} operation {one.operation}, step {one.step} of {one.steps})"
            )
    return None


def epoch_given(estate: Estate, cluster: str) -> int | None:
    """The highest epoch on the cluster that this console's journal tells; None where it tells none."""
    from dslsconsole.journal import JournalError, read
    from dslsconsole.runbooks.record import directory_of, highest_epoch

    try:
        return highest_epoch(read(directory_of(estate), cluster=cluster))
    except JournalError:
        return None


def heed_signals(stop: asyncio.Event) -> None:
    """From now on an interrupt asks to stop between two steps, and the end of the terminal changes nothing."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


def tell(report: Report, *, as_json: bool) -> None:
    """Print how it ended."""
    from dslsconsole.runbooks.telling import Teller

    if as_json:
        import msgspec

        click.echo(msgspec.json.format(msgspec.json.encode(report.document()), indent=2).decode())
    else:
        Teller(quiet=False).ending(report)


def status_of(report: Report) -> int:
    """The contract's exit status."""
    from dslsconsole.runbooks.execution import Ending

    return {
        Ending.DONE: Exit.OK,
        Ending.REFUSED: Exit.REFUSED,
        Ending.LOCKED: Exit.LOCKED,
        Ending.ROLLED_BACK: Exit.ROLLED_BACK,
        Ending.NEEDS_PERSON: Exit.NEEDS_PERSON,
        Ending.NOT_CONFIRMED: Exit.NOT_CONFIRMED,
    }[report.outcome]
