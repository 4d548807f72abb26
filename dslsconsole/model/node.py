"""What can be read of a host that runs a licence server."""

from enum import StrEnum

from msgspec import Struct

from dslsconsole.model.lock import HeldLock
from dslsconsole.model.reading import Reading


class Role(StrEnum):
    """What a server says it is now (`Role:` of `DSLicSrv -cluster-status`)."""

    PRIMARY = "primary"
    BACKUP = "backup"
    ARBITRATOR = "arbitrator"
    DR_PRIMARY = "dr-primary"
    DR_BACKUP = "dr-backup"
    NONE = "none"


class Mode(StrEnum):
    """What a node is configured to be."""

    PRIMARY = "primary"
    BACKUP = "backup"
    ARBITRATOR = "arbitrator"
    DR_PRIMARY = "dr-primary"
    DR_BACKUP = "dr-backup"


class Link(Struct, frozen=True):
    """A connection that answers."""

    since: float
    hostname: str | None = None
    """What the far side calls itself (`uname -n`), to be compared, never believed alone."""
    clock_offset_s: float | None = None
    """Its clock minus ours, in seconds, good to about half a round trip."""


class Service(Struct, frozen=True):
    """One systemd unit (`systemctl show`)."""

    unit: str
    load: str
    """LoadState: loaded, not-found, masked …"""
    active: str
    """ActiveState: active, inactive, failed, activating, deactivating, reloading."""
    sub: str = ""
    result: str = ""
    main_pid: int | None = None
    restarts: int | None = None
    since: float | None = None
    enabled: str = ""
    """UnitFileState: enabled, disabled, static, masked …"""


class ServerStatus(Struct, frozen=True):
    """`DSLicSrv -status`."""

    status: str
    """Running, Starting, Degraded or Stopped; any other word as it was said."""
    node: str | None = None
    version: str | None = None
    started_at: float | None = None
    connections: int | None = None
    max_connections: int | None = None
    license_valid: bool | None = None
    license_expires: str | None = None
    """ISO date."""
    license_note: str | None = None


class Quorum(Struct, frozen=True):
    held: bool | None
    votes: int | None = None
    members: int | None = None
    needed: int | None = None


class Peer(Struct, frozen=True):
    """One peer as another server sees it."""

    node: str
    port: int | None = None
    role: str | None = None
    state: str | None = None
    """`unreachable` where it does not answer."""
    sync: str | None = None
    lag_s: float | None = None


class ClusterStatus(Struct, frozen=True):
    """`DSLicSrv -cluster-status`: one server's own view of its cluster."""

    node: str | None = None
    cluster: str | None = None
    role: Role | None = None
    state: str | None = None
    """running, starting, no-quorum, degraded, stopping; any other word as it was said."""
    epoch: int | None = None
    quorum: Quorum | None = None
    split_brain: bool | None = None
    peers: tuple[Peer, ...] = ()


class Feature(Struct, frozen=True):
    name: str
    total: int | None = None
    used: int | None = None
    available: int | None = None
    queued: int | None = None


class Pool(Struct, frozen=True):
    name: str
    total: int | None = None
    used: int | None = None
    available: int | None = None
    queued: int | None = None
    peak: int | None = None
    features: tuple[Feature, ...] = ()


class TokenState(Struct, frozen=True):
    """`DSLicSrv -tokens`. Two states are the same when generation and pools are."""

    generation: int | None = None
    pools: tuple[Pool, ...] = ()


class DrSync(Struct, frozen=True):
    """`DSLicSrv -verify-dr-sync` on a DR node."""

    result: str
    """OK, STALE, MISMATCH or NEVER; any other word as it was said."""
    last_sync: float | None = None
    lag_s: float | None = None
    generation: int | None = None
    license_files: str | None = None
    config_files: str | None = None


class Mount(Struct, frozen=True):
    """What lies at one of the storage paths, from /proc/self/mountinfo; `free_pct` from a bounded statfs."""

    name: str
    """The path's name in the estate file: licenses, state, logs."""
    path: str
    mounted: bool
    """A mount of its own at exactly this path."""
    fstype: str | None = None
    source: str | None = None
    answers: bool | None = None
    """Whether statfs came back within its limit; None if it was not asked."""
    free_pct: int | None = None


class Disk(Struct, frozen=True):
    """How full the host's own disk is, at the directory of operations' locks and records."""

    path: str
    free_pct: int


class ClusterResource(Struct, frozen=True):
    """A resource that Pacemaker runs, as one node's `crm_mon` tells it. Nodes are named as Pacemaker names them."""

    name: str
    started_on: tuple[str, ...] = ()
    failed_on: tuple[str, ...] = ()
    has_quorum: bool | None = None
    """Whether Pacemaker's own cluster has quorum."""


class Monitoring(Struct, frozen=True):
    """What the site's monitoring file asks of single alerts, by the file's own names."""

    thresholds: dict[str, float] = {}
    severities: dict[str, str] = {}


class DnsAnswer(Struct, frozen=True):
    """What the zone's server itself answers for the record, asked from one of the hosts that may change it."""

    addresses: tuple[str, ...]
    ttl: int | None
    authoritative: bool
    status: str
    """NOERROR, NXDOMAIN, REFUSED …"""


class NodeReadings(Struct, frozen=True, omit_defaults=True):
    """All readings of one node. Every member is one section of the probe, with its own time limit."""

    link: Reading[Link] = Reading()
    service: Reading[Service] = Reading()
    status: Reading[ServerStatus] = Reading()
    cluster: Reading[ClusterStatus] = Reading()
    tokens: Reading[TokenState] = Reading()
    dr_sync: Reading[DrSync] = Reading()
    mounts: Reading[tuple[Mount, ...]] = Reading()
    automation: Reading[tuple[Service, ...]] = Reading()
    """The units of loops and timers that the estate file names on this node."""
    dns: Reading[DnsAnswer] = Reading()
    resource: Reading[ClusterResource] = Reading()
    """The Pacemaker resource under the storage, where the estate file names one."""
    lock: Reading[tuple[HeldLock, ...]] = Reading()
    """The lock of the operation that runs on its cluster, or none."""
    disk: Reading[Disk] = Reading()
    """Read seldom: its last value holds until the next."""
    monitoring: Reading[Monitoring] = Reading()
    """The site's monitoring file, on the node that holds it. Read seldom: its last value holds until the next."""
