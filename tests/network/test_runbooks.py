"""Runbooks that leave the primary where it is, and the test of high availability, on the network."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest

from dslsconsole.lab.world import site
from tests.network.plan import ARBITRATOR, BACKUP, DR_BACKUP, DR_PRIMARY, LB1, LB2, NODES, PRIMARY
from tests.network.real_network import UP, RealNetwork, finished, running, until

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("network")]
NODE = {"node": BACKUP}
SERVER = "dsls-backup"


async def does(network: RealNetwork, runbook: str, **params: str) -> dict[str, Any]:
    """Run a runbook to its good end, and see that it did something; its report."""
    ran = await network.run(runbook, *(word for key, value in params.items() for word in ("--param", f"{key}={value}")))
    assert ran.status == 0, str(ran)
    report = ran.report
    assert any(step["outcome"] == "done" for step in report["steps"]), str(ran)
    assert network.serving() == [PRIMARY], str(ran)
    return report


async def ready(network: RealNetwork, runbook: str, **params: str) -> None:
    """Wait until its guards pass: a server that has just come back is in its place before it says that it votes."""
    words = [word for key, value in params.items() for word in ("--param", f"{key}={value}")]
    async with asyncio.timeout(30):
        while (await network.run(runbook, "--dry-run", *words)).status != 0:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.2)


def status_of(network: RealNetwork) -> list[str]:
    """How each load balancer of the main site has the backup's server."""
    return [network.servers(name)[SERVER] for name in (LB1, LB2)]


def unit(network: RealNetwork, name: str, *, of: str = "ActiveState") -> str:
    return network.sh(name, f"systemctl show -p {of} --value {NODES[name].unit}").stdout.strip()


async def does_sometime(network: RealNetwork, runbook: str) -> None:
    """Run it until there was something to do: the servers bring tokens over by themselves, too."""
    for _ in range(10):
        ran = await network.run(runbook)
        assert ran.status == 0, str(ran)
        if any(step["outcome"] == "done" for step in ran.report["steps"]):
            return
    raise AssertionError(f"there was never anything to do: {ran}")


async def test_the_address_moves_and_where_it_stays_is_told(network: RealNetwork) -> None:
    async with network.client() as seen:
        console = await network.start(*running("vip-move", "--param", f"to={LB2}"))
        await until(lambda: network.holders() == [LB2], "the address moves to the other load balancer")
        ran = await finished(console)
        since = time.monotonic()
        await until(lambda: sum(at > since for at, _ in seen.attempts) >= 10, "the client goes on")
    assert ran.status == 0, ran
    # The first one is configured to preempt: it takes the address back as soon as its keepalived runs again.
    assert network.holders() == [LB1]
    assert any(f"not by {LB2}" in line for line in ran.report["card"]), ran.report["card"]
    assert not seen.failed(since), seen.attempts
    assert network.is_as_built()


async def test_a_node_is_taken_out_and_let_in_again(network: RealNetwork) -> None:
    async with network.client() as seen:
        await does(network, "quarantine", **NODE)
        assert (unit(network, BACKUP), unit(network, BACKUP, of="UnitFileState")) == ("inactive", "disabled")
        assert status_of(network) == ["MAINT", "MAINT"]
        await does(network, "quarantine-end", **NODE)
    assert (unit(network, BACKUP), unit(network, BACKUP, of="UnitFileState")) == ("active", "enabled")
    # Let in it counts as good, and where a check met it before it was ready, after one more.
    await until(lambda: status_of(network) == ["UP", "UP"], "both load balancers have it")
    assert not seen.failed(), seen.attempts
    await until(network.is_as_built, "the backup is in its place")


async def test_tokens_are_brought_over_and_overwritten(network: RealNetwork) -> None:
    # Licences come and go meanwhile, so that there is something to bring over.
    async with network.client() as seen:
        for runbook in ("token-sync", "force-sync"):
            before = network.told(PRIMARY)["generation"]
            await does_sometime(network, runbook)
            assert network.told(BACKUP)["generation"] >= before
    assert not seen.failed(), seen.attempts


