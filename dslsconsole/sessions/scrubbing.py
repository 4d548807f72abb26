"""A copy of a recording for others to see: users, hosts and addresses have other names there, each everywhere the same.

What stood on the screen letter by letter is left out, because long names are cut there: a copy plays, but it is not
compared. What somebody wrote in their own words, such as a reason, loses every address and the names that are known,
and no others. A node's log and configuration file are left out: nobody can know which names they hold.
"""

import ipaddress
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import zstandard

from dslsconsole.model.frames import Change, Frame, Full, Hello
from dslsconsole.model.inspection import Inspection
from dslsconsole.model.shape import BalancersShape, ClusterShape
from dslsconsole.sessions.marks import Entry, frames_of
from dslsconsole.sessions.reading import Recording
from dslsconsole.sessions.recording import (
    Drawn,
    Found,
    Head,
    Logged,
    NotARecording,
    Record,
    Seen,
    Whole,
    chunk,
    decoded,
)
from dslsconsole.sessions.writing import LEVEL

_WORD = r"A-Za-z0-9_"
_ADDRESS = re.compile(
    rf"(?<![{_WORD}.:])(?:\d{{1,3}}(?:\.\d{{1,3}}){{3}}|(?=[0-9A-Fa-f]*:[0-9A-Fa-f]*:)[0-9A-Fa-f:]{{4,39}})(?![{_WORD}:])"
)
"""What may be an address, IPv4 or IPv6."""
LEFT_OUT = "left out of a copy for others"
_FREE = ("log", "config")
"""What an inspection holds that is a host's own text, line by line."""
_entry = msgspec.json.Decoder(Entry)


class NotScrubbed(Exception):  # noqa: N818 - it says why there is no copy
    """No copy was made; the text says why."""


class Names:
    """Other names for users, hosts and addresses, by the order in which they are met."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._count = {"user": 0, "host": 0, "address": 0}

    def user(self, name: str | None) -> None:
        self._meet(name, "user")

    def host(self, name: str | None) -> None:
        """A host by name or address."""
        if name:
            try:
                ipaddress.ip_address(name)
            except ValueError:
                self._meet(name, "host")
            else:
                self._meet(name, "address")

    def _meet(self, name: str | None, kind: str) -> None:
        if not name or name in self._known:
            return
        self._count[kind] += 1
        number = self._count[kind]
        given = f"2001:db8::{number:x}" if kind == "address" and ":" in name else f"{kind}-{number:02}"
        if kind == "address" and ":" not in name:
            given = f"192.0.{2 if number < 255 else 3}.{number % 255}"
        self._known[name] = given

    def replaced(self, text: str) -> str:
        """The text with the other names."""
        return self._pattern().sub(lambda match: self._known[match[0]], text) if self._known else text

    def without_addresses(self, text: str) -> str:
        """The text with another address for each in it, whether it was met or not."""

        def other(match: re.Match[str]) -> str:
            if match[0] in self._known.values():
                return match[0]
            try:
                ipaddress.ip_address(match[0])
            except ValueError:
                return match[0]
            self._meet(match[0], "address")
            return self._known[match[0]]

        return _ADDRESS.sub(other, text)

    def knows(self, text: str) -> bool:
        return text in self._known

    def _pattern(self) -> re.Pattern[str]:
        names = sorted(self._known, key=len, reverse=True)
        return re.compile(rf"(?<![{_WORD}])(?:{'|'.join(map(re.escape, names))})(?![{_WORD}])")


def scrubbed(recording: Recording, path: Path) -> int:
    """Write a copy to `path`, readable by its owner alone; how many names have others there.

    Raises:
        NotARecording: the recording is damaged.
        NotScrubbed: a name in it is also a word of the format.
        OSError: the copy can't be written; a file that is there already is left alone.
    """
    names = Names()
    _met(recording, names)
    head = msgspec.json.decode(names.replaced(msgspec.json.encode(recording.head).decode()), type=Head)
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(file, "wb") as out:
            out.write(chunk(b"H", head.started_at, msgspec.json.encode(head)))
            for at, lines in recording.streams():
                data = b"".join(_others(lines, names))
                out.write(chunk(b"K", at, zstandard.ZstdCompressor(level=LEVEL).compress(data)))
    except BaseException:
        path.unlink()
        raise
    return len(names._known)


def _others(lines: Iterable[bytes], names: Names) -> Iterator[bytes]:
    """The lines with the other names, each sound as before."""
    pattern = names._pattern()

    def walked(value: Any) -> Any:
        if isinstance(value, str):
            return names.without_addresses(pattern.sub(lambda match: names._known[match[0]], value))
        if isinstance(value, list):
            return [walked(one) for one in value]
        if isinstance(value, dict):
            return {walked(key): walked(one) for key, one in value.items()}
        return value

    for line in lines:
        record = decoded(line)
        if record is None or isinstance(record, Drawn):
            continue
        raw = msgspec.json.decode(line)
        for table in raw.get("tables", {}).values() if raw.get("record") == "looked" else ():
            if not names.knows(table.get("filter", "")):
                table["filter"] = ""  # a part of a name would be known by it
        if raw.get("record") in ("found", "whole"):
            _leave_out(raw)
        written = msgspec.json.encode(walked(raw)) + b"\n"
        try:
            if decoded(written) is None:
                raise NotARecording("it is of no kind")
            _whole(decoded(written))
        except (NotARecording, ValueError) as error:
            raise NotScrubbed(f"a user or host has a name that is also a word of the format ({error})") from error
        yield written


def _leave_out(raw: dict[str, Any]) -> None:
    """Leave out of inspections what is a host's own text."""
    for found in (raw, *raw.get("found", ())):
        if found.get("what") == "inspection":
            for part in _FREE:
                if found["report"].get(part, {}).get("value"):
                    found["report"][part]["value"] = [LEFT_OUT]


