"""What the licence server prints, as its page fixes it, and in the forms that sites make of it."""

import json

import pytest

from dslsconsole.model.node import ClusterStatus, Feature, Peer, Pool, Quorum, Role
from dslsconsole.systems.answers import Unreadable
from dslsconsole.systems.dslicsrv.read import (
    parse_cluster_status,
    parse_sessions,
    parse_status,
    parse_tokens,
    parse_validate,
    parse_verify_dr_sync,
)

NOW = 1_800_000_000.0
STATUS = """Server Status: Running
Node: dsls-primary-01
Version: R2024x
Uptime: 86400
Connections: 212/2000
License File: valid (expires 2027-03-31)
"""
CLUSTER = """Cluster: production-cluster
Node: dsls-primary-01
Role: primary
State: running
Epoch: 7
Quorum: yes (3/3 votes, 2 needed)
Split-Brain: no
Peer: dsls-backup-01:27000 role=backup state=running sync=ok lag=2s
Peer: dsls-arbitrator-01:27000 role=arbitrator state=unreachable
"""
AS_STRUCT = ClusterStatus(
    node="dsls-primary-01",
    cluster="production-cluster",
    role=Role.PRIMARY,
    state="running",
    epoch=7,
    quorum=Quorum(held=True, votes=3, members=3, needed=2),
    split_brain=False,
    peers=(
        Peer("dsls-backup-01", 27000, "backup", "running", "ok", 2.0),
        Peer("dsls-arbitrator-01", 27000, "arbitrator", "unreachable"),
    ),
)
TOKENS = """Generation: 48211
Pool: commercial
  Total Tokens: 1,000
  In Use: 712 (71%)
  Available: 288
  Queued Users: 0
  Peak Usage: 941 (94%)
  Product: ABAQUS_STANDARD
  Total Tokens: 50
  In Use: 50 (100%)
  Queued Users: 8
Pool: academic
  Total Tokens: 500
"""
POOLS = (
    Pool("commercial", 1000, 712, 288, 0, 941, (Feature("ABAQUS_STANDARD", 50, 50, None, 8),)),
    Pool("academic", 500),
)


def variants(text: str) -> list[str]:
    """The same, as other sites print it."""
    shuffled = "\n".join(reversed(text.strip().split("\n")))
    return [text, "\ufeff" + text, text.replace("\n", "\r\n"), text.upper(), text.replace(": ", "  :   "), shuffled]


def test_a_status_tells_node_connections_and_licence() -> None:
    status = parse_status(STATUS, NOW)
    assert status.status == "Running"
    assert status.started_at == NOW - 86_400
    assert (status.connections, status.max_connections) == (212, 2000)
    assert (status.license_valid, status.license_expires) == (True, "2027-03-31")


@pytest.mark.parametrize("text", variants(STATUS))
def test_a_status_is_read_whatever_its_form(text: str) -> None:
    status = parse_status("WARNING: log is large\n" + text, NOW)
    assert status.status.lower() == "running"
    assert status.connections == 212
    assert status.license_expires == "2027-03-31"


def test_what_a_status_leaves_out_is_unknown() -> None:
    status = parse_status("Server Status: Starting", NOW)
    assert (status.connections, status.license_valid, status.started_at, status.version) == (None, None, None, None)


@pytest.mark.parametrize(
    ("told", "valid"),
    [("valid (expires 2027-03-31)", True), ("INVALID (checksum)", False), ("expired", False), ("valid-ish", None)],
)
def test_a_licence_is_valid_only_where_it_says_so(told: str, valid: bool | None) -> None:
    assert parse_validate(f"License: {told}").license_valid is valid


@pytest.mark.parametrize("text", variants(CLUSTER)[:5])
def test_a_cluster_status_is_read_whatever_its_form(text: str) -> None:
    found = parse_cluster_status(text)
    assert (found.role, found.state, found.epoch, found.split_brain) == (Role.PRIMARY, "running", 7, False)
    assert found.quorum == AS_STRUCT.quorum
    assert [(peer.role, peer.state, peer.lag_s) for peer in found.peers] == [
        ("backup", "running", 2.0),
        ("arbitrator", "unreachable", None),
    ]


