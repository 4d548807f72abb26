"""An imagined estate at an imagined moment, from which pictures and tests are made."""

from typing import TypeVar

from msgspec.structs import replace

from dslsconsole.model.balancer import Backend, BackendServer, BalancerReadings, Process, ServerState
from dslsconsole.model.frames import Change, Frame, Full, Hello
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
from dslsconsole.model.reading import Failure, FailureKind, Reading
from dslsconsole.model.shape import AutomationShape, BalancersShape, ClusterShape, DrShape, EstateShape, NodeShape
from dslsconsole.model.snapshot import Snapshot, key
from dslsconsole.model.verdict import Alert, ClusterVerdict, Health, Severity
from dslsconsole.tui.journal_feed import LogEntry
from dslsconsole.tui.operation import Ask, Plan, PlannedGuard, PlannedStep

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
UNITS = {Mode.PRIMARY: "dsls-primary", Mode.BACKUP: "dsls-backup", Mode.ARBITRATOR: "dsls-arbitrator"}
FEATURES = ("abaqus_standard", "catia_v6", "simulia_xflow")


def shape(name: str = CLUSTER) -> ClusterShape:
    """The cluster of the high-availability guide."""
    all_nodes = tuple(
        NodeShape(node, mode, UNITS.get(mode, "dsls"), f"10.20.0.{11 + n}")
        for n, (node, mode) in enumerate(MODES.items())
    )
    return ClusterShape(
        name=name,
        nodes=all_nodes[:3],
        balancers=BalancersShape(
            ("haproxy-01", "haproxy-02"),
            "dsls_servers",
            {"dsls-primary-01": "dsls-primary", "dsls-backup-01": "dsls-backup"},
            vip=VIP,
        ),
        storage={"licenses": "/shared/dsls/licenses", "state": "/shared/dsls/state"},
        dr=DrShape(
            "campus-backup",
            all_nodes[3:],
            None,
            max_lag_s=900.0,
            record="dsls.example.edu.",
            main_address=VIP,
            dr_address="10.99.0.100",
        ),
        automation=(AutomationShape("token_sync", "dsls-primary-01", "dsls-token-sync.service"),),
        quorum=2,
        max_sync_lag_s=60.0,
        checkout_features=FEATURES[:2],
    )


def estate(*names: str) -> EstateShape:
    clusters = tuple(shape(name) for name in names or (CLUSTER,))
    return EstateShape(clusters, interval_s=5.0, stale_after_s=15.0, can_act=True)


def token_state(academic: int = 432, generation: int = 48211) -> TokenState:
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


def node(name: str, at: float, primary: str = "dsls-primary-01") -> NodeReadings:
    """All readings of a node in good order at a moment."""
    mode = MODES[name]
    at_dr = mode in (Mode.DR_PRIMARY, Mode.DR_BACKUP)
    role = (
        Role.PRIMARY
        if name == primary
        else Role.DR_BACKUP
        if at_dr
        else Role.ARBITRATOR
        if mode is Mode.ARBITRATOR
        else Role.BACKUP
    )
    peers = tuple(Peer(peer, 27000, "backup", "running", "OK", 2.0) for peer in list(MODES)[:3] if peer != name)
    running = not at_dr or mode is Mode.DR_PRIMARY
    tokens = None if mode is Mode.ARBITRATOR or not running else token_state(generation=48190 if at_dr else 48211)

    def read(value: T | None) -> Reading[T]:
        return Reading() if value is None else Reading(value, at, "probe", None, at)

    return NodeReadings(
        link=read(Link(at - 86_400, name, 0.01)),
        service=read(
            Service(
                UNITS.get(mode, "dsls"),
                "loaded",
                "active" if running else "inactive",
                "running",
                main_pid=4711,
                restarts=0,
            )
        ),
        status=read(ServerStatus("Running", name, "6.425.4", at - 864_000, 212, 1000, True) if running else None),
        cluster=read(
            ClusterStatus(name, CLUSTER, role, "running", 7, Quorum(True, 3, 3, 2), False, () if at_dr else peers)
            if running
            else None
        ),
        tokens=read(tokens),
        dr_sync=read(DrSync("OK", at - 184, 184.0, 48190, "OK", "OK") if at_dr else None),
        mounts=read(
            (Mount("licenses", "/shared/dsls/licenses", True, "nfs4", "nas:/dsls", True, 63),) if not at_dr else None
        ),
        automation=read(
            (Service("dsls-token-sync.service", "loaded", "active", "running"),) if name == primary else None
        ),
        dns=read(DnsAnswer((VIP,), 60, True, "NOERROR") if name == primary else None),
    )


