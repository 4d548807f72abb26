"""The estate file's schema. Everything but `version` and the clusters' nodes has a sound default.

Durations are written as `5s`, `2m`, `1h` or `30d` and held as seconds. Names are map keys, so they are unique. What
can't be said by one value alone (two primaries, a server that names no node) is checked in `consistency`. The text
under a field is its description in the JSON Schema, which editors show.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from dslsconsole.model.node import Mode
from dslsconsole.settings.values import (
    Address,
    Date,
    DnsName,
    Duration,
    HostName,
    LocalPath,
    Port,
    RemotePath,
    Text,
    UnitName,
    Url,
    UserName,
    Variable,
    Version,
    Whole,
    Word,
)

VENDOR_ADMINISTRATION_PORT = 4084


class Section(BaseModel):
    """A mapping of the estate file: frozen, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False, populate_by_name=True)


class Ssh(Section):
    """How hosts are reached, in OpenSSH's words; its own configuration file applies too."""

    config_file: LocalPath = "~/.ssh/config"
    """OpenSSH client configuration: Host, HostName, Port, User, ProxyJump, Include and so on apply."""
    known_hosts_file: LocalPath = "~/.ssh/known_hosts"
    """Host keys. An unknown or changed key is refused, never learned silently."""
    identity_files: tuple[LocalPath, ...] = ()
    """Private keys of the probe user; the agent is asked too."""
    operate_identity_files: tuple[LocalPath, ...] = ()
    """Private keys of the operate user; the reading and drawing processes never open these."""
    probe_user: UserName | None = None
    """The user that only reads. Without it, ssh's own configuration decides."""
    operate_user: UserName | None = None
    """The user of runbooks, on connections of their own. Without it nothing can be run."""
    connect_timeout: Duration = 5.0
    """How long one connection attempt may take."""


class Poll(Section):
    """How often hosts are read."""

    interval: Duration = 5.0
    """Time from one round of readings to the next."""
    timeout: Duration = 4.0
    """How long one command on a node may take: a hung one costs its own section, not the node."""
    stale_after: Duration = 15.0
    """Older readings are shown as stale, and no guard accepts them."""


class Dslicsrv(Section):
    """The licence server's command line."""

    @model_validator(mode="before")
    @classmethod
    def _with_the_port_of_its_dialect(cls, said: object) -> object:
        if isinstance(said, dict) and said.get("dialect") == "vendor":
            return {"port": VENDOR_ADMINISTRATION_PORT} | said
        return said

    dialect: Literal["guide", "vendor"] = "guide"
    """guide: the command line of the high-availability guide. vendor: `DSLicSrv -admin`, which is read only."""
    path: Text = Field(default="/opt/dsls/bin/DSLicSrv", min_length=1)
    """The program on the nodes."""
    port: Port = 27000
    """The licence port of every node that names no other; for vendor the administration port, 4084 by default."""
    commands: dict[Word, Text] = {}
    """Rewording of single commands for sites with wrapper scripts: {status: "/usr/local/bin/dsls status"}."""


class JournalAnchor(Section):
    """Where the head of the action log's chain is put after each outcome, so that a cut tail is found."""

    syslog: Text = "/dev/log"
    """A syslog socket on this host, HOST:PORT for UDP, or "" for none."""
    host: HostName | None = None
    """A node of the estate that keeps anchors in a file of the operate user's."""
    path: RemotePath = "/var/lib/dslsconsole/journal-anchors"
    """That file; a line is added to it after each outcome."""


class Journal(Section):
    """The action log."""

    directory: LocalPath = "~/.local/state/dslsconsole/journal"
    """Where its files lie, one a month; ~ and $VAR are replaced."""
    anchor: JournalAnchor = JournalAnchor()


class Recordings(Section):
    """What operators saw and did, replayable."""

    directory: LocalPath = "~/.local/state/dslsconsole/recordings"
    """Where recordings lie; ~ and $VAR are replaced."""
    keep: Duration = 30 * 86400.0
    """Older recordings are removed."""


class Runbooks(Section):
    """The site's own runbooks: one file each, NAME.yaml."""

    directory: LocalPath | None = None
    """Where they lie; ~ and $VAR are replaced. Default: runbooks beside the user's estate file, if there is one."""


class Host(Section):
    """How a host is reached. Without an address, its name is used as ssh would."""

    address: Address | None = None
    """Host name, IPv4 or IPv6 address. Default: the name, as ssh would use it."""
    ssh_port: Port | None = None
    """Default: what ssh's configuration says, else 22."""


class Node(Host):
    """A host that runs a licence server."""

    mode: Mode
    """What it is configured to be; its role now is read from it."""
    unit: UnitName = "dsls"
    """The licence server's systemd unit."""
    port: Port | None = None
    """The licence port, where it differs from `dslicsrv.port`."""


