"""Looks closely at one node, once, as the probe user: its log, its configuration file and who holds licences."""

import time
from collections.abc import Callable
from typing import Any

from dslsconsole.model.inspection import Holder, Inspection
from dslsconsole.model.node import Mode
from dslsconsole.model.reading import Failure, FailureKind, Reading
from dslsconsole.settings.hosts import HostAddress
from dslsconsole.settings.schema import Estate
from dslsconsole.ssh.access import Access
from dslsconsole.ssh.cleaning import clean, clean_lines
from dslsconsole.ssh.errors import SshError
from dslsconsole.ssh.pool import Pool
from dslsconsole.systems.answers import Unreadable
from dslsconsole.systems.dslicsrv.read import parse_sessions
from dslsconsole.systems.node import configuration, probe
from dslsconsole.systems.node.sections import SOURCE
from dslsconsole.systems.readers import target_of

TIMEOUT_S = 15.0
LIMIT_S = 5
"""Of one command on the host."""
MOST_LETTERS = 60_000
MOST_HOLDERS = 5_000
_FILES = {
    Mode.PRIMARY: "config=primary",
    Mode.BACKUP: "config=backup",
    Mode.ARBITRATOR: "config=arbitrator",
    Mode.DR_PRIMARY: configuration.DR_SITE,
    Mode.DR_BACKUP: configuration.DR_SITE,
}


async def inspect(estate: Estate, node: HostAddress, clock: Callable[[], float] = time.time) -> Inspection:
    """What one node says. What can't be read is a failure in its place, never an exception."""
    unit = node.unit or "dsls"
    try:
        words = {"log": f"journal={probe.encoded(unit)}"}
    except ValueError as error:
        why: Reading[Any] = Reading(failure=Failure(FailureKind.FAILED, f"{node.name}: {error}"), tried_at=clock())
        return Inspection(node.cluster, node.name, clock(), unit, log=why)
    if estate.dslicsrv.dialect == "guide" and node.mode is not None:
        words["config"] = _FILES[node.mode]
        if node.mode is not Mode.ARBITRATOR:
            words["holders"] = "sessions"
    async with Pool(Access.probe(estate.ssh), clock, back_off=False) as pool:
        try:
            connection = await pool.connection(target_of(node))
            shell = await connection.shell(probe.sent(estate.dslicsrv))
        except SshError as error:
            failed: Reading[Any] = Reading(None, None, SOURCE, error.failure, clock())
            return Inspection(node.cluster, node.name, clock(), unit, **dict.fromkeys(words, failed))
        try:
            answer = await probe.ask(shell, (f"limit={LIMIT_S}", *words.values()), TIMEOUT_S)
        finally:
            shell.close()
    told = configuration.Told(node.name, connection.user, answer, clock(), LIMIT_S)
    parsers: dict[str, Callable[[str], Any]] = {
        "log": lambda text: _log(text, node.name, unit, connection.user),
        "config": _lines,
        "holders": _holders,
    }
    sections = {"log": "journal", "holders": "sessions"}
    read = {what: told.of(sections.get(what, word), parsers[what]) for what, word in words.items()}
    return Inspection(node.cluster, node.name, told.at, unit, **read)


def _lines(text: str) -> tuple[str, ...]:
    return tuple(clean_lines(text, MOST_LETTERS))


def _log(text: str, host: str, unit: str, user: str) -> tuple[str, ...]:
    """`journalctl --quiet`: nothing at all is what it prints to whom it may not show anything."""
    found = _lines(text)
    if not found:
        raise Unreadable(f"{user} sees no line of {unit}; on {host}: usermod -aG systemd-journal {user}")
    return found


def _word(told: str | None) -> str | None:
    return clean(told, 80) if told else None


def _holders(text: str) -> tuple[Holder, ...]:
    return tuple(
        Holder(_word(one.user), _word(one.host), _word(one.feature), one.tokens, one.since, one.idle_s)
        for one in parse_sessions(text)[:MOST_HOLDERS]
    )
