"""The imagined estate that scenes are played in: its shape, and readings in good order."""

from typing import TypeVar

from dslsconsole.model.balancer import Backend, BackendServer, BalancerReadings, Process, ServerState
from dslsconsole.model.node import (
    ClusterStatus,
    DnsAnswer,
    DrSync,
    Feature,
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
from dslsconsole.model.reading import Reading
from dslsconsole.model.shape import AutomationShape, BalancersShape, ClusterShape, DrShape, EstateShape, NodeShape

T = TypeVar("T")

NOON = 1_798_804_805.0
"""2027-01-01T12:00:05Z"""
CLUSTER = "production-cluster"
VIP = "10.20.0.100"
MODES = {
    "dsls-primary-01": Mode.PRIMARY,
    "dsls-backup-01": Mode.BACKUP,
    "dsls-arbitrator-01": Mode.ARBITRATOR,
    "dr-dsls-01": Mode.DR_PRIMARY,
    "dr-dsls-02": Mode.DR_BACKUP,
}
ADDRESSES = ("10.20.0.11", "10.20.0.12", "10.20.0.13", "10.30.0.11", "10.30.0.12")
UNITS = {
    Mode.PRIMARY: "dsls-primary",
    Mode.BACKUP: "dsls-backup",
    Mode.ARBITRATOR: "dsls-arbitrator",
    Mode.DR_PRIMARY: "dsls-dr-primary",
    Mode.DR_BACKUP: "dsls-dr-backup",
}
RUNNING = "Server Status: Running"
FEATURES = ("abaqus_standard", "catia_v6", "simulia_xflow")


def shape(name: str = CLUSTER) -> ClusterShape:
    """The cluster of the high-availability guide."""
    all_nodes = tuple(
        NodeShape(node, mode, UNITS[mode], address, 27000)
        for address, (node, mode) in zip(ADDRESSES, MODES.items(), strict=True)
    )
    return ClusterShape(
        name=name,
        nodes=all_nodes[:3],
        balancers=BalancersShape(
            ("haproxy-01", "haproxy-02"),
            "dsls_servers",
            {"dsls-primary-01": "dsls-primary", "dsls-backup-01": "dsls-backup"},
            vip=VIP,
            keepalived=True,
        ),
        storage={"licenses": "/shared/dsls/licenses", "state": "/shared/dsls/state"},
        dr=DrShape(
            "campus-backup",
            all_nodes[3:],
            None,
            max_lag_s=900.0,
            record="dsls.company.com",
            main_address=VIP,
            dr_address="10.30.0.100",
        ),
        automation=(AutomationShape("token-sync", "dsls-primary-01", "dsls-token-sync.service"),),
        quorum=2,
        max_sync_lag_s=60.0,
        checkout_features=FEATURES[:2],
    )


def estate(*names: str) -> EstateShape:
    clusters = tuple(shape(name) for name in names or (CLUSTER,))
    return EstateShape(clusters, interval_s=5.0, stale_after_s=15.0, can_act=True)


def token_state(academic: int = 301, generation: int = 48211) -> TokenState:
    features = (
        Feature(FEATURES[0], 400, 310, 90, 0),
        Feature(FEATURES[1], 400, 302, 98, 0),
        Feature(FEATURES[2], 200, 100, 100, 0),
    )
    pools = (
        Pool("commercial", 1000, 712, 288, 0, 803, features),
        Pool("academic", 450, academic, 450 - academic, 11 if academic > 430 else 0, 450, ()),
    )
    return TokenState(generation, pools)


def node(
    name: str, at: float, primary: str = "dsls-primary-01", *, academic: int = 301, gone: str | None = None
) -> NodeReadings:
    """All readings of a node in good order at a moment, when it reaches all others but the one that is gone."""
    mode = MODES[name]
    at_dr = mode in (Mode.DR_PRIMARY, Mode.DR_BACKUP)
    main = [one for one in MODES if MODES[one] not in (Mode.DR_PRIMARY, Mode.DR_BACKUP)]
    votes = len(main) - (gone is not None)
    peers = tuple(_peer(one, primary, lost=one == gone) for one in main if one != name)
    running = not at_dr
    tokens = None if mode is Mode.ARBITRATOR or not running else token_state(academic)

    def read(value: T | None) -> Reading[T]:
        return Reading() if value is None else Reading(value, at, "probe", None, at)

    return NodeReadings(
        link=read(Link(at - 86_400, name, 0.01)),
        service=read(
            Service(UNITS[mode], "loaded", "active", "running", main_pid=4711, restarts=0)
            if running
            else Service(UNITS[mode], "loaded", "inactive", "dead", "success", 0, 0, at - 86_400.0)
        ),
        status=read(ServerStatus("Running", name, "6.425.4", at - 864_000, 212, 1000, True) if running else None),
        cluster=read(
            ClusterStatus(name, CLUSTER, _role(name, primary), "running", 7, Quorum(True, votes, 3, 2), False, peers)
            if running
            else None
        ),
        tokens=read(tokens),
        dr_sync=read(DrSync("OK", at - 184, 184.0, 48190, "OK", "OK") if at_dr else None),
        mounts=read(
            tuple(
                Mount(kind, f"/shared/dsls/{kind}", True, "nfs4", "filer:/dsls", True, 63)
                for kind in ("licenses", "state")
            )
            if tokens is not None
            else None
        ),
        automation=read(
            (Service("dsls-token-sync.service", "loaded", "active", "running"),) if name == primary else None
        ),
        dns=read(DnsAnswer((VIP,), 60, True, "NOERROR") if at_dr else None),
    )


def _role(name: str, primary: str) -> Role:
    mode = MODES[name]
    return Role.PRIMARY if name == primary else Role.ARBITRATOR if mode is Mode.ARBITRATOR else Role.BACKUP


def _peer(name: str, primary: str, *, lost: bool) -> Peer:
    if lost:
        return Peer(name, 27000, None, "unreachable")
    lag = None if name == primary or MODES[name] is Mode.ARBITRATOR else 2.0
    return Peer(name, 27000, _role(name, primary), "running", "ok" if lag is not None else None, lag)


def balancer(
    name: str, at: float, backup_state: ServerState = ServerState.UP, *, primary_fails: bool = False
) -> BalancerReadings:
    primary = BackendServer("dsls-primary", "UP", ServerState.UP, "", 100, False, 212, "L7OK", check_text=RUNNING)
    failing = BackendServer("dsls-primary", "UP 2/3", ServerState.UP, "2/3", 100, False, 212, "L4TOUT")
    servers = (
        failing if primary_fails else primary,
        BackendServer(
            "dsls-backup",
            backup_state.value,
            backup_state,
            "",
            50,
            True,
            0,
            "L7OK",
            check_text=RUNNING,
        ),
    )
    first = name == "haproxy-01"
    source = "socket" if first else "statistics page"
    addresses = ("127.0.0.1", "10.20.0.21", VIP) if first else ("127.0.0.1", "10.20.0.22")
    return BalancerReadings(
        link=Reading(Link(at - 86_400, name, 0.0), at, "probe", None, at),
        process=Reading(Process("2.6.12", 812 if first else 799, at - 1_000_000, level="admin"), at, source, None, at),
        backend=Reading(Backend("dsls_servers", "UP", 1, 1, servers, 212), at, source, None, at),
        addresses=Reading(addresses, at, "probe", None, at),
    )


def history(top: int) -> tuple[int | None, ...]:
    """An hour that fills up."""
    return tuple(min(top, int(top * (0.35 + 0.65 * minute / 50))) + (minute * 7) % 13 for minute in range(60))