class Balancer(Host):
    """A host that runs HAProxy. It is read by the statistics page where given, else by the socket."""

    socket: RemotePath | None = None
    """HAProxy's runtime socket on the host, opened through the SSH connection."""
    stats_url: Url | None = None
    """The statistics page, e.g. http://10.20.0.22:8404/stats."""
    username: Text | None = None
    """User of the statistics page; its password comes from password_env or password_file."""
    password_env: Variable | None = None
    """The environment variable that holds the password."""
    password_file: LocalPath | None = None
    """The file that holds the password."""


class Balancers(Section):
    """The load balancers of one site."""

    vip: Address | None = None
    """The service address that clients use."""
    backend: Word = "dsls_servers"
    """HAProxy's backend."""
    servers: dict[HostName, Word] = {}
    """Node to HAProxy's server name. Default: every node but arbitrators, by its own name."""
    hosts: dict[HostName, Balancer] = Field(min_length=1)
    """The hosts that run HAProxy."""
    keepalived: bool = False
    """Whether keepalived moves the service address between them."""


class TokenSync(Section):
    """Replication of token pools to the backup."""

    interval: Duration = 5.0
    """How often the site's own loop syncs."""
    max_lag: Duration = 60.0
    """A backup further behind is an alarm."""


class Storage(Section):
    """The shared storage of the main site's nodes."""

    kind: Literal["nfs", "gfs2", "local"] = "nfs"
    """nfs, gfs2 (a Pacemaker resource) or local."""
    fstype: Word | None = None
    """Where given, a mount of another type is an alarm, e.g. nfs4."""
    source: Text | None = None
    """Where given, a mount of another source is an alarm, e.g. nfs-server:/shared/dsls."""
    paths: dict[Word, RemotePath] = Field(min_length=1)
    """Path by name, e.g. {licenses: /shared/dsls/licenses, state: /shared/dsls/state}; each is a mount of its own."""
    resource: Word | None = None
    """The Pacemaker resource, for gfs2."""


class SyncedFiles(Section):
    """One directory that is copied to the DR site."""

    from_: RemotePath = Field(alias="from")
    """On the source. With a slash at its end the contents are copied, as rsync has it."""
    to: RemotePath
    """On the DR node."""
    max_delete: Whole = Field(default=0, ge=0)
    """A sync that would delete more files than this is refused."""
    exclude: tuple[Text, ...] = ()
    """rsync patterns that are left alone on both sides, e.g. the DR site's own configuration."""


class DrSyncing(Section):
    """What is copied to the DR site, and how late it may be."""

    interval: Duration = 300.0
    """How often the site's own timer syncs."""
    max_lag: Duration = 900.0
    """A DR site further behind is an alarm."""
    source: HostName | None = None
    """The preferred node to copy from; whoever is primary now is used if it differs."""
    remote_user: UserName | None = None
    """The user on the DR node that files and state are copied to. Default: the operate user."""
    remote_identity_file: RemotePath | None = None
    """The private key for that, on the source; it stays there."""
    files: tuple[SyncedFiles, ...] = ()
    """The directories."""
    generations_directory: RemotePath | None = None
    """On each DR node, of the user that files are copied as: what a sync replaces or deletes is kept here, to go back
    to. Without it nothing is kept."""
    generations: Whole = Field(default=7, ge=1, le=1000)
    """How many generations of each part are kept; older ones are removed after a sync."""


class Dns(Section):
    """The address record that clients resolve, changed when the DR site takes over."""

    server: Address
    """The zone's primary name server."""
    port: Port = 53
    """Its port."""
    zone: DnsName
    """The zone, e.g. company.com."""
    record: DnsName
    """The record's full name, e.g. dsls.company.com."""
    ttl: Whole = Field(default=60, ge=0, le=86400)
    """Seconds that resolvers may keep the answer."""
    main_address: Address
    """The record's IPv4 address while the main site serves."""
    dr_address: Address
    """The record's IPv4 address while the DR site serves."""
    key_file: RemotePath | None = None
    """The TSIG key, on the hosts that run nsupdate; it stays there."""
    run_on: tuple[HostName, ...] = ()
    """Nodes that may change the record; the first that answers does."""


class Notify(Section):
    """Where users are told, after a change of site."""

    url: Url
    """Where the notification is posted."""
    audience: Text = "all_users"
    """Whom it is for."""
    channels: tuple[Text, ...] = ()
    """How they are told, e.g. [email, slack, dashboard]."""
    token_env: Variable | None = None
    """The environment variable that holds the access token."""
    token_file: LocalPath | None = None
    """The file that holds the access token."""


