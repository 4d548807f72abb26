"""Operations on the network, watched by a licence client that goes through the floating address all the while."""

import time

import pytest

from tests.network.plan import BACKUP, LB1, LB2, LOOP, PRIMARY
from tests.network.real_network import UP, RealNetwork, Seen, until

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("network")]
MOVED = {"dsls-primary": "MAINT", "dsls-backup": "UP"}


async def _attempts_after(seen: Seen, moment: float) -> None:
    """Wait until the client has tried ten more times."""
    await until(lambda: sum(at > moment for at, _ in seen.attempts) >= 10, "the client goes on")


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
    assert network.servers(LB1) == network.servers(LB2) == UP
    assert "active" in network.sh(PRIMARY, f"systemctl is-active {LOOP}").stdout
    journal = await network.console("journal", "verify")
    assert journal.status == 0, journal