def _whole(record: Record | None) -> None:
    """Raises ValueError where its frames are none."""
    if isinstance(record, Seen | Whole):
        list(frames_of(record))


def _met(recording: Recording, names: Names) -> None:
    """Meet every name in it."""
    names.user(recording.head.operator)
    names.host(recording.head.host)
    for record in recording.records():
        match record:
            case Seen() | Whole():
                for frame in frames_of(record):
                    _met_in_frame(frame, names)
                if isinstance(record, Whole):
                    _met_in_entries(record.entries, names)
                    for found in record.found:
                        _met_in_found(found, names)
            case Logged():
                _met_in_entries(record.entries, names)
            case Found():
                _met_in_found(record, names)
            case _:
                continue


def _met_in_entries(raws: Iterable[msgspec.Raw], names: Names) -> None:
    for raw in raws:
        names.user(_entry.decode(raw).operator)


def _met_in_found(found: Found, names: Names) -> None:
    if found.what == "inspection":
        for one in msgspec.json.decode(found.report, type=Inspection).holders.value or ():
            names.user(one.user)
            names.host(one.host)


def _met_in_frame(frame: Frame, names: Names) -> None:
    match frame:
        case Hello():
            for cluster in frame.estate.clusters:
                _met_in_cluster(cluster, names)
        case Full() | Change():
            nodes = frame.snapshot.nodes if isinstance(frame, Full) else frame.nodes
            for readings in nodes.values():
                names.host(readings.link.value.hostname if readings.link.value else None)
                for lock in readings.lock.value or ():
                    names.user(lock.operator)
                    names.host(lock.from_host)
            balancers = frame.snapshot.balancers if isinstance(frame, Full) else frame.balancers
            for balancer in balancers.values():
                for address in balancer.addresses.value or ():
                    names.host(address)
        case _:
            return


def _met_in_cluster(cluster: ClusterShape, names: Names) -> None:
    for node in cluster.all_nodes:
        names.host(node.name)
        names.host(node.address)
    for balancers in (cluster.balancers, cluster.dr.balancers if cluster.dr else None):
        if balancers is not None:
            _met_in_balancers(balancers, names)
    if cluster.dr is not None:
        for one in (cluster.dr.record, cluster.dr.main_address, cluster.dr.dr_address):
            names.host(one)
    if cluster.storage_source is not None:
        names.host(cluster.storage_source.partition(":/")[0])


def _met_in_balancers(balancers: BalancersShape, names: Names) -> None:
    for one in (*balancers.hosts, *balancers.servers.values(), balancers.vip):
        names.host(one)
