"""What the vendor's `DSLicSrv -admin` prints, made into status and token pools, and nothing made up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dslsconsole.model.node import Pool
from dslsconsole.systems.answers import Unreadable
from dslsconsole.systems.dslicsrv.vendor import (
    NotConnected,
    cluster_of,
    earliest_expiry,
    parse_server_info,
    parse_usage,
    status_of,
)

BANNER = "License Administration Tool Version 6.425.4 Built on May 2, 2023, 6:45:36 PM.\n"
INFO = """admin >\tSoftware version: 6.425.4
    Build date: May 2, 2023, 6:45:36 PM
    Standalone mode
    Ready: yes
    Server name: localhost   Server id: ZSD-123
Warning: restricted connection, some operations are not permitted; due to an existing connection in full access from \
localhost(127.0.0.1)
"""
HEADER = (
    "admin >Editor,EditorId,Feature,Model,Commercial Type,Max Release Number,Max Release Date,Pricing Structure,"
    "Max Casual Duration,Expiration Date,Customer ID,Count,Inuse,Tokens,Casual Usage (mn),Host,User,Internal ID,"
    "Active Process,Client Code Version,Session ID,Granted Since,Last Used At,Granted At,Queue Position,\n"
)


def row(
    feature: str, count: str, used: int, user: str = "", model: str = "Token", customer: str = "1", **more: str
) -> str:
    head = f"Dassault Systemes,5E756A80,{feature},{model},STD,423,2025-01-01 00:59:00,YLC,0,"
    head += f"{more.get('expires', '2027-01-01 00:59:00')},{customer},{count},{used},"
    if not user:
        return head + "\n"
    holds = f"493,,nid001626 (263.0)/127.0.0.1,{user},{feature},/powerflow/pf_sim_comm ( 3148728),6.424,02DBE16,"
    return head + holds + f"2024-09-17 17:59:34,2024-09-18 15:25:50,2024-09-17 17:59:34,{more.get('queue', '')},\n"


def test_a_standalone_server_that_is_ready_runs() -> None:
    server = parse_server_info(BANNER + INFO)
    assert (server.ready, server.version, server.failover, server.names) == (True, "6.425.4", False, ("localhost",))
    assert status_of(server, None).status == "Running"
    assert cluster_of(server).role is None
    assert cluster_of(server).peers == ()


def test_a_member_of_a_failover_cluster_names_the_others_and_has_no_role() -> None:
    text = INFO.replace("Standalone", "Failover").replace("Ready: yes", "Ready: no")
    text = text.replace("Server name: localhost   Server id: ZSD-123", "Server names: A B C   Server ids: X Y Z")
    server = parse_server_info(BANNER + text)
    assert (server.ready, server.failover, server.names) == (False, True, ("A", "B", "C"))
    assert status_of(server, None).status == "Not ready"
    cluster = cluster_of(server)
    assert (cluster.role, cluster.state) == (None, "not ready")
    assert [(peer.node, peer.role, peer.state) for peer in cluster.peers] == [(name, None, None) for name in "ABC"]


def test_a_tool_that_reaches_no_server_says_so_itself() -> None:
    with pytest.raises(NotConnected, match="Cannot connect to server localhost on port 1234"):
        parse_server_info(BANNER + "Cannot connect to server localhost on port 1234\n")


def test_what_is_not_told_stays_unknown() -> None:
    server = parse_server_info("admin >\tSoftware version: 6.425.4\n")
    assert (server.ready, server.failover, server.names) == (None, None, ())
    assert "unknown" in status_of(server, None).status


def test_the_rows_of_the_users_of_one_licence_count_it_once() -> None:
    text = BANNER + INFO + HEADER + row("SRU", "2374", 1559, "user_1") + row("SRU", "2374", 1559, "user_2")
    assert parse_usage(text).pools == (Pool("SRU", total=2374, used=1559, available=815, queued=0),)


def test_several_licences_of_one_feature_are_summed() -> None:
    text = HEADER + row("ORZ", "3", 0) + row("ORZ", "5", 2, customer="2") + row("MD2", "4", 4)
    assert parse_usage(text).pools == (
        Pool("ORZ", total=8, used=2, available=6, queued=0),
        Pool("MD2", total=4, used=4, available=0, queued=0),
    )


def test_a_feature_of_several_models_is_a_pool_for_each() -> None:
    text = HEADER + row("ORZ", "3", 1) + row("ORZ", "5", 2, model="ConcurrentUser")
    assert [(pool.name, pool.total) for pool in parse_usage(text).pools] == [
        ("ORZ (Token)", 3),
        ("ORZ (ConcurrentUser)", 5),
    ]


def test_an_unlimited_count_is_no_number() -> None:
    text = HEADER + row("ORZ", "unlimited", 7) + row("ORZ", "5", 2, customer="2")
    assert parse_usage(text).pools == (Pool("ORZ", total=None, used=9, available=None, queued=0),)


def test_users_who_wait_are_counted() -> None:
    text = HEADER + row("ORZ", "3", 3, "u1") + row("ORZ", "3", 3, "u2", queue="1") + row("ORZ", "3", 3, "u3", queue="2")
    assert parse_usage(text).pools[0].queued == 2


def test_the_first_licence_to_end_gives_the_date() -> None:
    text = HEADER + row("ORZ", "3", 0) + row("MD2", "1", 0, expires="2026-12-31 23:59:00")
    assert earliest_expiry(text) == "2026-12-31"
    assert earliest_expiry(BANNER) is None


def test_a_server_without_any_licence_has_no_pool() -> None:
    assert parse_usage(BANNER + INFO + HEADER).pools == ()


@pytest.mark.parametrize("text", ["", BANNER + INFO, "admin >Editor,EditorId,Feature\nx,y,z\n"])
def test_text_without_the_table_is_unreadable(text: str) -> None:
    with pytest.raises(Unreadable):
        parse_usage(text)


@given(st.text(max_size=300), st.text(max_size=300))
def test_no_text_breaks_the_parsers(before: str, after: str) -> None:
    reasons = []
    for text in (before, before + INFO + after, before + HEADER + after):
        for parse in (parse_server_info, parse_usage):
            try:
                parse(text)
            except Unreadable as refused:
                reasons.append(str(refused))
    assert "\x1b" not in "".join(reasons)
