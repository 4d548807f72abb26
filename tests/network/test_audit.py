"""The audit of machines that are set up as the guide has it, by a key that is held to the installed probe."""

import pytest

from tests.network.plan import DR_LB, LB1, LB2
from tests.network.real_network import RealNetwork

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("network")]


async def test_what_the_guide_sets_up_is_found_on_real_machines(network: RealNetwork) -> None:
    ran = await network.console("audit", "--json")
    assert ran.status == 1, ran
    findings = ran.report["findings"]
    found = {(one["rule"], one["host"]) for one in findings if one["result"] == "found"}
    assert {
        ("haproxy_page_open", LB2),
        ("haproxy_cuts_idle", LB1),
        ("haproxy_cuts_idle", DR_LB),
        ("haproxy_sessions_kept", LB1),
        ("haproxy_no_redispatch", LB2),
        ("haproxy_forgets", LB1),
        ("vrrp_preempts", LB1),
        ("vrrp_script_blind", LB2),
        ("dr_no_way_back", ""),
        ("notices_readable", ""),
    } <= found
    sound = {"haproxy_checks_slow", "haproxy_lists_differ", "haproxy_server_missing", "haproxy_server_elsewhere"}
    sound |= {"vrrp_pair_differs", "vrrp_address_missing", "vrrp_weight_too_small", "licence_peers", "licence_identity"}
    assert not {one["rule"] for one in findings} & (sound | {"dr_starts_by_itself", "automation_twice", "clock_apart"})
    # On machines without systemd nobody knows whether the clock is kept; all else is known.
    assert {one["rule"] for one in findings if one["result"] == "unknown"} <= {"clock_unsynchronised"}
