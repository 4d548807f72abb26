"""A healthy estate for tests: its shape, and fresh readings that a test changes one thing of."""

from typing import Any, TypeVar

import msgspec

from dslsconsole.model.balancer import Backend, BackendServer, BalancerReadings, Process, ServerState
from dslsconsole.model.node import (
    ClusterStatus,
    DrSync,
    Link,
    Mode,
    Mount,
    NodeReadings,
    Peer,
    Pool,
    Quorum,
    Role,
    ServerStatus,
    Service,
    TokenState,
)
from dslsconsole.model.reading import Failure, FailureKind, Reading
from dslsconsole.model.shape import AutomationShape, BalancersShape, ClusterShape, DrShape, EstateShape, NodeShape
from dslsconsole.model.snapshot import Snapshot, key

NOW = 1_798_804_800.0
"""2027-01-01T12:00:00Z."""
CLUSTER = "production-cluster"
PRIMARY, BACKUP, ARBITRATOR = "dsls-primary-01", "dsls-backup-01", "dsls-arbitrator-01"
DR_PRIMARY, DR_BACKUP = "dr-dsls-01", "dr-dsls-02"
PATHS = {"licenses": "/shared/dsls/licenses", "state": "/shared/dsls/state"}
UNREACHABLE = Failure(FailureKind.UNREACHABLE, "no route to host")

SHAPE = ClusterShape(
    name=CLUSTER,
    nodes=(
        NodeShape(PRIMARY, Mode.PRIMARY, "dsls-primary", "10.20.0.11", 27000),
        NodeShape(BACKUP, Mode.BACKUP, "dsls-backup", "10.20.0.12", 27000),
        NodeShape(ARBITRATOR, Mode.ARBITRATOR, "dsls-arbitrator", "10.20.0.13", 27000),
    ),
    balancers=BalancersShape(
        hosts=("haproxy-01", "haproxy-02"),
        backend="dsls_servers",
        servers={PRIMARY: "dsls-primary", BACKUP: "dsls-backup"},
        vip="10.20.0.100",
        keepalived=True,
    ),
    storage=PATHS,
    dr=DrShape(
        site="campus-backup",
        nodes=(
            NodeShape(DR_PRIMARY, Mode.DR_PRIMARY, "dsls-dr-primary", "10.30.0.11", 27000),
            NodeShape(DR_BACKUP, Mode.DR_BACKUP, "dsls-dr-backup", "10.30.0.12", 27000),
        ),
        balancers=BalancersShape(
            hosts=("dr-haproxy-01",),
            backend="dsls_servers",
            servers={DR_PRIMARY: "dsls-dr-primary", DR_BACKUP: "dsls-dr-backup"},
        ),
        max_lag_s=900.0,
    ),
    automation=(AutomationShape("token-sync", PRIMARY, "dsls-token-sync.service"),),
    quorum=2,
    max_sync_lag_s=60.0,
    storage_kind="nfs",
)
ESTATE = EstateShape(clusters=(SHAPE,), interval_s=5.0, stale_after_s=15.0, can_act=True)

T = TypeVar("T")


def read(value: T, at: float = NOW, source: str = "probe") -> Reading[T]:
    """A good reading."""
    return Reading(value=value, at=at, source=source, tried_at=at)


def unread(failure: Failure, at: float = NOW, before: Reading[T] | None = None) -> Reading[T]:
    """A failed reading, with the last good value if there was one."""
    old: Reading[T] = before if before is not None else Reading()
    return Reading(value=old.value, at=old.at, source=old.source, failure=failure, tried_at=at)


def pools(used: int = 712, queued: int = 0, total: int = 1000) -> tuple[Pool, ...]:
    return (
        Pool("commercial", total, used, total - used, queued, 941),
        Pool("academic", 500, 100, 400, 0, 300),
    )


def view(role: Role, *peers: Peer, **changes: Any) -> ClusterStatus:
    """A server's own view of a healthy cluster."""
    status = ClusterStatus(
        cluster=CLUSTER,
        role=role,
        state="running",
        epoch=7,
        quorum=Quorum(True, 3, 3, 2),
        split_brain=False,
        peers=peers,
    )
    return msgspec.structs.replace(status, **changes)


