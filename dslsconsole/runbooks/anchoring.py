"""The head of the journal's chain, put out of reach after each outcome, and read again to verify the journal."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from msgspec.structs import replace

from dslsconsole.journal import Damage, JournalError
from dslsconsole.journal.anchoring import (
    Anchor,
    anchor_of,
    anchors_in,
    has_no_syslog,
    held_against,
    place_of,
    tell_syslog,
)
from dslsconsole.runbooks.reach import Reach
from dslsconsole.runbooks.record import directory_of
from dslsconsole.runbooks.report import Report
from dslsconsole.settings.schema import Estate
from dslsconsole.ssh.quoting import bounded
from dslsconsole.systems.acting import Hands, Refused, Unfinished, Unreached, succeeded
from dslsconsole.systems.ground import Ground

FAR_SECONDS = 5.0
MOST_BYTES = 524_288
"""Of a host's anchors, the newest that are looked at: some thousand operations."""
_NOT_DONE = (Unreached, Unfinished, Refused)


async def anchored(estate: Estate, report: Report, clock: Callable[[], float], hands: Reach | None = None) -> Report:
    """Put the journal's head where the estate says. What can't be done is said in the card and changes no outcome.

    `hands` are those of the report's cluster, where they are open.
    """
    try:
        anchor = anchor_of(directory_of(estate), clock())
    except JournalError as error:
        return replace(report, card=(*report.card, f"The journal's head was not anchored: {error}"))
    if anchor is None:
        return report
    troubles = [*_to_syslog(estate, anchor), *await _to_host(estate, anchor, report.cluster, clock, hands)]
    return replace(report, card=(*report.card, *troubles))


def _to_syslog(estate: Estate, anchor: Anchor) -> list[str]:
    where = estate.journal.anchor.syslog
    if not where or has_no_syslog(where):
        return []
    try:
        tell_syslog(where, anchor)
    except OSError as error:
        why = error.strerror or str(error)
        return [f"The journal's head was not told to syslog at {where}: {why}. See journal.anchor.syslog."]
    return []


async def _to_host(
    estate: Estate, anchor: Anchor, cluster: str, clock: Callable[[], float], hands: Reach | None
) -> list[str]:
    settings = estate.journal.anchor
    if settings.host is None:
        return []
    command = bounded(["tee", "-a", "--", settings.path], FAR_SECONDS)
    try:
        async with _hands_to(estate, settings.host, cluster, clock, hands) as far:
            line = f"{anchor.line()}\n".encode()
            succeeded(await far.run(settings.host, command, stdin=line, timeout=FAR_SECONDS + 2))
    except _NOT_DONE as failure:
        return [f"The journal's head was not put on {settings.host} ({settings.path}): {failure}"]
    return []


@contextlib.asynccontextmanager
async def _hands_to(
    estate: Estate, host: str, cluster: str, clock: Callable[[], float], hands: Reach | None
) -> AsyncIterator[Hands]:
    if hands is not None and host in Ground(estate, cluster).nodes:
        yield hands
        return
    where = next(name for name in estate.clusters if host in Ground(estate, name).nodes)
    async with Reach(Ground(estate, where), clock) as own:
        yield own


class Unanchored(Exception):  # noqa: N818
    """The anchors can't be read: why, in a sentence."""


async def against_host(estate: Estate, clock: Callable[[], float]) -> tuple[Damage, ...]:
    """What the journal lacks, or has otherwise, than the anchors on the estate's second host say.

    Raises:
        Unanchored: they can't be read.
        JournalError: the journal can't be.
    """
    settings, directory = estate.journal.anchor, directory_of(estate)
    if settings.host is None:
        return ()
    command = bounded(["tail", "-c", str(MOST_BYTES), "--", settings.path], FAR_SECONDS)
    try:
        async with _hands_to(estate, settings.host, "", clock, None) as far:
            answer = await far.run(settings.host, command, timeout=FAR_SECONDS + 2)
    except _NOT_DONE as failure:
        raise Unanchored(f"the anchors on {settings.host} can't be read: {failure}") from failure
    if answer.status != 0:
        said = answer.said or f"status {answer.status}"
        raise Unanchored(f"the anchors on {settings.host} can't be read: {said}")
    anchors = anchors_in(answer.stdout.splitlines(), place_of(directory))
    return await asyncio.to_thread(held_against, directory, anchors, f"{settings.host}:{settings.path}")
