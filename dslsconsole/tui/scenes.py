"""Moments of an imagined estate, from which pictures and tests are made. They say what the program says of them."""

from msgspec.structs import replace

from dslsconsole.model.balancer import ServerState
from dslsconsole.model.frames import Change, Frame, Full, Hello
from dslsconsole.model.node import NodeReadings, Quorum
from dslsconsole.model.reading import Failure, FailureKind
from dslsconsole.model.snapshot import Snapshot, key
from dslsconsole.model.verdict import Alert, ClusterVerdict, Health, Severity
from dslsconsole.tui.imagined import CLUSTER as CLUSTER
from dslsconsole.tui.imagined import MODES as MODES
from dslsconsole.tui.imagined import NOON as NOON
from dslsconsole.tui.imagined import VIP as VIP
from dslsconsole.tui.imagined import balancer as balancer
from dslsconsole.tui.imagined import estate as estate
from dslsconsole.tui.imagined import history as history
from dslsconsole.tui.imagined import node as node
from dslsconsole.tui.imagined import shape as shape
from dslsconsole.tui.imagined import token_state as token_state
from dslsconsole.tui.journal_feed import LogEntry
from dslsconsole.tui.operation import Ask, Plan, PlannedGuard, PlannedStep

LOOK = "Look at the host's console and its network."


def verdict(cluster: str = CLUSTER, health: Health = Health.OK) -> ClusterVerdict:
    return ClusterVerdict(
        cluster,
        health,
        "licences are served by dsls-primary-01",
        serving=True,
        primary="dsls-primary-01",
        primaries=("dsls-primary-01",),
        epoch=7,
        quorum=Quorum(True, 3, 3, 2),
        split_brain=False,
        dr_active=False,
    )


def alerts(at: float) -> tuple[Alert, ...]:
    """What the rules find of the troubled scene."""
    gone = "dsls-arbitrator-01"
    return (
        Alert(
            "node_failure",
            Severity.CRITICAL,
            CLUSTER,
            gone,
            f"{gone} does not answer",
            at - 41,
            (
                f"{gone}: no answer within 4 s; is the host up?",
                "last read 2027-01-01 11:59:24Z: arbitrator, running",
                "it ran dsls-arbitrator, which was active",
                "quorum is 2 of 3 votes with 2 needed",
            ),
            f"{LOOK} It only votes; dsls-primary-01 serves on.",
        ),
        Alert(
            "tokens_low",
            Severity.WARNING,
            CLUSTER,
            "academic",
            "pool academic: 96 % of 450 in use, 11 users queue",
            at - 312,
            (),
            "See who holds idle sessions (`DSLicSrv -sessions -idle-threshold 3600`).",
        ),
        Alert(
            "lb_disagree",
            Severity.WARNING,
            CLUSTER,
            "dsls-backup",
            "the load balancers disagree about dsls-backup: UP on haproxy-01 and MAINT on haproxy-02",
            at - 95,
            ("haproxy-01: UP, weight 50, check L7OK", "haproxy-02: MAINT, weight 50, check L7OK"),
            "They share nothing: bring each into the same state with lb-ready or lb-maint.",
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
            for pool, top in (("commercial", 712), ("academic", 301))
        },
        round_at=at,
    )
    verdicts = tuple(verdict(c.name) for c in shapes.clusters)
    return [Hello(at, shapes, version="0.1.0"), Full(at, snapshot, verdicts, ())]


def _with_gone(full: Full, gone: str, seconds: float, academic: int = 301) -> Full:
    """The same when a host has been gone for some seconds, which the others find too."""
    at = full.at
    failure = Failure(FailureKind.NO_ANSWER, f"{gone}: no answer within 4 s; is the host up?")
    before = node(gone, at - seconds, academic=academic)
    parts = {part: getattr(before, part) for part in before.__struct_fields__}
    lost = {part: replace(one, failure=failure, tried_at=at) for part, one in parts.items() if one.value is not None}
    nodes = {key(CLUSTER, name): node(name, at, academic=academic, gone=gone) for name in MODES if name != gone}
    return replace(full, snapshot=replace(full.snapshot, nodes=nodes | {key(CLUSTER, gone): replace(before, **lost)}))