def test_text_and_json_of_a_cluster_status_say_the_same() -> None:
    told = {
        "cluster": "production-cluster",
        "node": "dsls-primary-01",
        "role": "primary",
        "state": "running",
        "epoch": 7,
        "quorum": {"held": True, "votes": 3, "members": 3, "needed": 2},
        "split_brain": False,
        "peers": [
            {"node": "dsls-backup-01", "port": 27000, "role": "backup", "state": "running", "sync": "ok", "lag_s": 2},
            {"node": "dsls-arbitrator-01", "port": 27000, "role": "arbitrator", "state": "unreachable"},
        ],
        "colour": "unknown members are ignored",
    }
    assert parse_cluster_status(CLUSTER) == AS_STRUCT
    assert parse_cluster_status("WARNING: noise\n" + json.dumps(told) + "\ntrailing noise") == AS_STRUCT


@pytest.mark.parametrize(("word", "truth"), [("no", False), ("DETECTED", True), ("yes", True), ("perhaps", None)])
def test_a_split_brain_is_neither_assumed_nor_denied(word: str, truth: bool | None) -> None:
    assert parse_cluster_status(f"Role: backup\nSplit-Brain: {word}").split_brain is truth


def test_an_unknown_role_is_no_role() -> None:
    assert parse_cluster_status("Role: emperor\nState: running").role is None
    assert parse_cluster_status("Role: DR_Backup").role is Role.DR_BACKUP


def test_tokens_are_read_as_text_and_json() -> None:
    told = {
        "node": "x",
        "generation": 48211,
        "taken_at": "2026-01-01T12:00:00Z",
        "pools": [
            {
                "name": "commercial",
                "total": 1000,
                "used": 712,
                "available": 288,
                "queued": 0,
                "peak": 941,
                "features": [{"name": "ABAQUS_STANDARD", "total": 50, "used": 50, "queued": 8}],
            },
            {"name": "academic", "total": 500},
        ],
    }
    for text in (TOKENS, TOKENS.replace("\n", "\r\n"), json.dumps(told)):
        state = parse_tokens(text)
        assert state.generation == 48211
        assert state.pools == POOLS


def test_a_table_of_tokens_is_read_without_its_total() -> None:
    text = """Product         | Allocated | In Use | Available | Peak Usage
----------------|-----------|--------|-----------|-----------
ABAQUS_STANDARD | 50        | 12     | 38        | 45
TOTAL TOKENS    | 50        | 12     | 38        |"""
    assert parse_tokens(text).pools == (Pool("ABAQUS_STANDARD", 50, 12, 38, None, 45),)


def test_counts_that_are_none_are_unknown_and_not_zero() -> None:
    (pool,) = parse_tokens(
        "Pool: p\nTotal Tokens: many\nIn Use: -3\nAvailable:\nQueued Users: 99999999999999999999"
    ).pools
    assert pool == Pool("p")


@pytest.mark.parametrize(
    "text",
    [
        "DR Sync: stale\nLast Sync: 2026-01-01T12:00:00Z\nLag: 184s\nGeneration: 48190\n"
        "License Files: 12 (checksums match)",
        '{"result":"STALE","last_sync":"2026-01-01T12:00:00Z","lag_s":184,"generation":48190,'
        '"license_files":"12 (checksums match)"}',
    ],
)
def test_a_dr_sync_is_read_as_text_and_json(text: str) -> None:
    sync = parse_verify_dr_sync(text)
    assert (sync.result, sync.last_sync, sync.lag_s, sync.generation) == ("STALE", 1_767_268_800.0, 184.0, 48190)
    assert sync.license_files == "12 (checksums match)"


def test_a_dr_site_that_was_never_synchronised_has_no_time() -> None:
    sync = parse_verify_dr_sync("DR Sync: NEVER\nLast Sync: never\nLag: unknown")
    assert (sync.result, sync.last_sync, sync.lag_s) == ("NEVER", None, None)


def test_sessions_are_read_as_text_and_json() -> None:
    text = "user=ann host=ws1 feature=catia_v6 tokens=8 since=2026-01-01T12:00:00Z idle_s=30\n"
    told = '[{"user":"ann","host":"ws1","feature":"catia_v6","tokens":8,"since":"2026-01-01T12:00:00Z","idle_s":30}]'
    assert parse_sessions(text) == parse_sessions(told)
    assert parse_sessions(told)[0].idle_s == 30.0
    assert parse_sessions("") == ()
    assert parse_sessions("[]") == ()
    with pytest.raises(Unreadable):
        parse_sessions("Segmentation fault")
