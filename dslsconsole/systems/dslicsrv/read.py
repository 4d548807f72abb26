"""What `DSLicSrv` prints, as text or JSON, in the dialect of the high-availability guide.

Generous as `answers` is; text that does not hold what was asked for raises `Unreadable`.
"""

import re
from collections.abc import Iterable, Mapping
from typing import cast

from msgspec import Struct

from dslsconsole.model.node import ClusterStatus, DrSync, Peer, Quorum, Role, ServerStatus
from dslsconsole.ssh.cleaning import clean
from dslsconsole.systems.answers import Unreadable, json_in, lines, moment, pair, pairs, span, truth, whole, word
from dslsconsole.systems.dslicsrv.tokens import parse_tokens

__all__ = [
    "Checkout",
    "Unreadable",
    "parse_cluster_status",
    "parse_sessions",
    "parse_status",
    "parse_tokens",
    "parse_validate",
    "parse_verify_dr_sync",
]

MOST_PEERS = 64
MOST_SESSIONS = 20_000
_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})")
_VOTES = re.compile(r"(\d{1,4})\s*/\s*(\d{1,4})")
_NEEDED = re.compile(r"(\d{1,4})\s*needed|needed\s*[:=]?\s*(\d{1,4})", re.IGNORECASE)
_ROLES = {role.value: role for role in Role}


class Checkout(Struct, frozen=True):
    """One licence that a user holds (`-sessions`)."""

    user: str | None = None
    host: str | None = None
    feature: str | None = None
    tokens: int | None = None
    since: float | None = None
    idle_s: float | None = None


def parse_status(text: str, now: float) -> ServerStatus:
    """`-status`. `now`, in epoch seconds, is what the uptime is taken from.

    Raises:
        Unreadable: it tells no server status.
    """
    said = _object(text) or pairs(text)
    status = _first(said, "server status", "status")
    if status is None:
        raise Unreadable(f"it tells no “Server Status”: {clean(text, 80) or 'nothing at all'}")
    uptime = span(_any(said, "uptime", "uptime s"))
    connections, most = _both(_any(said, "connections"))
    valid, expires, note = _licence(_first(said, "license file", "licence file", "license", "licence"))
    return ServerStatus(
        status=status,
        node=_first(said, "node"),
        version=_first(said, "version"),
        started_at=None if uptime is None else now - uptime,
        connections=connections,
        max_connections=most if most is not None else whole(_any(said, "max connections")),
        license_valid=valid,
        license_expires=expires,
        license_note=note,
    )


def parse_validate(text: str) -> ServerStatus:
    """`-validate`: only the licence is told; the status is empty.

    Raises:
        Unreadable: it tells nothing of a licence.
    """
    told = _first(_object(text) or pairs(text), "license", "licence", "license file", "licence file")
    if told is None:
        raise Unreadable(f"it tells nothing of a licence: {clean(text, 80) or 'nothing at all'}")
    valid, expires, note = _licence(told)
    return ServerStatus(status="", license_valid=valid, license_expires=expires, license_note=note)


def parse_cluster_status(text: str) -> ClusterStatus:
    """`-cluster-status`, as text or JSON.

    Raises:
        Unreadable: it tells neither a role nor a state.
    """
    found = _object(text)
    said = found or pairs(text)
    role, state = _first(said, "role"), _first(said, "state")
    if role is None and state is None:
        raise Unreadable(f"it tells neither “Role” nor “State”: {clean(text, 80) or 'nothing at all'}")
    return ClusterStatus(
        node=_first(said, "node"),
        cluster=_first(said, "cluster"),
        role=None if role is None else _ROLES.get(role.lower().replace("_", "-").replace(" ", "-")),
        state=None if state is None else state.lower(),
        epoch=whole(_any(said, "epoch")),
        quorum=_quorum(_any(said, "quorum")),
        split_brain=truth(_any(said, "split brain")),
        peers=tuple(_peers_told(found) if found is not None else _peers_printed(text)),
    )


def parse_verify_dr_sync(text: str) -> DrSync:
    """`-verify-dr-sync`, as text or JSON.

    Raises:
        Unreadable: it tells no result.
    """
    said = _object(text) or pairs(text)
    result = _first(said, "dr sync", "result")
    if result is None:
        raise Unreadable(f"it tells no “DR Sync”: {clean(text, 80) or 'nothing at all'}")
    return DrSync(
        result=result.split()[0].upper(),
        last_sync=moment(_any(said, "last sync")),
        lag_s=span(_any(said, "lag s", "lag")),
        generation=whole(_any(said, "generation")),
        license_files=_first(said, "license files", "licence files"),
        config_files=_first(said, "config files"),
    )


