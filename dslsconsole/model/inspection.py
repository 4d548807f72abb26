"""A close look at one host: the end of its service's log, its configuration file, and who holds licences of it."""

from msgspec import Struct

from dslsconsole.model.reading import Reading


class Holder(Struct, frozen=True, omit_defaults=True):
    """One licence that a user holds; what the server does not tell is None. Times in seconds since the epoch."""

    user: str | None = None
    host: str | None = None
    feature: str | None = None
    tokens: int | None = None
    since: float | None = None
    idle_s: float | None = None


class Inspection(Struct, frozen=True, omit_defaults=True):
    """What a host said when it was looked at closely. Nothing of this is read otherwise: it is long and holds names."""

    cluster: str
    node: str
    taken_at: float
    unit: str = ""
    log: Reading[tuple[str, ...]] = Reading()
    """The last lines of the unit's log, the newest last, as the host writes them."""
    config: Reading[tuple[str, ...]] = Reading()
    """The lines of the licence server's own configuration file."""
    holders: Reading[tuple[Holder, ...]] = Reading()
    """Who holds licences, of a server that counts them."""
