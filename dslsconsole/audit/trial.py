"""One thing that `check` tried, and what came of it."""

from enum import StrEnum

from msgspec import Struct


class User(StrEnum):
    """As whom something was tried."""

    PROBE = "probe"
    OPERATE = "operate"
    CONSOLE = "console"
    """On the console's own host, or from it over HTTP."""


class Trial(Struct, frozen=True):
    """One thing that was tried on one host."""

    cluster: str
    """Empty for what belongs to none."""
    host: str
    user: User
    what: str
    """login, probe, lock directory, socket, page, syslog, anchors or allowed signers."""
    ok: bool
    text: str
    """What was found, or why not and what to do."""
