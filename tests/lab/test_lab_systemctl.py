"""`systemctl` on a practice host."""

import asyncio

import pytest

from tests.lab.lab_estate import PRIMARY, Estate

SHOW = "systemctl show --timestamp=unix -p Id,LoadState,ActiveState,SubState,MainPID,ExecMainStartTimestamp"


async def test_show_prints_a_block_a_unit_in_the_order_asked(estate: Estate) -> None:
    done = await estate.world.hosts[PRIMARY].capture(f"{SHOW} -- dsls-token-sync.service dsls nothing")
    blocks = [dict(line.split("=", 1) for line in block.splitlines()) for block in done.stdout.decode().split("\n\n")]
    assert done.status == 0
    assert [block["Id"] for block in blocks] == ["dsls-token-sync.service", "dsls-primary.service", "nothing.service"]
    assert [block["LoadState"] for block in blocks] == ["loaded", "loaded", "not-found"]
    assert blocks[1]["ActiveState"] == "active"
    assert int(blocks[1]["MainPID"]) > 0
    assert blocks[1]["ExecMainStartTimestamp"].startswith("@17")


async def test_only_root_changes_anything(estate: Estate) -> None:
    done = await estate.world.hosts[PRIMARY].capture("systemctl stop dsls-primary", "dslsop")
    assert done.status == 1
    assert done.stderr.startswith(b"Failed to stop dsls-primary.service: Interactive authentication required.\n")
    assert estate.world.nodes[PRIMARY].unit.is_active


async def test_stop_start_and_kill(estate: Estate) -> None:
    host, unit = estate.world.hosts[PRIMARY], estate.world.nodes[PRIMARY].unit
    assert (await host.capture("systemctl stop dsls-primary")).status == 0
    assert (unit.active, unit.pid, estate.world.servers.by_name[PRIMARY].is_running) == ("inactive", 0, False)
    assert (await host.capture("systemctl is-active dsls-primary")).stdout == b"inactive\n"
    assert (await host.capture("systemctl start dsls-primary")).status == 0
    assert (await host.capture("systemctl is-active dsls-primary")).status == 0
    assert (await host.capture("systemctl kill --signal=KILL dsls-primary")).status == 0
    said = (await host.capture("systemctl show -p ActiveState,Result,ExecMainStatus dsls-primary")).stdout
    assert said == b"ActiveState=failed\nResult=signal\nExecMainStatus=9\n"


async def test_a_masked_or_unknown_unit_does_not_start(estate: Estate) -> None:
    host = estate.world.hosts[PRIMARY]
    assert (await host.capture("systemctl start nothing")).status == 5
    await host.capture("systemctl stop dsls-primary")
    await host.capture("systemctl mask dsls-primary")
    done = await host.capture("systemctl start dsls-primary")
    assert done.stderr == b"Failed to start dsls-primary.service: Unit dsls-primary.service is masked.\n"


async def test_a_unit_that_will_not_stop_waits_until_it_is_killed(estate: Estate) -> None:
    host, unit = estate.world.hosts[PRIMARY], estate.world.nodes[PRIMARY].unit
    unit.ignores_stop = True
    stopping = asyncio.create_task(host.capture("systemctl stop dsls-primary"))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(stopping), 0.3)
    assert unit.active == "deactivating"
    await host.capture("systemctl kill --signal=KILL dsls-primary")
    await asyncio.wait_for(stopping, 5)
    assert unit.active == "failed"


async def test_a_start_waits_for_a_stop_that_goes_on_and_is_kept_when_nobody_waits_for_it(estate: Estate) -> None:
    host, unit = estate.world.hosts[PRIMARY], estate.world.nodes[PRIMARY].unit
    unit.ignores_stop = True
    stopping = asyncio.create_task(host.capture("systemctl stop dsls-primary"))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(stopping), 0.3)
    before = unit.pid
    assert (await host.capture("timeout 1 systemctl start dsls-primary")).status == 124
    assert unit.active == "deactivating"
    unit.ignores_stop = False
    await asyncio.wait_for(stopping, 5)
    assert unit.active == "active"
    assert unit.pid != before