def troubled(at: float = NOON) -> list[Frame]:
    """The arbitrator gone for 41 s, the academic pool nearly empty, one load balancer in disagreement."""
    hello, full = healthy(at)
    assert isinstance(full, Full)
    full = _with_gone(full, "dsls-arbitrator-01", 41, academic=432)
    balancers = full.snapshot.balancers | {key(CLUSTER, "haproxy-02"): balancer("haproxy-02", at, ServerState.MAINT)}
    hour = full.snapshot.history | {key(CLUSTER, "academic"): history(432)}
    judged = replace(
        verdict(health=Health.CRITICAL),
        sentence="licences are served by dsls-primary-01, but dsls-arbitrator-01 does not answer and only 2 of 3 vote: "
        "one more loss stops service",
        quorum=Quorum(True, 2, 3, 2),
    )
    return [hello, Full(at, replace(full.snapshot, balancers=balancers, history=hour), (judged,), alerts(at))]


def primary_lost(at: float = NOON) -> list[Frame]:
    """The primary's host gone for 6 s: nobody serves, the other two hold the quorum."""
    hello, full = healthy(at)
    assert isinstance(full, Full)
    name = "dsls-primary-01"
    full = _with_gone(full, name, 6)
    failing = {key(CLUSTER, lb): balancer(lb, at, primary_fails=True) for lb in ("haproxy-01", "haproxy-02")}
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
            at,
            (
                f"{name} does not answer, and is unreachable for dsls-backup-01 and dsls-arbitrator-01 too",
                "dsls-backup-01 says that it is backup",
            ),
            "Press F to fail over to dsls-backup-01.",
        ),
        Alert(
            "node_failure",
            Severity.CRITICAL,
            CLUSTER,
            name,
            f"{name} does not answer: it was primary when last read",
            at,
            (
                f"{name}: no answer within 4 s; is the host up?",
                "last read 2027-01-01 11:59:59Z: primary, running",
                "it ran dsls-primary, which was active",
                "quorum is 2 of 3 votes with 2 needed",
                "it ran the automation token-sync, which stands still now",
                "haproxy-01 shows its server dsls-primary as UP 2/3",
                "haproxy-02 shows its server dsls-primary as UP 2/3",
            ),
            f"{LOOK} If it was primary and no other took over, press F.",
        ),
    )
    return [hello, Full(at, replace(full.snapshot, balancers=failing), (judged,), raised)]


OUTCOME = "dsls-backup-01 serves as primary. dsls-primary-01 stays out of the load balancers until failback."


def run(at: float = NOON) -> tuple[LogEntry, ...]:
    """The journal of the planned failover, from the plan to its end."""
    events: list[tuple[str, int | None, str]] = [
        ("planned", None, "planned steps: 5 · reason: INC-1234 disk failing"),
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
            "take dsls-primary-01 out of the load balancer",
            "haproxy-02",
            "POST http://10.20.0.22:8404/stats: s=dsls-primary&action=maint&b=dsls_servers",
            "planned",
            "haproxy-02: POST http://10.20.0.22:8404/stats: s=dsls-primary&action=ready&b=dsls_servers",
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
            "timeout -k 1 15 /opt/dsls/bin/DSLicSrv -promote-to-primary -node dsls-backup-01",
            "planned",
            "can't be taken back: dsls-backup-01 has taken over with a new epoch; failback is the way back",
        ),
    )
    guards = (
        PlannedGuard("exactly_one_primary", "pass", "dsls-primary-01 is primary, epoch 7, and holds quorum"),
        PlannedGuard(
            "target_in_sync", "pass", "dsls-primary-01 has generation 48211, dsls-backup-01 48211; 2 s behind"
        ),
        PlannedGuard(
            "quorum_survives",
            "pass",
            "2 of 3 vote without dsls-primary-01 (dsls-backup-01, dsls-arbitrator-01), 2 needed",
        ),
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
        impact=(
            "Pool commercial: 712 of 1000 tokens in use, 0 users in the queue (dsls-primary-01).",
            "Pool academic: 301 of 450 tokens in use, 0 users in the queue (dsls-primary-01).",
            "Sessions on haproxy-01: dsls-primary 212, dsls-backup 0.",
            "Sessions on haproxy-02: dsls-primary 212, dsls-backup 0.",
        ),
        confirm=CLUSTER,
        asks=asks,
        title="Fail over to the backup",
    )
