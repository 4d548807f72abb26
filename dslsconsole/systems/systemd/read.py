"""systemd's units, from `systemctl show`."""

import datetime
import re

from dslsconsole.model.node import Service
from dslsconsole.ssh.cleaning import clean
from dslsconsole.systems.answers import Unreadable, whole

_UTC = re.compile(r"(?:[A-Za-z]{3} )?(\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2})(?:\.\d+)? (?:UTC|GMT)")


def parse_show(text: str) -> tuple[Service, ...]:
    """The units in the order of their blocks, which is the order they were asked for in.

    Raises:
        Unreadable: no block tells an ActiveState.
    """
    found = []
    for block in text.lstrip("\ufeff").replace("\r", "").split("\n\n"):
        values = dict(line.strip().split("=", 1) for line in block.split("\n") if "=" in line)
        if "ActiveState" in values:
            found.append(_service(values))
    if not found:
        raise Unreadable(f"it tells no ActiveState: {clean(text, 80) or 'nothing at all'}")
    return tuple(found)


def _service(values: dict[str, str]) -> Service:
    def said(key: str) -> str:
        return clean(values.get(key, ""), 200)

    return Service(
        unit=said("Id"),
        load=said("LoadState"),
        active=said("ActiveState"),
        sub=said("SubState"),
        result=said("Result"),
        main_pid=whole(values.get("MainPID")),
        restarts=whole(values.get("NRestarts")),
        since=moment_of(values.get("StateChangeTimestamp", "")),
        enabled=said("UnitFileState"),
    )


def moment_of(text: str) -> float | None:
    """Epoch seconds of `@1735689600` or of `Thu 2026-01-01 12:00:00 UTC`; None for no time, or one of another zone."""
    text = text.strip()
    if text.startswith("@"):
        seconds = whole(text[1:].partition(".")[0])
        return None if seconds is None else float(seconds)
    if match := _UTC.fullmatch(text):
        try:
            return datetime.datetime.fromisoformat(match[1]).replace(tzinfo=datetime.UTC).timestamp()
        except (ValueError, OverflowError):
            return None
    return None