def parse_sessions(text: str) -> tuple[Checkout, ...]:
    """`-sessions`: a JSON array, or `key=value` words, one line a checkout. Nothing printed: nobody.

    Raises:
        Unreadable: something was printed that tells of no checkout.
    """
    if not text.strip("\ufeff\x00 \t\r\n"):
        return ()
    found = json_in(text)
    records: list[Mapping[str, object]] = []
    if isinstance(found, dict):
        found = found.get("sessions")
    if isinstance(found, list):
        records = [record for record in found if isinstance(record, dict)]
    elif found is None:
        records = [words for line in lines(text) if (words := _assignments(line.split()))]
        if not records:
            raise Unreadable(f"it tells of no checkout: {clean(text, 80)}")
    return tuple(_checkout({key.lower(): value for key, value in one.items()}) for one in records[:MOST_SESSIONS])


def _checkout(record: Mapping[str, object]) -> Checkout:
    return Checkout(
        user=word(record.get("user")),
        host=word(record.get("host")),
        feature=word(record.get("feature")),
        tokens=whole(record.get("tokens")),
        since=moment(record.get("since")),
        idle_s=span(record.get("idle_s")),
    )


def _object(text: str) -> dict[str, object] | None:
    """The JSON object in `text`, its keys as `pairs` has them; None if it holds none."""
    found = json_in(text)
    if not isinstance(found, dict):
        return None
    return {str(key).lower().replace("_", " ").replace("-", " "): value for key, value in found.items()}


def _any(said: Mapping[str, object], *keys: str) -> object:
    return next((said[key] for key in keys if key in said), None)


def _first(said: Mapping[str, object], *keys: str) -> str | None:
    return word(_any(said, *keys))


def _both(value: object) -> tuple[int | None, int | None]:
    """Of `212/2000`, or of one number."""
    if isinstance(value, str):
        before, _, after = value.partition("/")
        return whole(before), whole(after)
    return whole(value), None


def _licence(told: str | None) -> tuple[bool | None, str | None, str | None]:
    """Validity, expiry date and remark of `valid (expires 2027-03-31)` or `INVALID (reason)`."""
    if told is None:
        return None, None, None
    first = told.split("(")[0].strip().lower()
    valid = (
        True if first == "valid" else False if first.split()[:1] in (["invalid"], ["expired"], ["missing"]) else None
    )
    date = _DATE.search(told)
    return valid, date[1] if date else None, told


def _quorum(value: object) -> Quorum | None:
    if isinstance(value, dict):
        told = cast("dict[str, object]", value)
        return Quorum(
            held=truth(told.get("held")),
            votes=whole(told.get("votes")),
            members=whole(told.get("members")),
            needed=whole(told.get("needed")),
        )
    if isinstance(value, bool):
        return Quorum(held=value)
    if not isinstance(value, str):
        return None
    votes, needed = _VOTES.search(value[:200]), _NEEDED.search(value[:200])
    return Quorum(
        held=truth(value[:200]),
        votes=int(votes[1]) if votes else None,
        members=int(votes[2]) if votes else None,
        needed=int(needed[1] or needed[2]) if needed else None,
    )


def _peers_printed(text: str) -> Iterable[Peer]:
    """`Peer: HOST:PORT role=… state=… sync=… lag=2s`, one line a peer."""
    found = 0
    for line in lines(text):
        one = pair(line)
        if one is None or one[0] != "peer" or not one[1] or found >= MOST_PEERS:
            continue
        found += 1
        name, *words = one[1].split()
        node, port = _address(name)
        yield _peer(node, port, {key.lower(): value for key, value in _assignments(words).items()})


def _peers_told(found: Mapping[str, object]) -> Iterable[Peer]:
    peers = found.get("peers")
    for told in peers[:MOST_PEERS] if isinstance(peers, list) else ():
        if not isinstance(told, dict) or (name := word(told.get("node"))) is None:
            continue
        node, port = _address(name)
        yield _peer(node, whole(told.get("port")) or port, told)


def _peer(node: str, port: int | None, told: Mapping[str, object]) -> Peer:
    role, state = word(told.get("role")), word(told.get("state"))
    return Peer(
        node=node,
        port=port,
        role=role and role.lower(),
        state=state and state.lower(),
        sync=word(told.get("sync")),
        lag_s=span(told["lag_s"]) if told.get("lag_s") is not None else span(told.get("lag")),
    )


def _assignments(words: Iterable[str]) -> dict[str, str]:
    return {key: value for key, equals, value in (one.partition("=") for one in words) if equals and key}


def _address(text: str) -> tuple[str, int | None]:
    """Host and port of `host:27000`, `[::1]:27000` or a host alone."""
    host, colon, port = text.rpartition(":")
    if colon and port.isdecimal() and port.isascii() and len(port) <= 5 and (":" not in host or host.endswith("]")):
        return clean(host.strip("[]")), int(port)
    return clean(text.strip("[]")), None