async def test_servers_are_drained_taken_out_and_made_ready(network: RealNetwork) -> None:
    await does(network, "lb-drain", **NODE)
    assert status_of(network) == ["DRAIN", "DRAIN"]
    await does(network, "lb-maint", balancer=LB2, **NODE)
    assert status_of(network) == ["DRAIN", "MAINT"]
    await does(network, "lb-ready", **NODE)
    await until(lambda: network.servers(LB1) == network.servers(LB2) == UP, "the next check finds both servers well")


async def test_services_are_restarted_stopped_and_started(network: RealNetwork) -> None:
    before = unit(network, ARBITRATOR, of="MainPID")
    await does(network, "service-restart", node=ARBITRATOR)
    assert unit(network, ARBITRATOR, of="MainPID") not in (before, "0")
    await until(network.is_as_built, "the arbitrator votes again")
    await ready(network, "service-stop", **NODE)
    await does(network, "service-stop", **NODE)
    assert unit(network, BACKUP) == "inactive"
    await does(network, "service-start", **NODE)
    await until(network.is_as_built, "the backup is in its place")


async def test_licences_are_tried_out_and_servers_are_set(network: RealNetwork) -> None:
    used = {pool["name"]: pool["used"] for pool in await pools(network)}
    await does(network, "checkout-test")
    assert {pool["name"]: pool["used"] for pool in await pools(network)} == used
    for runbook, params in (
        ("academic-ha", {"primary_pool": "480"}),
        ("academic-calendar", {"start": "2026-09-01", "end": "2099-01-31"}),
        ("academic-balancing", {}),
        ("load-balancing", {}),
    ):
        await does(network, runbook, **params)
        told = [network.path(name, f"/opt/dsls/state/{runbook}.conf").read_text() for name in (PRIMARY, BACKUP)]
        assert told[0] == told[1] != ""


async def pools(network: RealNetwork) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(network.sh(PRIMARY, f"{site.DSLICSRV} -tokens -format json").stdout)[
        "pools"
    ]
    return found


async def test_files_and_state_come_to_the_dr_site(network: RealNetwork) -> None:
    name = f"{site.LICENSES}/note.txt"
    network.path(PRIMARY, name).write_text("a note\n")
    network.path(PRIMARY, f"{site.CONFIG}/note.conf").write_text("# a note\n")
    own = {node: network.path(node, f"{site.CONFIG}/dr-site.conf").read_text() for node in (DR_PRIMARY, DR_BACKUP)}
    await does(network, "dr-sync")
    for node in (DR_PRIMARY, DR_BACKUP):
        assert network.path(node, f"{site.DR_LICENSES}/{Path(name).name}").read_text() == "a note\n"
        assert network.path(node, f"{site.CONFIG}/note.conf").read_text() == "# a note\n"
        assert network.path(node, f"{site.CONFIG}/dr-site.conf").read_text() == own[node], "the DR site's own stays"
        assert network.sh(node, f"{site.DSLICSRV} -verify-dr-sync").status == 0


async def test_high_availability_is_tested_and_left_as_it_was(network: RealNetwork) -> None:
    # Its first part is a planned failover and failback, which clients watch in other tests.
    notices = network.notices()
    report = await does(network, "ha-drill", failover="skip")
    told = "\n".join(report["card"])
    for passed in ("failure of the primary", "partition and recovery", "start of the DR site"):
        assert f"test passed: {passed}" in told
    for node in (PRIMARY, BACKUP):
        assert "dslsconsole-drill" not in network.sh(node, "iptables -S").stdout
        assert "not-found" in network.sh(node, "systemctl show -p LoadState dslsconsole-drill-input.timer").stdout
    assert network.notices() == notices, "nobody is told of a test"
    await until(network.is_as_built, "everything is in its place")
