"""Operations on the network, watched by a licence client that goes through the floating address all the while."""

import time

import pytest

from dslsconsole.lab.world import site
from tests.network.licence_client import PATIENCE_S
from tests.network.plan import ARBITRATOR, BACKUP, DR_PRIMARY, LB1, LB2, LOOP, PRIMARY
from tests.network.real_network import CLUSTER, UP, RealNetwork, Seen, until

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("network")]
MOVED = {"dsls-primary": "MAINT", "dsls-backup": "UP"}


async def _attempts_after(seen: Seen, moment: float) -> None:
    """Wait until the client has tried ten more times, and what it had begun before has ended."""
    settled = moment + PATIENCE_S
    await until(lambda: sum(at > settled for at, _ in seen.attempts) >= 10, "the client goes on")


async def test_clients_stay_served_through_a_failover_and_whatever_follows(network: RealNetwork) -> None:
    async with network.client() as seen:
        ran = await network.run("failover")
        assert ran.status == 0, ran
        assert network.serving() == [BACKUP]
        since = time.monotonic()

        started = network.sh(PRIMARY, "systemctl start dsls-primary")
        assert started.status == 0, started
        await until(lambda: network.told(PRIMARY).get("role") == "backup", "the old primary joins as backup")
        network.sh(LB1, "systemctl stop keepalived")
        await until(lambda: network.holders() == [LB2], "the address moves to the other load balancer")
        await _attempts_after(seen, time.monotonic())
        network.sh(LB1, "systemctl start keepalived")
        await until(lambda: network.holders() == [LB1], "the address comes back")
        await _attempts_after(seen, time.monotonic())
        assert network.serving() == [BACKUP]
        refused = [pair for pair in seen.attempts if "not primary" in pair[1] and pair[0] > since]
        assert not refused, "clients were sent to a server that is not primary"
        assert not seen.failed(seen.attempts[-10][0]), seen.attempts[-10:]

        ran = await network.run("failback")
        assert ran.status == 0, ran
    assert network.serving() == [PRIMARY]
    await until(lambda: network.servers(LB1) == network.servers(LB2) == UP, "the next check finds both servers well")
    assert "active" in network.sh(PRIMARY, f"systemctl is-active {LOOP}").stdout
    journal = await network.console("journal", "verify")
    assert journal.status == 0, journal


async def test_a_primary_without_power_is_replaced_and_comes_back_as_a_backup(network: RealNetwork) -> None:
    network.off(PRIMARY)
    async with network.client() as seen:
        ran = await network.run("failover", "--attest", PRIMARY)
        if ran.status == 10:  # it could be proven dead by those who look, and then nobody need vouch for it
            ran = await network.run("failover")
        assert ran.status == 0, ran
        await _attempts_after(seen, time.monotonic())
        assert not seen.failed(seen.attempts[-5][0]), seen.attempts[-5:]
    assert network.serving() == [BACKUP]
    assert network.servers(LB1)["dsls-primary"] == network.servers(LB2)["dsls-primary"] == "MAINT"
    network.on(PRIMARY)
    await until(lambda: network.told(PRIMARY).get("role") == "backup", "the old primary joins as backup")
    assert network.serving() == [BACKUP]
    ran = await network.run("failback")
    assert ran.status == 0, ran
    assert network.serving() == [PRIMARY]


async def test_the_dr_site_serves_when_the_main_site_is_gone_and_gives_back(network: RealNetwork) -> None:
    ran = await network.run("dr-sync")
    assert ran.status == 0, ran
    main = (PRIMARY, BACKUP, ARBITRATOR)
    network.off(*main)
    ran = await network.run("dr-activate")
    assert ran.status == 10, "from one site alone, the other site's death is not proven"
    assert (network.record(), network.notices(), network.told(DR_PRIMARY)) == (site.VIP, [], {})
    ran = await network.run("dr-activate", *(word for name in main for word in ("--attest", name)))
    assert ran.status == 0, ran
    assert (network.serving(), network.record()) == ([DR_PRIMARY], site.DR_VIP)
    (notice,) = network.notices()
    assert notice["token"] == "Bearer the-token"
    assert CLUSTER in notice["body"]
    async with network.client(site.DR_VIP) as seen:
        await _attempts_after(seen, time.monotonic())
    assert not seen.failed(), seen.attempts

    network.on(*main)
    await until(lambda: network.told(PRIMARY).get("role") == "backup", "the main site joins the DR site's primary")
    ran = await network.run("dr-return")
    assert ran.status == 0, ran
    assert (network.serving(), network.record(), len(network.notices())) == ([PRIMARY], site.VIP, 2)
    await until(lambda: network.servers(LB1) == network.servers(LB2) == UP, "the next check finds both servers well")
