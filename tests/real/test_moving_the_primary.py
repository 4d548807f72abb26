"""Failover, failback and token sync on real servers: what HAProxy's own processes say before and after."""

import pytest

from tests.real.real_estate import BACKUP, LB1, LB2, LOOP, PRIMARY, RealEstate

pytestmark = pytest.mark.real
MOVED = {"dsls-primary": "MAINT", "dsls-backup": "UP"}
CONFIGURED = {"dsls-primary": "UP", "dsls-backup": "UP"}


async def test_every_host_can_be_reached_as_each_user(estate: RealEstate) -> None:
    ran = await estate.console("check")
    assert ran.status == 0, ran
    assert "Every host can be reached." in ran.stdout
    assert "has level operator, so nothing can be changed by it; the statistics page is used instead" in ran.stdout


async def test_failover_and_failback_change_both_load_balancers(estate: RealEstate) -> None:
    ran = await estate.run("failover")
    assert ran.status == 0, ran
    assert estate.primaries() == [BACKUP]
    for name in (LB1, LB2):
        assert await estate.balancers[name].servers() == MOVED
    assert estate.truth()[PRIMARY]["units"] == {LOOP: False}
    ran = await estate.run("failback")
    assert ran.status == 0, ran
    assert estate.primaries() == [PRIMARY]
    assert estate.truth()[PRIMARY]["units"] == {LOOP: True}
    for name in (LB1, LB2):
        assert await estate.balancers[name].servers() == CONFIGURED
