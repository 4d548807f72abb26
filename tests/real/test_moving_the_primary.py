"""Failover, failback and token sync on real servers: what HAProxy's own processes say before and after."""

import json

import pytest

from tests.real.acting import acting
from tests.real.real_estate import BACKUP, CLUSTER, DR_LB, LB1, LB2, LOOP, PRIMARY, RealEstate

pytestmark = pytest.mark.real
MOVED = {"dsls-primary": "MAINT", "dsls-backup": "UP"}
CONFIGURED = {"dsls-primary": "UP", "dsls-backup": "UP"}


async def test_every_host_can_be_reached_as_each_user(estate: RealEstate) -> None:
    ran = await estate.console("check")
    assert ran.status == 0, str(ran)
    assert "Every host can be reached." in ran.stdout
    assert "has level operator, so nothing can be changed by it; the statistics page is used instead" in ran.stdout


async def test_failover_and_failback_change_both_load_balancers(estate: RealEstate) -> None:
    ran = await estate.run("failover")
    assert ran.status == 0, str(ran)
    assert estate.primaries() == [BACKUP]
    for name in (LB1, LB2):
        assert await estate.balancers[name].servers() == MOVED
    assert estate.truth()[PRIMARY]["units"] == {LOOP: False}
    assert not list(estate.locks.iterdir())
    ran = await estate.run("failback")
    assert ran.status == 0, str(ran)
    assert estate.primaries() == [PRIMARY]
    assert estate.truth()[PRIMARY]["units"] == {LOOP: True}
    for name in (LB1, LB2):
        assert await estate.balancers[name].servers() == CONFIGURED
    journal = await estate.console("journal", "verify")
    assert journal.status == 0, journal


async def test_a_token_sync_brings_the_backup_up_and_a_reload_is_seen(estate: RealEstate) -> None:
    ran = await estate.run("token-sync")
    assert ran.status == 0, str(ran)
    truth = estate.truth()
    assert truth[BACKUP]["generation"] == truth[PRIMARY]["generation"] == 4812
    await estate.balancers[LB1].ask("set server dsls_servers/dsls-primary state maint")
    await estate.balancers[LB2].ask("set server dsls_servers/dsls-primary state maint")
    await estate.balancers[LB1].reload()
    await estate.balancers[LB1].until(CONFIGURED)
    ran = await estate.console("status", "--json")
    assert ran.status in (1, 2), str(ran)
    cluster = ran.report["clusters"][0]
    assert (cluster["name"], cluster["primary"], cluster["epoch"]) == (CLUSTER, PRIMARY, 7)
    seen = {
        lb["name"]: {server["name"]: server["status"] for server in lb["servers"]} for lb in cluster["load_balancers"]
    }
    assert seen[LB1] == CONFIGURED
    assert seen[LB2]["dsls-primary"] == "MAINT"
    assert "lb_disagree" in {alert["id"] for alert in cluster["alerts"]}, json.dumps(cluster["alerts"])


async def test_a_server_is_up_only_when_its_check_says_so(estate: RealEstate) -> None:
    async with acting(estate) as steps:
        await steps.do("server-maint", LB1, node=BACKUP)
        maint = await steps.check("server-state", LB1, node=BACKUP, state="MAINT")
        estate.change(BACKUP, running=False)
        await steps.do("server-ready", LB1, node=BACKUP)
        await estate.balancers[LB1].until({"dsls-primary": "UP", "dsls-backup": "DOWN"})
        down = await steps.check("server-state", LB1, node=BACKUP, state="UP")
        ready = await steps.check("server-state", LB1, node=BACKUP, state="READY")
        estate.change(BACKUP, running=True)
        await estate.balancers[LB1].until(CONFIGURED)
        up = await steps.check("server-state", LB1, node=BACKUP, state="UP")
    assert [one.ok for one in (maint, down, ready, up)] == [True, False, True, True], (maint, down, ready, up)
    assert "DOWN" in down.reading


async def test_a_server_just_made_ready_is_not_taken_for_up_before_its_check(estate: RealEstate) -> None:
    estate.change(BACKUP, running=False)
    await estate.balancers[LB1].until({"dsls-primary": "UP", "dsls-backup": "DOWN"})
    async with acting(estate) as steps:
        for host, channel in ((LB1, "socket"), (LB2, "page")):
            steps.memory[f"channel of {host}"] = channel
            for _ in range(5):
                await steps.do("server-maint", host, node=BACKUP)
                await steps.do("server-ready", host, node=BACKUP)
                at_once = await steps.check("server-state", host, node=BACKUP, state="UP")
                assert at_once.ok is False, at_once


async def test_a_reload_between_two_readings_is_told(estate: RealEstate) -> None:
    async with acting(estate) as steps:
        pid = next(
            line[5:] for line in (await estate.balancers[LB1].ask("show info")).splitlines() if line[:5] == "Pid: "
        )
        steps.memory[f"pid on {LB1}"] = pid
        await steps.do("server-maint", LB1, node=PRIMARY)
        assert (await steps.check("server-state", LB1, node=PRIMARY, state="MAINT")).ok is True
        await estate.balancers[LB1].reload()
        lost = await steps.check("server-state", LB1, node=PRIMARY, state="MAINT")
        assert lost.ok is False
        assert "reloaded" in lost.reading


async def test_what_haproxy_does_not_know_or_allow_is_refused_in_its_words(estate: RealEstate) -> None:
    estate.cluster["load_balancers"]["servers"][BACKUP] = "no-such"
    estate.cluster["dr"]["load_balancers"]["hosts"][DR_LB]["socket"] = str(estate.balancers[LB2].socket)
    estate.write()
    async with acting(estate) as steps:
        steps.memory[f"channel of {LB2}"] = "page"
        for host, words in ((LB1, "No such server"), (LB2, "answers 303 ")):
            said = await steps.refused("server-maint", host, node=BACKUP)
            assert words in said
            assert "DONE" not in said
            assert (await steps.check("server-state", host, node=BACKUP, state="MAINT")).ok is None
        said = await steps.refused("server-maint", DR_LB, node="dr-dsls-01")
        assert "ermission denied" in said