def peer(node: str, role: Role, lag: float | None = None, state: str = "running") -> Peer:
    return Peer(node, 27000, role, state, "ok" if lag is not None else None, lag)


def mounts() -> tuple[Mount, ...]:
    return tuple(Mount(name, path, True, "nfs4", "filer:/dsls", True, 63) for name, path in PATHS.items())


def running(mode: Mode, unit: str, cluster: ClusterStatus, at: float = NOW) -> NodeReadings:
    return NodeReadings(
        link=read(Link(NOW - 3600.0, None, 0.1), at),
        service=read(Service(unit, "loaded", "active", "running", "success", 4711, 0, NOW - 86400.0, "enabled"), at),
        status=read(ServerStatus("Running", license_valid=True, license_expires="2027-12-31"), at),
        cluster=read(cluster, at),
        tokens=read(TokenState(48211, pools()), at) if mode is not Mode.ARBITRATOR else Reading(),
        mounts=read(mounts(), at) if mode is not Mode.ARBITRATOR else Reading(),
        automation=read((Service("dsls-token-sync.service", "loaded", "active", "running"),), at)
        if mode is Mode.PRIMARY
        else Reading(),
    )


def standby(unit: str, at: float = NOW) -> NodeReadings:
    """A DR node in waiting: its server does not run, its copy is fresh."""
    not_running = Failure(FailureKind.FAILED, "the server does not run")
    return NodeReadings(
        link=read(Link(NOW - 3600.0, None, 0.0), at),
        service=read(Service(unit, "loaded", "inactive", "dead", "success", 0, 0, NOW - 86400.0, "disabled"), at),
        status=unread(not_running, at),
        cluster=unread(not_running, at),
        dr_sync=read(DrSync("OK", NOW - 184.0, 184.0, 48190), at),
    )


def server(name: str, state: ServerState = ServerState.UP, *, backup: bool = False, **changes: Any) -> BackendServer:
    line = BackendServer(
        name=name,
        status=state.value,
        state=state,
        weight=100,
        backup=backup,
        sessions=3,
        check="L7OK",
        since=NOW - 86400.0,
    )
    return msgspec.structs.replace(line, **changes)


def balancing(*servers: BackendServer, holds: bool = False, pid: int = 100, at: float = NOW) -> BalancerReadings:
    return BalancerReadings(
        link=read(Link(NOW - 3600.0, None, 0.0), at),
        process=read(Process("2.6.12", pid, NOW - 86400.0, level="admin"), at, "socket"),
        backend=read(Backend("dsls_servers", "UP", 1, 1, servers), at, "socket"),
        addresses=read(("127.0.0.1", "10.20.0.21") + (("10.20.0.100",) if holds else ()), at),
    )


def healthy(at: float = NOW) -> Snapshot:
    """Everything as it should be, read at `at`."""
    active, waiting = server("dsls-primary"), server("dsls-backup", backup=True)
    down = ServerState.DOWN
    nodes = {
        PRIMARY: running(
            Mode.PRIMARY,
            "dsls-primary",
            view(Role.PRIMARY, peer(BACKUP, Role.BACKUP, 2.0), peer(ARBITRATOR, Role.ARBITRATOR)),
            at,
        ),
        BACKUP: running(
            Mode.BACKUP,
            "dsls-backup",
            view(Role.BACKUP, peer(PRIMARY, Role.PRIMARY), peer(ARBITRATOR, Role.ARBITRATOR)),
            at,
        ),
        ARBITRATOR: running(
            Mode.ARBITRATOR,
            "dsls-arbitrator",
            view(Role.ARBITRATOR, peer(PRIMARY, Role.PRIMARY), peer(BACKUP, Role.BACKUP)),
            at,
        ),
        DR_PRIMARY: standby("dsls-dr-primary", at),
        DR_BACKUP: standby("dsls-dr-backup", at),
    }
    balancers = {
        "haproxy-01": balancing(active, waiting, holds=True, at=at),
        "haproxy-02": balancing(active, waiting, at=at),
        "dr-haproxy-01": balancing(server("dsls-dr-primary", down), server("dsls-dr-backup", down, backup=True), at=at),
    }
    return Snapshot(
        at=at,
        nodes={key(CLUSTER, name): readings for name, readings in nodes.items()},
        balancers={key(CLUSTER, name): readings for name, readings in balancers.items()},
    )


