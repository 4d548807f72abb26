"""Storage that Pacemaker runs: missing where its resource is not started."""

from typing import Any

import msgspec
import pytest

from dslsconsole.alerts.board import Board
from dslsconsole.alerts.thresholds import thresholds_of
from dslsconsole.model.node import ClusterResource, Link
from dslsconsole.model.reading import Failure, FailureKind, Reading
from dslsconsole.model.snapshot import Snapshot
from dslsconsole.model.verdict import Alert
from dslsconsole.watch.judgement import judge
from tests.sample_estate import BACKUP, NOW, PRIMARY, SHAPE, healthy, read, unread, with_node

GFS2 = msgspec.structs.replace(SHAPE, storage_kind="gfs2")
REFUSED = Failure(FailureKind.FAILED, "crm_mon: Permission denied")


def alerts(snapshot: Snapshot) -> list[Alert]:
    board = Board(GFS2, thresholds_of(GFS2), interval=5.0, stale_after=15.0, patient=False)
    return list(board.judge(snapshot, judge(GFS2, snapshot, NOW, 15.0), NOW))


def with_resource(*started: str, **more: Any) -> Snapshot:
    snapshot = healthy()
    for node in (PRIMARY, BACKUP):
        snapshot = with_node(snapshot, node, resource=read(ClusterResource("dsls-storage", started, **more)))
    return snapshot


def test_a_resource_that_runs_on_every_node_is_no_alert() -> None:
    assert alerts(with_resource(PRIMARY, f"{BACKUP.upper()}.company.com")) == []


def test_a_node_may_be_known_by_the_name_it_gives_itself() -> None:
    snapshot = with_node(with_resource("lic1", BACKUP), PRIMARY, link=read(Link(NOW, "lic1.company.com")))
    assert alerts(snapshot) == []


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({}, f"it runs on {PRIMARY}"),
        ({"failed_on": (BACKUP,)}, "could not start it on this node"),
        ({"has_quorum": False}, "no quorum"),
    ],
)
def test_a_node_without_it_misses_its_storage(more: dict[str, Any], told: str) -> None:
    [alert] = alerts(with_resource(PRIMARY, **more))
    assert (alert.id, alert.subject) == ("storage_missing", BACKUP)
    assert alert.summary == f"storage is missing on {BACKUP}: dsls-storage"
    assert told in alert.evidence[0]


def test_a_refusal_to_tell_is_no_word_about_the_storage() -> None:
    refused: Reading[ClusterResource] = unread(REFUSED)
    [alert] = alerts(with_node(healthy(), PRIMARY, resource=refused))
    assert (alert.id, alert.summary) == ("stale", f"{PRIMARY} answers, but not about Pacemaker")
