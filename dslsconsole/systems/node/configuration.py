"""What a host is configured to do, asked of its probe once: files, units, kernel settings and the clock."""

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from msgspec import Struct

from dslsconsole.model.reading import Failure, FailureKind, Reading
from dslsconsole.ssh.cleaning import clean
from dslsconsole.systems.answers import Unreadable, lines, whole
from dslsconsole.systems.node import failures, probe
from dslsconsole.systems.node.sections import SOURCE

HAPROXY, KEEPALIVED, FSTAB, FAILOVER, DR_SITE = (
    f"config={name}" for name in ("haproxy", "keepalived", "fstab", "failover", "dr-site")
)
"""Words of the probe for files; those of the licence servers are named by the mode they are for."""
_WHAT = {
    HAPROXY: "haproxy.cfg",
    KEEPALIVED: "keepalived.conf",
    FSTAB: "/etc/fstab",
    FAILOVER: "the licence server's failover.conf",
    DR_SITE: "the licence server's dr-site.conf",
    "config=primary": "the licence server's primary.conf",
    "config=backup": "the licence server's backup.conf",
    "config=arbitrator": "the licence server's arbitrator.conf",
    "units": "systemctl show",
    "kernel": "the kernel's settings",
    "time": "timedatectl",
    "journal": "journalctl",
    "sessions": "DSLicSrv -sessions",
}
_PATH = re.compile(r"(/[^\s:'\"]+)")
T = TypeVar("T")


class TimeService(Struct, frozen=True):
    """`timedatectl show`; None where it does not tell."""

    enabled: bool | None
    synchronised: bool | None


class Told(Struct, frozen=True):
    """One host's answer, whose sections are made into readings."""

    host: str
    user: str
    """Who asked, over there."""
    answer: probe.Answer
    at: float
    limit_s: int

    def of(self, word: str, parse: Callable[[str], T]) -> Reading[T]:
        """The value of a section, by the name it comes under, or why there is none and what to do about that."""
        section = self.answer.sections.get(word)
        if section is None:
            refused = {
                one.partition("=")[0] if one.startswith(("units=", "dns=", "journal=")) else one
                for one in self.answer.refused
            }
            if word in refused:
                return self._failed(failures.unknown_to_probe(self.host, word))
            shortfall = self.answer.shortfall.failure if self.answer.shortfall is not None else None
            return self._failed(shortfall or failures.missing(self.host, word, None))
        if section.status != 0:
            return self._failed(self._of_status(word, section))
        try:
            return Reading(parse(section.body), self.at, SOURCE, None, self.at)
        except Unreadable as error:
            text = clean(f"{self.host}: {_what(word)} can't be judged: {error}", 600)
            return self._failed(Failure(FailureKind.GARBLED, text))

    def _failed(self, failure: Failure) -> Reading[T]:
        return Reading(None, None, SOURCE, failure, self.at)

    def _of_status(self, word: str, section: probe.Section) -> Failure:
        path = _PATH.search(section.body[:2_000])
        file = clean(path[1], 200) if path is not None else _what(word)
        if "ermission denied" in section.body[:2_000]:
            text = f"{self.host}: {file} may not be read by {self.user}; there: setfacl -m u:{self.user}:r {file}"
            return Failure(FailureKind.PERMISSION, text)
        if "o such file" in section.body[:2_000]:
            text = f"{self.host}: there is no {file}; where it has another name, the host's probe.conf tells it"
            return Failure(FailureKind.ABSENT, text)
        if section.status is None:
            return Failure(FailureKind.GARBLED, f"{self.host}: {_what(word)} is longer than the probe passes on")
        return failures.of_status(self.host, _what(word), section, self.limit_s)


def _what(word: str) -> str:
    return _WHAT.get(word, _WHAT.get(word.partition("=")[0], word))


def units_word(units: Sequence[str]) -> str:
    """Raises ValueError where a unit's name can't be asked about."""
    return "units=" + ",".join(probe.encoded(unit) for unit in units)


def parse_kernel(text: str) -> dict[str, int]:
    """Settings by their name in /proc/sys, of `grep -H .`: `/proc/sys/net/ipv4/ip_nonlocal_bind:0`.

    Raises:
        Unreadable: it holds none.
    """
    found: dict[str, int] = {}
    for line in lines(text):
        path, _, value = line.partition(":")
        number = whole(value)
        if path.startswith("/proc/sys/") and number is not None:
            found[path.rpartition("/")[2]] = number
    if not found:
        raise Unreadable(f"it names no setting: {clean(text, 80) or 'nothing at all'}")
    return found


def parse_time(text: str) -> TimeService:
    """`timedatectl show`.

    Raises:
        Unreadable: it tells neither NTP nor NTPSynchronized.
    """
    values = dict(line.split("=", 1) for line in lines(text) if "=" in line)
    words = {"yes": True, "no": False}
    if not {"NTP", "NTPSynchronized"} & values.keys():
        raise Unreadable(f"it tells neither NTP nor NTPSynchronized: {clean(text, 80) or 'nothing at all'}")
    return TimeService(words.get(values.get("NTP", "")), words.get(values.get("NTPSynchronized", "")))