def balancer(name: str, at: float, backup_state: ServerState = ServerState.UP) -> BalancerReadings:
    servers = (
        BackendServer(
            "dsls-primary", "UP", ServerState.UP, "", 100, False, 212, "L7OK", check_text="Server Status: Running"
        ),
        BackendServer(
            "dsls-backup",
            backup_state.value,
            backup_state,
            "",
            50,
            True,
            0,
            "L7OK",
            check_text="Server Status: Running",
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


def verdict(cluster: str = CLUSTER, health: Health = Health.OK) -> ClusterVerdict:
    return ClusterVerdict(
        cluster,
        health,
        "licences are served by dsls-primary-01; the backup is in step",
        serving=True,
        primary="dsls-primary-01",
        primaries=("dsls-primary-01",),
        epoch=7,
        quorum=Quorum(True, 3, 3, 2),
        split_brain=False,
        dr_active=False,
    )


def alerts(at: float) -> tuple[Alert, ...]:
    return (
        Alert(
            "node_failure",
            Severity.CRITICAL,
            CLUSTER,
            "dsls-arbitrator-01",
            "does not answer; one more loss ends the quorum",
            at - 41,
            ("ssh: no answer within 4 s", "seen unreachable by dsls-primary-01"),
            "look at its console; do not restart the primary until it is back",
        ),
        Alert(
            "tokens_low",
            Severity.WARNING,
            CLUSTER,
            "academic",
            "96% in use, 11 waiting",
            at - 312,
            ("432 of 450 in use",),
            "see who holds them before the lecture at 13:00",
        ),
    )


def healthy(at: float = NOON, *names: str) -> list[Frame]:
    """A stream's beginning with everything in order."""
    shapes = estate(*names)
    snapshot = Snapshot(
        at=at,
        nodes={key(c.name, name): node(name, at) for c in shapes.clusters for name in MODES},
        balancers={key(c.name, lb): balancer(lb, at) for c in shapes.clusters for lb in ("haproxy-01", "haproxy-02")},
        history={
            key(c.name, pool): history(top)
            for c in shapes.clusters
            for pool, top in (("commercial", 712), ("academic", 432))
        },
        round_at=at,
    )
    verdicts = tuple(verdict(c.name) for c in shapes.clusters)
    return [Hello(at, shapes, version="0.1.0"), Full(at, snapshot, verdicts, ())]


def troubled(at: float = NOON) -> list[Frame]:
    """The arbitrator gone for 41 s, the academic pool nearly empty, one load balancer in disagreement."""
    hello, full = healthy(at)
    assert isinstance(full, Full)
    gone = Failure(FailureKind.NO_ANSWER, "dsls-arbitrator-01: no answer within 4 s; is the host up?")
    before = node("dsls-arbitrator-01", at - 41)
    lost = {name: replace(getattr(before, name), failure=gone, tried_at=at) for name in before.__struct_fields__}
    arbitrator = replace(before, **{name: reading for name, reading in lost.items() if reading.value is not None})
    nodes = full.snapshot.nodes | {key(CLUSTER, "dsls-arbitrator-01"): arbitrator}
    balancers = full.snapshot.balancers | {key(CLUSTER, "haproxy-02"): balancer("haproxy-02", at, ServerState.MAINT)}
    judged = replace(
        verdict(health=Health.CRITICAL),
        sentence="licences are served by dsls-primary-01, but dsls-arbitrator-01 does not answer: one more loss "
        "stops service",
        quorum=Quorum(True, 2, 3, 2),
    )
    return [hello, Full(at, replace(full.snapshot, nodes=nodes, balancers=balancers), (judged,), alerts(at))]


def primary_lost(at: float = NOON) -> list[Frame]:
    """The primary's host gone for 6 s: nobody serves, the other two hold the quorum."""
    hello, full = healthy(at)
    assert isinstance(full, Full)
    name = "dsls-primary-01"
    gone = Failure(FailureKind.NO_ANSWER, f"{name}: no answer within 4 s; is the host up?")
    before = node(name, at - 6)
    lost = {part: replace(getattr(before, part), failure=gone, tried_at=at) for part in before.__struct_fields__}
    nodes = full.snapshot.nodes | {
        key(CLUSTER, name): replace(before, **{part: one for part, one in lost.items() if one.value is not None})
    }
    judged = replace(
        verdict(health=Health.CRITICAL),
        sentence="no node is primary: no licences are served",
        serving=False,
        primary=None,
        primaries=(),
        quorum=Quorum(True, 2, 3, 2),
    )
    raised = (
        Alert(
            "no_primary",
            Severity.CRITICAL,
            CLUSTER,
            CLUSTER,
            "no node is primary: no licences are served",
            at - 6,
            ("dsls-backup-01 is backup", "dsls-arbitrator-01 is arbitrator"),
            "Fail over (F): it shows first what proves that the old primary is dead.",
        ),
        Alert(
            "node_failure",
            Severity.CRITICAL,
            CLUSTER,
            name,
            f"{name} does not answer",
            at - 6,
            ("found unreachable by dsls-backup-01 and dsls-arbitrator-01", "it carried the primary role, 712 tokens"),
            "Do not start it again before a failover has ended or been given up.",
        ),
    )
    return [hello, Full(at, replace(full.snapshot, nodes=nodes), (judged,), raised)]


OUTCOME = "dsls-backup-01 serves as primary. dsls-primary-01 stays out of the load balancers until failback."


def run(at: float = NOON) -> tuple[LogEntry, ...]:
    """The journal of the planned failover, from the plan to its end."""
    events: list[tuple[str, int | None, str]] = [
        ("planned", None, "planned steps: 4 · reason: INC-1234 disk failing"),
        ("confirmed", None, "confirmed"),
    ]
    for number, step in enumerate(plan().steps, 1):
        events += [
            ("step-started", number, f"step-started {number}. {step.name}"),
            ("step-ended", number, f"step-ended {number}. {step.name} · done"),
        ]
    events.append(("outcome", None, f"outcome done · {OUTCOME}"))
    return tuple(
        LogEntry(seq, at + seq / 5, "alice", CLUSTER, "failover", "op-1", event, text, "done", step)
        for seq, (event, step, text) in enumerate(events, 1)
    )


def tick(at: float, **nodes: NodeReadings) -> Change:
    """A round in which every host answered as before, but those that are given."""
    touched = {key(CLUSTER, host): at for host in (*MODES, "haproxy-01", "haproxy-02")}
    return Change(
        at, touched, {key(CLUSTER, name.replace("_", "-")): reading for name, reading in nodes.items()}, round_at=at
    )


def plan() -> Plan:
    """A planned failover that may be run."""
    asks = (Ask("target", "Node that takes over; empty for the backup that is found"),)
    steps = (
        PlannedStep(
            "pause token-sync",
            "dsls-primary-01",
            "timeout -k 1 30 sudo -n systemctl stop dsls-token-sync.service",
            "planned",
            "dsls-primary-01: timeout -k 1 30 sudo -n systemctl start dsls-token-sync.service",
        ),
        PlannedStep(
            "take dsls-primary-01 out of the load balancer",
            "haproxy-01",
            "/run/haproxy/admin.sock: set server dsls_servers/dsls-primary state maint",
            "planned",
            "haproxy-01: /run/haproxy/admin.sock: set server dsls_servers/dsls-primary state ready",
        ),
        PlannedStep(
            "stop dsls-primary-01",
            "dsls-primary-01",
            "timeout -k 1 30 sudo -n systemctl stop dsls-primary",
            "planned",
            "dsls-primary-01: timeout -k 1 30 sudo -n systemctl start dsls-primary",
        ),
        PlannedStep(
            "promote dsls-backup-01",
            "dsls-backup-01",
            "timeout -k 1 15 /opt/dsls/bin/DSLicSrv -promote-to-primary",
            "planned",
        ),
    )
    guards = (
        PlannedGuard("exactly_one_primary", "pass", "dsls-primary-01 is primary, epoch 7, and holds quorum"),
        PlannedGuard("target_in_sync", "pass", "both have generation 48211"),
        PlannedGuard("quorum_survives", "pass", "2 of 3 vote without dsls-primary-01, 2 needed"),
        PlannedGuard("lock_free", "pass", "free on dsls-primary-01, dsls-backup-01, dsls-arbitrator-01"),
    )
    return Plan(
        runbook="failover",
        cluster=CLUSTER,
        operation="op-1",
        outcome="done",
        guards=guards,
        steps=steps,
        plan="5f1c",
        impact=("712 of 1000 commercial tokens are in use, nobody waits.", "212 sessions reconnect to dsls-backup-01."),
        confirm=CLUSTER,
        asks=asks,
        title="Fail over to the backup",
    )
