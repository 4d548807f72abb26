"""Anchors: the head of the log's chain, kept where who can cut the log can't reach. A cut tail shows against them.

An anchor is one line of text, `AT dslsconsole-journal SEQ SHA256 HOST:DIRECTORY`, after whatever a syslog puts before.
"""

import contextlib
import logging
import logging.handlers
import re
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec import Struct

from dslsconsole.journal.entry import digest, instant
from dslsconsole.journal.errors import failed
from dslsconsole.journal.files import months, read_head
from dslsconsole.journal.reading import lines
from dslsconsole.journal.verifying import Damage

DEFAULT_SYSLOG = "/dev/log"
_LINE = re.compile(
    r"(?P<at>\S{10,40}) dslsconsole-journal (?P<seq>[0-9]{1,18}) (?P<digest>[0-9a-f]{64}) (?P<place>\S.{0,500}?)\s*$"
)


class Anchor(Struct, frozen=True):
    """That a log had a line of this number and hash at a time. `place` tells which log."""

    at: str
    seq: int
    digest: str
    place: str

    def line(self) -> str:
        return f"{self.at} dslsconsole-journal {self.seq} {self.digest} {self.place}"


def place_of(directory: Path) -> str:
    """Which log it is: the host and the directory."""
    return f"{socket.gethostname()}:{directory.resolve()}"


def anchor_of(directory: Path, now: float) -> Anchor | None:
    """The log's head as it is now; None for a log that has no line yet.

    Raises:
        JournalError: the head can't be read.
    """
    try:
        head = read_head(directory)
    except OSError as error:
        raise failed("read", directory, error) from error
    return Anchor(instant(now), head.seq, head.digest, place_of(directory)) if head is not None else None


def anchors_in(texts: Iterable[str], place: str) -> tuple[Anchor, ...]:
    """The anchors of one log among lines of text; other lines are left out."""
    found = (_LINE.search(text) for text in texts)
    return tuple(
        Anchor(match["at"], int(match["seq"]), match["digest"], place)
        for match in found
        if match is not None and match["place"] == place
    )


def held_against(directory: Path, anchors: Iterable[Anchor], source: str) -> tuple[Damage, ...]:
    """What the log lacks, or has otherwise, than the anchors say; `source` names where those lie.

    Raises:
        JournalError: the log can't be read.
    """
    wanted: dict[int, list[Anchor]] = {}
    for anchor in anchors:
        wanted.setdefault(anchor.seq, []).append(anchor)
    if not wanted:
        return ()
    try:
        return tuple(_against(directory, wanted, source))
    except OSError as error:
        raise failed("read", directory, error) from error


def _against(directory: Path, wanted: dict[int, list[Anchor]], source: str) -> Iterator[Damage]:
    """Every anchor counts: a log that was cut and grew again has two of one number, and the older one tells."""
    files, number, newest = months(directory), 0, "head"
    for path in files:
        newest = path.name
        for at, line in lines(path):
            number = _seq(line) or number + 1
            for anchor in wanted.get(number, ()):
                if digest(line) != anchor.digest:
                    text = f"this line is not the one that {source} knows as number {number} since {anchor.at}"
                    yield Damage(path.name, at, text)
                    return
    if (last := max(wanted)) > number:
        text = f"numbers up to {last} were written ({source} knows that since {wanted[last][0].at}), but it ends with "
        yield Damage(newest, 0, f"{text}{number}: the log was cut or replaced")


def _seq(line: bytes) -> int | None:
    match = re.match(rb'\{"seq":([0-9]{1,18}),', line)
    return int(match[1]) if match is not None else None


class _Syslog(logging.handlers.SysLogHandler):
    """Says what went wrong instead of printing it."""

    ident = "dslsconsole: "

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        raise


def syslog_address(where: str) -> str | tuple[str, int]:
    """A socket on this host, or HOST:PORT.

    Raises:
        ValueError: it is neither.
    """
    if where.startswith("/"):
        return where
    host, separator, port = where.rpartition(":")
    if not separator or not host or not port.isdigit():
        raise ValueError(f"{where} is neither a socket's path nor HOST:PORT")
    return host.strip("[]"), int(port)


def has_no_syslog(where: str) -> bool:
    """Whether it is the default, and this host has none: then nothing is missing that was asked for."""
    return where == DEFAULT_SYSLOG and not Path(where).exists()


def tell_syslog(where: str, anchor: Anchor) -> None:
    """Send an anchor to syslog, of the facility `authpriv`.

    Raises:
        OSError: it can't be sent. Over UDP nobody says whether it arrived.
    """
    with contextlib.closing(_Syslog(syslog_address(where), _Syslog.LOG_AUTHPRIV)) as handler:
        handler.emit(logging.LogRecord("dslsconsole", logging.INFO, __file__, 0, anchor.line(), None, None))


def try_syslog(where: str) -> None:
    """See that a syslog socket takes a connection, without sending anything; over UDP nobody answers.

    Raises:
        OSError: it takes none.
    """
    address = syslog_address(where)
    if isinstance(address, str):
        try:
            _connect(socket.SOCK_DGRAM, address)
        except OSError:
            _connect(socket.SOCK_STREAM, address)


def _connect(kind: socket.SocketKind, path: str) -> None:
    with socket.socket(socket.AF_UNIX, kind) as connection:
        connection.connect(path)
