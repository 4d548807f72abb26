"""The estate file's schema. Everything but `version` and the clusters' nodes has a sound default.

Durations are written as `5s`, `2m`, `1h` or `30d` and held as seconds. Names are map keys, so they are unique. What
can't be said by one value alone (two primaries, a server that names no node) is checked in `consistency`.
"""

import datetime
import re
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from dslsconsole.model.node import Mode

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)")
_UNIT_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def seconds(text: object) -> float:
    """The seconds that a duration such as `5s`, `2m`, `1h` or `30d` names.

    Raises:
        ValueError: it is no duration.
    """
    if isinstance(text, str) and (match := _DURATION.fullmatch(text.strip())):
        return float(match[1]) * _UNIT_SECONDS[match[2]]
    raise ValueError("is not a duration; write a number and a unit, e.g. 5s, 2m, 1h or 30d")


Duration = Annotated[
    float,
    BeforeValidator(seconds),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?\s*(ms|s|m|h|d)$", "examples": ["5s", "2m"]}),
]
Port = Annotated[int, Field(ge=1, le=65535)]
HostName = Annotated[str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$", max_length=253)]
Address = Annotated[str, Field(pattern=r"^[A-Za-z0-9:][A-Za-z0-9.:_%-]*$", max_length=253)]
"""A host name, an IPv4 or an IPv6 address."""
UnitName = Annotated[str, Field(pattern=r"^[A-Za-z0-9@._:\\-]+$", max_length=255)]
RemotePath = Annotated[str, Field(pattern=r"^/[^\x00-\x1f]*$")]
"""An absolute path on a host."""


class Section(BaseModel):
    """A mapping of the estate file: frozen, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False, populate_by_name=True)


class Ssh(Section):
    config_file: str = "~/.ssh/config"
    known_hosts_file: str = "~/.ssh/known_hosts"
    identity_files: tuple[str, ...] = ()
    operate_identity_files: tuple[str, ...] = ()
    probe_user: str | None = None
    operate_user: str | None = None
    connect_timeout: Duration = 5.0


class Poll(Section):
    interval: Duration = 5.0
    timeout: Duration = 4.0
    stale_after: Duration = 15.0


class Dslicsrv(Section):
    dialect: Literal["guide", "vendor"] = "guide"
    path: str = Field(default="/opt/dsls/bin/DSLicSrv", min_length=1)
    port: Port = 27000
    commands: dict[str, str] = {}
    """Rewording of single commands for sites with wrapper scripts, e.g. `{status: "/usr/local/bin/dsls status"}`."""


class Journal(Section):
    directory: str = "~/.local/state/dslsconsole/journal"


class Recordings(Section):
    directory: str = "~/.local/state/dslsconsole/recordings"
    keep: Duration = 30 * 86400.0


class Host(Section):
    """How a host is reached. Without an address, its name is used as ssh would."""

    address: Address | None = None
    ssh_port: Port | None = None


class Node(Host):
    mode: Mode
    unit: UnitName = "dsls"
    port: Port | None = None
    """The licence port, where it differs from `dslicsrv.port`."""


class Balancer(Host):
    socket: RemotePath | None = None
    stats_url: str | None = Field(default=None, pattern=r"^https?://")
    username: str | None = None
    password_env: str | None = None
    password_file: str | None = None


class Balancers(Section):
    vip: Address | None = None
    backend: str = "dsls_servers"
    servers: dict[str, str] = {}
    hosts: dict[HostName, Balancer]
    keepalived: bool = False


class TokenSync(Section):
    interval: Duration = 5.0
    max_lag: Duration = 60.0


class Storage(Section):
    kind: Literal["nfs", "gfs2", "local"] = "nfs"
    fstype: str | None = None
    source: str | None = None
    paths: dict[str, RemotePath]
    resource: str | None = None


class SyncedFiles(Section):
    from_: RemotePath = Field(alias="from")
    to: RemotePath
    max_delete: int = Field(default=0, ge=0)
    exclude: tuple[str, ...] = ()


class DrSyncing(Section):
    interval: Duration = 300.0
    max_lag: Duration = 900.0
    source: str | None = None
    remote_user: str | None = None
    remote_identity_file: RemotePath | None = None
    files: tuple[SyncedFiles, ...] = ()


class Dns(Section):
    server: Address
    port: Port = 53
    zone: str
    record: str
    ttl: int = Field(default=60, ge=0)
    main_address: Address
    dr_address: Address
    key_file: RemotePath | None = None
    run_on: tuple[str, ...] = ()


class Notify(Section):
    url: str = Field(pattern=r"^https?://")
    audience: str = "all_users"
    channels: tuple[str, ...] = ()
    token_env: str | None = None
    token_file: str | None = None


class Dr(Section):
    site: str
    nodes: dict[HostName, Node]
    load_balancers: Balancers | None = None
    sync: DrSyncing = DrSyncing()
    dns: Dns | None = None
    notify: Notify | None = None


class Automation(Section):
    name: str
    node: str
    unit: UnitName


class Monitoring(Section):
    """Thresholds in the guide's form: read from a file on a node, or given here."""

    model_config = ConfigDict(frozen=True, extra="allow")
    node: str | None = None
    path: RemotePath | None = None


class DateRange(Section):
    start: datetime.date
    end: datetime.date


class Semester(DateRange):
    name: str
    exams: DateRange | None = None


class Academic(Section):
    timezone: str = "UTC"
    semesters: tuple[Semester, ...] = ()
    class_hours: str | None = None


class Cluster(Section):
    nodes: dict[HostName, Node] = Field(min_length=1)
    quorum: int | None = Field(default=None, ge=1)
    token_sync: TokenSync = TokenSync()
    checkout_features: tuple[str, ...] = ()
    load_balancers: Balancers | None = None
    storage: Storage | None = None
    dr: Dr | None = None
    automation: tuple[Automation, ...] = ()
    monitoring: Monitoring | None = None
    academic: Academic | None = None


class Operators(Section):
    viewers: tuple[str, ...] = ("*",)
    operators: tuple[str, ...] = ("*",)
    two_person: tuple[str, ...] = ()
    confirm_phrase: Literal["cluster-name", "target-name"] = "cluster-name"


class Notification(Section):
    when: Literal["warning", "critical"] = "critical"
    webhook: str = Field(pattern=r"^https?://")
    token_env: str | None = None
    token_file: str | None = None


class Estate(Section):
    """A whole estate file."""

    version: Literal[1]
    ssh: Ssh = Ssh()
    poll: Poll = Poll()
    dslicsrv: Dslicsrv = Dslicsrv()
    lock_directory: RemotePath = "/var/lib/dslsconsole"
    sudo: str = "sudo -n"
    journal: Journal = Journal()
    recordings: Recordings = Recordings()
    clusters: dict[HostName, Cluster] = Field(min_length=1)
    operators: Operators = Operators()
    notifications: tuple[Notification, ...] = ()
