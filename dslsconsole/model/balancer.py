"""What can be read of a load balancer: HAProxy's own statistics and the address keepalived gives it."""

from enum import StrEnum

from msgspec import Struct

from dslsconsole.model.node import Link
from dslsconsole.model.reading import Reading


class ServerState(StrEnum):
    """The first word of HAProxy's `status` column, which is what one acts on."""

    UP = "UP"
    DOWN = "DOWN"
    NOLB = "NOLB"
    DRAIN = "DRAIN"
    MAINT = "MAINT"
    NO_CHECK = "no check"
    UNKNOWN = "unknown"


class BackendServer(Struct, frozen=True):
    """One server line of `show stat`."""

    name: str
    status: str
    """As HAProxy says it, e.g. `UP 1/3`, `MAINT (via be/srv)`."""
    state: ServerState
    detail: str = ""
    """What follows the state: `1/3`, `via b1/nolb`, `resolution`, `agent`."""
    weight: int | None = None
    backup: bool = False
    sessions: int | None = None
    check: str | None = None
    """check_status without the mark of a running check, e.g. L7OK."""
    checking: bool = False
    check_text: str | None = None
    """last_chk or check_desc."""
    health: int | None = None
    rise: int | None = None
    fall: int | None = None
    since: float | None = None
    """When the status last changed."""
    counted_at: float | None = None
    """When a check was last seen to change `health`; None where none was seen to."""
    address: str | None = None


class CheckTimes(Struct, frozen=True):
    """How many seconds lie between two checks of a server, by the host's haproxy.cfg; None where it is no time."""

    server: str
    usual_s: float | None
    changing_s: float | None
    """While it is neither surely up nor surely down (`fastinter`)."""
    down_s: float | None
    """While it is surely down (`downinter`)."""


class Backend(Struct, frozen=True):
    """The licence servers' backend as one load balancer sees it."""

    name: str
    status: str
    active: int | None
    backup: int | None
    servers: tuple[BackendServer, ...]
    sessions: int | None = None


class Process(Struct, frozen=True):
    """`show info`: which process answered. Another pid or start means that run-time state was lost."""

    version: str | None
    pid: int | None
    started_at: float | None
    stopping: bool = False
    level: str | None = None
    """`show cli level` of the socket that was read: user, operator, admin."""


class BalancerReadings(Struct, frozen=True, omit_defaults=True):
    link: Reading[Link] = Reading()
    process: Reading[Process] = Reading()
    backend: Reading[Backend] = Reading()
    addresses: Reading[tuple[str, ...]] = Reading()
    """Every IP address on the host's interfaces, without prefix length."""
    checks: Reading[tuple[CheckTimes, ...]] = Reading()
    """Read seldom: its last value holds until the next."""
