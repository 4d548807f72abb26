"""What HAProxy tells of itself: `show stat` or the page's CSV, and `show info` (management guide, 9.1, 9.3)."""

import csv
import re

from msgspec import Struct

from dslsconsole.model.balancer import Backend, BackendServer, Process, ServerState
from dslsconsole.ssh.cleaning import clean
from dslsconsole.systems.answers import Unreadable, pairs, whole

__all__ = [
    "Traffic",
    "Unreadable",
    "parse_info",
    "parse_level",
    "parse_page_head",
    "parse_stat",
    "parse_traffic",
    "state_of",
]

MOST_LINES = 5_000
_BACKEND, _SERVER = "1", "2"
_PAGE_PID = re.compile(r"<b>pid = </b> (\d{1,9})\b")
_PAGE_UPTIME = re.compile(r"<b>uptime = </b> (\d{1,5})d (\d{1,2})h(\d{2})m(\d{2})s")
_PAGE_VERSION = re.compile(r">HAProxy version ([^<>,]{1,60})")
_STATES = {state.value: state for state in ServerState if state not in (ServerState.NO_CHECK, ServerState.UNKNOWN)}


def parse_stat(text: str, now: float) -> tuple[Backend, ...]:
    """Every backend with its servers. `now`, in epoch seconds, is what `lastchg` is taken from.

    Columns are found by their names: newer versions add some, and the fixed part ends with one named `-`.

    Raises:
        Unreadable: it is no such table.
    """
    rows = text.lstrip("\ufeff \t\r\n").removeprefix("# ").replace("\r", "").split("\n")[:MOST_LINES]
    if not rows or not rows[0].startswith("pxname,"):
        raise Unreadable(f"it does not begin with “# pxname”: {clean(text, 80) or 'nothing at all'}")
    header = rows[0].split(",")
    if not {"svname", "status", "type"} <= set(header):
        raise Unreadable("its header has no svname, status and type")
    backends: dict[str, dict[str, str]] = {}
    servers: dict[str, list[BackendServer]] = {}
    try:
        for values in csv.reader(row for row in rows[1:] if row.strip()):
            line = dict(zip(header, values, strict=False))
            if line.get("type") == _BACKEND:
                backends[line["pxname"]] = line
            elif line.get("type") == _SERVER and line.get("status"):
                servers.setdefault(line["pxname"], []).append(_server(line, now))
    except csv.Error as error:
        raise Unreadable(f"its table is damaged: {error}") from None
    return tuple(
        Backend(
            name=clean(name, 200),
            status=clean(line.get("status", ""), 60),
            active=whole(line.get("act")),
            backup=whole(line.get("bck")),
            servers=tuple(servers.get(name, ())),
            sessions=whole(line.get("scur")),
        )
        for name, line in backends.items()
    )


class Traffic(Struct, frozen=True):
    """What went through one server of a backend: sessions now and ever, bytes answered, the checks' health."""

    sessions: int | None
    total: int | None
    answered: int | None
    health: int | None
    troubles: int | None
    """Connections that failed or were tried again."""


def parse_traffic(text: str, backend: str) -> dict[str, Traffic]:
    """The traffic of each server of a backend. Raises Unreadable as `parse_stat` does."""
    parse_stat(text, 0.0)
    rows = text.lstrip("\ufeff \t\r\n").removeprefix("# ").replace("\r", "").split("\n")[:MOST_LINES]
    lines = csv.DictReader(row for row in rows if row.strip())
    return {
        clean(line["svname"], 200): _traffic(line)
        for line in lines
        if (line["pxname"], line["type"]) == (backend, _SERVER) and line.get("svname")
    }


def _traffic(line: dict[str, str]) -> Traffic:
    troubles = [whole(line.get(key)) for key in ("econ", "eresp", "wretr")]
    return Traffic(
        whole(line.get("scur")),
        whole(line.get("stot")),
        whole(line.get("bout")),
        whole(line.get("check_health")),
        None if None in troubles else sum(one or 0 for one in troubles),
    )


def _server(line: dict[str, str], now: float) -> BackendServer:
    def said(key: str) -> str | None:
        return clean(line.get(key, ""), 200) or None

    status = clean(line.get("status", ""), 60)
    state, detail = state_of(status)
    check = said("check_status")
    changed = whole(line.get("lastchg"))
    return BackendServer(
        name=clean(line.get("svname", ""), 200),
        status=status,
        state=state,
        detail=detail,
        weight=whole(line.get("weight")),
        backup=line.get("bck") == "1",
        sessions=whole(line.get("scur")),
        # A check that runs now is marked by a star before the result of the last one.
        check=None if check is None else check.removeprefix("*").strip() or None,
        checking=check is not None and check.startswith("*"),
        check_text=said("last_chk") or said("check_desc"),
        health=whole(line.get("check_health")),
        rise=whole(line.get("check_rise")),
        fall=whole(line.get("check_fall")),
        since=None if changed is None else now - changed,
        address=said("addr"),
    )


def state_of(status: str) -> tuple[ServerState, str]:
    """The state that a server's status begins with, and what else it says, without parentheses."""
    if status == ServerState.NO_CHECK.value:
        return ServerState.NO_CHECK, ""
    first, _, rest = status.partition(" ")
    return _STATES.get(first, ServerState.UNKNOWN), rest.strip().removeprefix("(").removesuffix(")")


def parse_info(text: str, now: float) -> Process:
    """`show info`.

    Raises:
        Unreadable: it tells neither a pid nor a version.
    """
    said = pairs(text)
    uptime = whole(said.get("uptime sec"))
    if "pid" not in said and "version" not in said:
        raise Unreadable(f"it tells neither Pid nor Version: {clean(text, 80) or 'nothing at all'}")
    return Process(
        version=clean(said["version"], 60) if said.get("version") else None,
        pid=whole(said.get("pid")),
        started_at=None if uptime is None else now - uptime,
        stopping=whole(said.get("stopping")) == 1,
    )


def parse_page_head(text: str, now: float) -> Process | None:
    """Pid and uptime from the statistics page as people see it; None where it does not hold both."""
    pid, uptime, version = _PAGE_PID.search(text), _PAGE_UPTIME.search(text), _PAGE_VERSION.search(text)
    if pid is None or uptime is None:
        return None
    days, hours, minutes, seconds = (int(part) for part in uptime.groups())
    return Process(
        version=clean(version[1], 60) if version else None,
        pid=int(pid[1]),
        started_at=now - (((days * 24 + hours) * 60 + minutes) * 60 + seconds),
    )


def parse_level(text: str) -> str | None:
    """`show cli level`: user, operator or admin; None for anything else."""
    word = text.strip().lower()
    return word if word in ("user", "operator", "admin") else None
