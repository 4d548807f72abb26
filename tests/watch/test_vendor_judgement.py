"""Clusters of the vendor's licence servers: a majority that is ready serves, and nobody is primary."""

from typing import Any

import msgspec
import pytest

from dslsconsole.alerts.board import Board
from dslsconsole.alerts.thresholds import thresholds_of
from dslsconsole.model.node import ClusterStatus, Link, NodeReadings, Peer, Pool, Quorum, ServerStatus, Service
from dslsconsole.model.node import TokenState as Tokens
from dslsconsole.model.picture import Picture
from dslsconsole.model.reading import Failure, FailureKind, Reading
from dslsconsole.model.shape import ClusterShape
from dslsconsole.model.snapshot import Snapshot, key
from dslsconsole.model.verdict import ClusterVerdict, Health
from dslsconsole.sessions.status import report
from dslsconsole.watch.judgement import judge
from dslsconsole.watch.live import Live
from tests.sample_estate import ARBITRATOR, BACKUP, CLUSTER, ESTATE, NOW, PRIMARY, SHAPE, read, unread

NODES = (PRIMARY, BACKUP, ARBITRATOR)
VENDOR = msgspec.structs.replace(SHAPE, dialect="vendor", balancers=None, dr=None, storage={}, automation=())
REFUSED = Failure(FailureKind.REFUSED, "its licence server does not answer")
UNREACHABLE = Failure(FailureKind.UNREACHABLE, "no route to host")
PEERS = tuple(Peer(name) for name in NODES)


def member(state: str) -> NodeReadings:
    """A member that is `ready`, `not ready`, `stopped` (the host answers) or `gone`."""
    if state == "gone":
        return NodeReadings(link=unread(UNREACHABLE))
    link, running = read(Link(NOW - 60)), read(Service("dsls", "loaded", "active", "running"))
    if state == "stopped":
        lost: Reading[Any] = unread(REFUSED)
        return NodeReadings(link=link, service=running, status=lost, cluster=lost, tokens=lost)
    word = {"ready": "Running", "not ready": "Not ready"}[state]
    cluster = ClusterStatus(state="running" if state == "ready" else "not ready", peers=PEERS)
    tokens = Tokens(pools=(Pool("SRU", 100, 99, 1, 0),))
    return NodeReadings(
        link=link, service=running, status=read(ServerStatus(word)), cluster=read(cluster), tokens=read(tokens)
    )


def snapshot(*states: str) -> Snapshot:
    nodes = {key(CLUSTER, name): member(state) for name, state in zip(NODES, states, strict=True)}
    return Snapshot(at=NOW, nodes=nodes)


def verdict(*states: str, shape: ClusterShape = VENDOR) -> ClusterVerdict:
    return judge(shape, snapshot(*states), NOW, 15.0)


@pytest.mark.parametrize(
    ("states", "serving", "said"),
    [
        (("ready", "ready", "ready"), True, "licences are served: 3 of 3 members are ready, 2 needed"),
        (("ready", "stopped", "ready"), True, "licences are served: 2 of 3 members are ready, 2 needed"),
        (("gone", "ready", "ready"), True, "2 of 3 members are ready"),
        (("ready", "gone", "gone"), None, "only 1 of 3 members are known to be ready and 2 are needed"),
        (("ready", "stopped", "gone"), None, "whether licences are served is not known"),
        (("ready", "stopped", "not ready"), False, "no licences are served"),
        (("stopped", "stopped", "gone"), False, "only 0 of 3 members are ready and 2 are needed"),
        (("gone", "gone", "gone"), None, "no node could be read"),
    ],
)
def test_a_majority_serves_and_what_is_not_known_is_not_counted(
    states: tuple[str, str, str], serving: bool | None, said: str
) -> None:
    found = verdict(*states)
    assert found.serving is serving
    assert said in found.sentence
    assert found.health is {True: Health.OK, False: Health.CRITICAL, None: Health.UNKNOWN}[serving]


def test_nobody_is_ever_primary() -> None:
    found = verdict("ready", "ready", "ready")
    assert (found.primary, found.primaries, found.epoch, found.split_brain, found.dr_active) == (
        None,
        (),
        None,
        None,
        None,
    )
    assert found.quorum == Quorum(True, 3, 3, 2)
    assert found.tokens_from == PRIMARY


def test_a_standalone_server_is_a_cluster_of_one() -> None:
    alone = msgspec.structs.replace(VENDOR, nodes=VENDOR.nodes[:1], quorum=None)
    sentences = {state: judge(alone, snapshot(state, "gone", "gone"), NOW, 15.0) for state in ("ready", "stopped")}
    assert sentences["ready"].sentence == f"licences are served by {PRIMARY}"
    assert sentences["stopped"].sentence == f"{PRIMARY} is not ready: no licences are served"


def test_before_anything_was_read_nothing_is_known() -> None:
    found = judge(VENDOR, Snapshot(at=NOW), NOW, 15.0)
    assert (found.serving, found.sentence) == (None, "nothing has been read yet")


def raised(*states: str) -> set[str]:
    board = Board(VENDOR, thresholds_of(VENDOR), interval=5.0, stale_after=15.0, patient=False)
    return {alert.id for alert in board.judge(snapshot(*states), verdict(*states), NOW)}


def test_pools_and_members_raise_the_same_alerts_as_ever() -> None:
    assert raised("ready", "ready", "ready") == {"tokens_low"}
    assert "node_failure" in raised("ready", "ready", "gone")
    assert "quorum_lost" in raised("ready", "stopped", "stopped")


def test_the_report_shows_pools_without_a_primary() -> None:
    live = Live(msgspec.structs.replace(ESTATE, clusters=(VENDOR,)), patient=False)
    for name in NODES:
        live.arrived(key(CLUSTER, name), member("ready"), NOW)
    status = report(Picture().apply(live.hello(NOW)).apply(live.full(NOW)), NOW)
    [cluster] = status.clusters
    assert (cluster.primary, cluster.serving) == (None, True)
    assert [(pool.name, pool.used, pool.in_sync) for pool in cluster.token_pools] == [("SRU", 99, None)]
    assert [node.role for node in cluster.nodes] == [None, None, None]
