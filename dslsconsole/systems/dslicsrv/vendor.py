"""The vendor's own licence server, read through `DSLicSrv -admin` on a restricted connection.

It knows no primary, no promotion and no token generation: the three members of its failover cluster all have the same
role, and each answers whether it is ready. So no role is ever made up here. A feature (three letters, mostly) is what
has a count and runs out, so each feature is a token pool of its own; a sum would hide the one that is used up.
"""

import csv
import re
from collections.abc import Iterator, Mapping

from msgspec import Struct

from dslsconsole.model.node import ClusterStatus, Peer, Pool, ServerStatus, TokenState
from dslsconsole.ssh.cleaning import clean
from dslsconsole.systems.answers import Unreadable, lines, pairs, truth, whole

READY, NOT_READY = "Running", "Not ready"
MOST_ROWS = 20_000
MOST_POOLS = 1_000
_PROMPT = re.compile(r"^(?:admin\s*>\s*)+")
_NAMES = re.compile(r"Server names?:\s*(.*?)\s+Server ids?:", re.IGNORECASE)
_CANNOT = re.compile(r"Cannot connect to server .{1,200}", re.IGNORECASE)
_HEADER = "Editor,EditorId,"
_LOT = (
    "EditorId",
    "Feature",
    "Model",
    "Commercial Type",
    "Max Release Number",
    "Max Release Date",
    "Pricing Structure",
    "Expiration Date",
    "Customer ID",
    "Count",
)
"""What tells one licence of a feature from another. The rows of its users repeat all of it."""
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


class NotConnected(Unreadable):
    """The administration tool reached no server; the text is its own."""


class VendorServer(Struct, frozen=True):
    """What one server tells of itself (`gsi`)."""

    ready: bool | None
    version: str | None
    failover: bool | None
    """Whether it is a member of a failover cluster; False: standalone."""
    names: tuple[str, ...]
    """The members of its cluster, or its own name."""


class _Lot(Struct, frozen=True):
    feature: str
    model: str
    count: int | None
    used: int | None
    expires: str | None


def parse_server_info(text: str) -> VendorServer:
    """`gsi`: version, mode, readiness and names.

    Raises:
        NotConnected: the tool says that it can't connect.
        Unreadable: it tells neither a version nor whether the server is ready.
    """
    if (refused := _CANNOT.search(text[:20_000])) is not None:
        raise NotConnected(clean(refused[0], 200))
    plain = "\n".join(_said(text))
    said = pairs(plain.partition(_HEADER)[0])
    if "ready" not in said and "software version" not in said:
        raise Unreadable(f"it tells neither “Software version” nor “Ready”: {clean(text, 80) or 'nothing at all'}")
    names = _NAMES.search(plain[:20_000])
    modes = {line.lower() for line in plain.splitlines()[:200]}
    return VendorServer(
        ready=truth(said.get("ready")),
        version=clean(said.get("software version", ""), 60) or None,
        failover=True if "failover mode" in modes else False if "standalone mode" in modes else None,
        names=tuple(clean(name, 200) for name in names[1].split()[:8]) if names else (),
    )


def status_of(server: VendorServer, expires: str | None) -> ServerStatus:
    """Its status in the words of the model."""
    word = {True: READY, False: NOT_READY, None: "Readiness unknown"}[server.ready]
    node = server.names[0] if len(server.names) == 1 else None
    return ServerStatus(status=word, node=node, version=server.version, license_expires=expires)


def cluster_of(server: VendorServer) -> ClusterStatus:
    """Its cluster: members without roles, since they have none."""
    state = {True: "running", False: "not ready", None: None}[server.ready]
    peers = tuple(Peer(node=name) for name in server.names) if server.failover else ()
    return ClusterStatus(state=state, peers=peers)


def parse_usage(text: str) -> TokenState:
    """`getLicenseUsage -csv`: a pool a feature, `FEATURE (MODEL)` where one has several models.

    A feature's licences are summed; one of unlimited count makes the total unknown.

    Raises:
        Unreadable: it holds no such table.
    """
    lots, queued = _table(text)
    found: dict[tuple[str, str], list[_Lot]] = {}
    for lot in lots:
        found.setdefault((lot.feature, lot.model), []).append(lot)
    models: dict[str, int] = {}
    for feature, _ in found:
        models[feature] = models.get(feature, 0) + 1
    pools = []
    for (feature, model), parts in list(found.items())[:MOST_POOLS]:
        name = feature if models[feature] == 1 else f"{feature} ({model})"
        pools.append(_pool(name, parts, queued.get((feature, model), 0)))
    return TokenState(pools=tuple(pools))


def earliest_expiry(text: str) -> str | None:
    """The day on which the first of the licences in the table expires, as an ISO date; None if none is told."""
    try:
        lots, _ = _table(text)
    except Unreadable:
        return None
    return min((lot.expires for lot in lots if lot.expires is not None), default=None)


def _pool(name: str, lots: list[_Lot], queued: int) -> Pool:
    total = _sum([lot.count for lot in lots])
    used = _sum([lot.used for lot in lots])
    available = max(0, total - used) if total is not None and used is not None else None
    return Pool(name=name, total=total, used=used, available=available, queued=queued)


def _sum(parts: list[int | None]) -> int | None:
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None


def _table(text: str) -> tuple[list[_Lot], dict[tuple[str, str], int]]:
    """Each licence once, and how many users wait for a feature. Raises Unreadable."""
    rows = _rows(text)
    lots: dict[tuple[str, ...], _Lot] = {}
    queued: dict[tuple[str, str], int] = {}
    for row in rows:
        feature, model = clean(row.get("Feature") or "", 60), clean(row.get("Model") or "", 60)
        if not feature:
            continue
        expires = _DATE.match(row.get("Expiration Date") or "")
        lots[tuple(row.get(name) or "" for name in _LOT)] = _Lot(
            feature, model, whole(row.get("Count")), whole(row.get("Inuse")), expires[0] if expires else None
        )
        if whole(row.get("Queue Position")):
            queued[feature, model] = queued.get((feature, model), 0) + 1
    return list(lots.values()), queued


def _rows(text: str) -> list[Mapping[str, str]]:
    start = text.find(_HEADER)
    if start < 0:
        raise Unreadable(f"it holds no table of licences: {clean(text, 80) or 'nothing at all'}")
    head, *rest = text[start:].replace("\r", "").split("\n")
    header = [name.strip() for name in head.split(",")]
    table = [line for line in rest[:MOST_ROWS] if line.count(",") >= header.index("Inuse")] if "Inuse" in header else []
    if "Count" not in header or "Feature" not in header or "Inuse" not in header:
        raise Unreadable("its table of licences has no Feature, Count and Inuse")
    try:
        return [dict(zip(header, values, strict=False)) for values in csv.reader(table)]
    except csv.Error as error:
        raise Unreadable(f"its table of licences is damaged: {error}") from None


def _said(text: str) -> Iterator[str]:
    """The lines without the tool's prompt, which stands before an answer."""
    for line in lines(text):
        yield _PROMPT.sub("", line).strip()
