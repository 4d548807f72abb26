"""The members of the status document (`dslsconsole status --json`, schema 1). None is written as `null`: not known."""

from msgspec import Struct


class QuorumReport(Struct, frozen=True):
    held: bool | None = None
    votes: int | None = None
    needed: int | None = None
    members: int | None = None


class NodeReport(Struct, frozen=True):
    name: str
    mode: str
    role: str | None
    reachable: bool | None
    service: str | None
    state: str | None
    sync_lag_s: float | None
    """How far it is behind, in seconds, as the primary sees it."""
    age_s: float | None
    """Age of its last good reading, in seconds."""
    error: str | None
    """Why the last attempt to read it failed."""


class PoolReport(Struct, frozen=True):
    name: str
    total: int | None
    used: int | None
    available: int | None
    queued: int | None
    generation: int | None
    in_sync: bool | None


class ServerReport(Struct, frozen=True):
    name: str
    node: str | None
    status: str
    weight: int | None
    backup: bool
    sessions: int | None
    check: str | None
    last_change_s: int | None


class BalancerReport(Struct, frozen=True):
    name: str
    reachable: bool | None
    holds_vip: bool | None
    servers: tuple[ServerReport, ...]
    age_s: float | None
    error: str | None


class StorageReport(Struct, frozen=True):
    node: str
    path: str
    mounted: bool | None
    free_pct: int | None
    answers: bool | None


class DrNodeReport(Struct, frozen=True):
    name: str
    mode: str
    role: str | None
    reachable: bool | None
    service: str | None
    state: str | None
    age_s: float | None
    error: str | None


class DrReport(Struct, frozen=True):
    site: str
    active: bool | None
    result: str | None
    last_sync_at: str | None
    lag_s: int | None
    generation: int | None
    nodes: tuple[DrNodeReport, ...]
    load_balancers: tuple[BalancerReport, ...]


class AlertReport(Struct, frozen=True):
    id: str
    severity: str
    subject: str
    summary: str
    since: str
    acknowledged_by: str | None
    evidence: tuple[str, ...]
    advice: str


class OperationReport(Struct, frozen=True, rename={"origin": "from"}):
    """The operation whose lock lies on the cluster's nodes."""

    operation: str
    runbook: str
    operator: str
    origin: str
    started_at: str
    step: int
    steps: int
    alive: bool
    """Whether it showed a sign of life within half a minute."""


class ClusterReport(Struct, frozen=True):
    name: str
    health: str
    sentence: str
    serving: bool | None
    primary: str | None
    epoch: int | None
    quorum: QuorumReport
    split_brain: bool | None
    nodes: tuple[NodeReport, ...]
    token_pools: tuple[PoolReport, ...]
    load_balancers: tuple[BalancerReport, ...]
    storage: tuple[StorageReport, ...]
    dr: DrReport | None
    alerts: tuple[AlertReport, ...]
    operation: OperationReport | None = None


class StatusReport(Struct, frozen=True):
    schema: int
    taken_at: str
    """ISO 8601, UTC."""
    health: str
    clusters: tuple[ClusterReport, ...]