class Dr(Section):
    """The disaster-recovery site."""

    site: Text = Field(min_length=1)
    """Its name."""
    nodes: dict[HostName, Node] = Field(min_length=1)
    """Its nodes; their modes are dr-primary and dr-backup."""
    load_balancers: Balancers | None = None
    sync: DrSyncing = DrSyncing()
    dns: Dns | None = None
    notify: Notify | None = None


class Automation(Section):
    """A loop or timer that changes things by itself: shown, and paused during operations."""

    name: Text = Field(min_length=1)
    """What it is called here, e.g. token-sync."""
    node: HostName
    """The node it runs on."""
    unit: UnitName
    """Its systemd unit, e.g. dsls-dr-sync.timer."""


class Monitoring(Section):
    """Thresholds in the guide's form: read from a file on a node, or given here."""

    model_config = ConfigDict(frozen=True, extra="allow")
    node: HostName | None = None
    """The node that holds the file."""
    path: RemotePath | None = None
    """The file, e.g. /etc/vantage-agent/ha-monitoring.yaml."""


class DateRange(Section):
    """From one day to another, both included."""

    start: Date
    """First day, e.g. 2027-01-18."""
    end: Date
    """Last day, e.g. 2027-05-14."""


class Semester(DateRange):
    """A semester, and the exams in it."""

    name: Text = Field(min_length=1)
    """Its name, e.g. spring-2027."""
    exams: DateRange | None = None


class Academic(Section):
    """When many people depend on licences: shown with a plan's impact."""

    timezone: Text = "UTC"
    """IANA name, e.g. America/New_York."""
    semesters: tuple[Semester, ...] = ()
    """The semesters."""
    class_hours: Text | None = None
    """Days and hours, e.g. "Mon-Fri 08:00-18:00" or "Mon-Thu 08:00-18:00, Fri 08:00-13:00"."""


class Cluster(Section):
    """One DSLS cluster with its load balancers, storage and DR site."""

    environment: Word | None = Field(default=None, max_length=16)
    """What it is there for, such as production or test: said in the first line. Production has a frame of its own."""
    nodes: dict[HostName, Node] = Field(min_length=1)
    """The main site's nodes; their modes are primary, backup and arbitrator."""
    quorum: Whole | None = Field(default=None, ge=1)
    """Votes that are needed. Default: what the servers themselves say."""
    token_sync: TokenSync = TokenSync()
    checkout_features: tuple[Word, ...] = ()
    """Features of which a verification checks one licence out and in again."""
    load_balancers: Balancers | None = None
    storage: Storage | None = None
    dr: Dr | None = None
    automation: tuple[Automation, ...] = ()
    """Loops and timers that change things by themselves: shown, and paused during operations."""
    monitoring: Monitoring | None = None
    academic: Academic | None = None


class Operators(Section):
    """Who may run what. A viewer sees everything and runs nothing. `@name` is a Unix group, `*` everybody."""

    viewers: tuple[Text, ...] = ("*",)
    """Who may look."""
    operators: tuple[Text, ...] = ("*",)
    """Who may run runbooks."""
    two_person: tuple[Text, ...] = ()
    """Runbooks that wait for a second operator's approval, e.g. [dr-activate, dr-return]."""
    allowed_signers: LocalPath = "/etc/dslsconsole/allowed_signers"
    """Whose SSH keys may approve: a line `NAME KEY` for each operator, ssh-keygen's ALLOWED SIGNERS."""
    approval_lasts: Duration = 1800.0
    """How long a request waits for approval, and an approval for its use."""
    confirm_phrase: Literal["cluster-name", "target-name"] = "cluster-name"
    """What is typed to confirm a guarded action."""


class Notification(Section):
    """Where alerts of the console itself go."""

    when: Literal["warning", "critical"] = "critical"
    """The least severity that is told."""
    webhook: Url
    """Where the alert is posted."""
    token_env: Variable | None = None
    """The environment variable that holds the access token."""
    token_file: LocalPath | None = None
    """The file that holds the access token."""


class Estate(Section):
    """Everything one dslsconsole watches and may act on."""

    version: Version
    """The version of this file's format: 1."""
    ssh: Ssh = Ssh()
    poll: Poll = Poll()
    dslicsrv: Dslicsrv = Dslicsrv()
    lock_directory: RemotePath = "/var/lib/dslsconsole"
    """On each node, owned by the operate user: locks, and the record of a running operation."""
    sudo: Text = "sudo -n"
    """Put before what needs root on a node; "" for none."""
    journal: Journal = Journal()
    recordings: Recordings = Recordings()
    runbooks: Runbooks = Runbooks()
    clusters: dict[HostName, Cluster] = Field(min_length=1)
    """The clusters by name."""
    operators: Operators = Operators()
    notifications: tuple[Notification, ...] = ()
    """Where alerts of the console itself go."""