def with_node(snapshot: Snapshot, name: str, **sections: Reading[Any]) -> Snapshot:
    """The snapshot with some sections of one node replaced."""
    changed = msgspec.structs.replace(snapshot.node(CLUSTER, name), **sections)
    return msgspec.structs.replace(snapshot, nodes=snapshot.nodes | {key(CLUSTER, name): changed})


def with_balancer(snapshot: Snapshot, host: str, readings: BalancerReadings) -> Snapshot:
    return msgspec.structs.replace(snapshot, balancers=snapshot.balancers | {key(CLUSTER, host): readings})


def with_servers(snapshot: Snapshot, host: str, *servers: BackendServer) -> Snapshot:
    """The snapshot with the backend of one load balancer replaced."""
    before = snapshot.balancer(CLUSTER, host)
    backend = read(Backend("dsls_servers", "UP", 1, 1, servers), source="socket")
    return with_balancer(snapshot, host, msgspec.structs.replace(before, backend=backend))


def with_view(snapshot: Snapshot, name: str, **changes: Any) -> Snapshot:
    """The snapshot with one node's own view of the cluster changed."""
    before = snapshot.node(CLUSTER, name).cluster
    assert before.value is not None
    return with_node(snapshot, name, cluster=read(msgspec.structs.replace(before.value, **changes)))


def dead(snapshot: Snapshot, name: str, *, seen_by_peers: bool = False, failure: Failure = UNREACHABLE) -> Snapshot:
    """The snapshot after a host died: nothing of it can be read, and its peers have noticed unless told otherwise."""
    before = snapshot.node(CLUSTER, name)
    sections: dict[str, Reading[Any]] = {
        section: unread(failure, NOW, reading)
        for section in before.__struct_fields__
        if (reading := getattr(before, section)).tried_at is not None
    }
    snapshot = with_node(snapshot, name, **sections)
    if seen_by_peers:
        return snapshot
    for other in (PRIMARY, BACKUP, ARBITRATOR):
        status = snapshot.node(CLUSTER, other).cluster.fresh(NOW, 15.0)
        if other != name and status is not None:
            peers = tuple(
                msgspec.structs.replace(p, state="unreachable", lag_s=None) if p.node == name else p
                for p in status.peers
            )
            snapshot = with_view(snapshot, other, peers=peers, quorum=Quorum(True, 2, 3, 2))
    return snapshot


def stopped(snapshot: Snapshot, name: str, active: str = "inactive") -> Snapshot:
    """The snapshot after a node's licence server was stopped, and its peers have noticed."""
    before = snapshot.node(CLUSTER, name)
    assert before.service.value is not None
    service = msgspec.structs.replace(before.service.value, active=active, sub="dead", main_pid=0, since=NOW - 30.0)
    failure = Failure(FailureKind.FAILED, "the server does not run")
    snapshot = dead(snapshot, name)
    return with_node(
        snapshot,
        name,
        link=before.link,
        mounts=before.mounts,
        automation=before.automation,
        service=read(service),
        status=unread(failure),
        cluster=unread(failure),
        tokens=unread(failure),
    )


def dr_serving(snapshot: Snapshot) -> Snapshot:
    """The snapshot after the main site was lost and the DR site activated."""
    for name in (PRIMARY, BACKUP, ARBITRATOR):
        snapshot = dead(snapshot, name)
    quorum = Quorum(True, 2, 2, 1)
    first = running(
        Mode.DR_PRIMARY,
        "dsls-dr-primary",
        view(Role.DR_PRIMARY, peer(DR_BACKUP, Role.DR_BACKUP, 1.0), epoch=8, quorum=quorum),
    )
    second = running(
        Mode.DR_BACKUP,
        "dsls-dr-backup",
        view(Role.DR_BACKUP, peer(DR_PRIMARY, Role.DR_PRIMARY), epoch=8, quorum=quorum),
    )
    nodes = snapshot.nodes | {key(CLUSTER, DR_PRIMARY): first, key(CLUSTER, DR_BACKUP): second}
    snapshot = msgspec.structs.replace(snapshot, nodes=nodes)
    return with_servers(snapshot, "dr-haproxy-01", server("dsls-dr-primary"), server("dsls-dr-backup", backup=True))
