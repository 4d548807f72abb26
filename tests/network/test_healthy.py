"""The network as it was built, seen by the console, and what the network itself promises."""

import contextlib
import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.network.plan import ARBITRATOR, BACKUP, DR_PRIMARY, LB1, OPS, PRIMARY
from tests.network.real_network import RealNetwork, real_network, until

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("network")]


async def test_status_tells_that_all_is_well(network: RealNetwork) -> None:
    ran = await network.console("status", "--json")
    assert ran.status == 0, ran
    (cluster,) = ran.report["clusters"]
    assert (cluster["health"], cluster["primary"], cluster["alerts"]) == ("ok", PRIMARY, [])
    assert cluster["quorum"] == {"held": True, "votes": 3, "needed": 2, "members": 3}
    assert [lb["name"] for lb in cluster["load_balancers"] if lb["holds_vip"]] == [LB1]
    assert {node["role"] for node in cluster["nodes"]} == {"primary", "backup", "arbitrator"}
    assert (cluster["dr"]["active"], cluster["dr"]["result"]) == (False, "OK")
    assert all(place["mounted"] for place in cluster["storage"])


async def test_every_host_can_be_reached_as_each_user(network: RealNetwork) -> None:
    ran = await network.console("check")
    assert ran.status == 0, ran


async def test_a_cut_loses_packets_between_two_machines_alone(network: RealNetwork) -> None:
    network.cut(OPS, PRIMARY)
    try:
        greeted = network.sh(OPS, f"timeout 1 bash -c 'exec 3<>/dev/tcp/{PRIMARY}/22'")
        other = network.sh(BACKUP, f"timeout 5 bash -c 'exec 3<>/dev/tcp/{PRIMARY}/22'")
    finally:
        network.mend()
    assert (greeted.status, other.status) == (124, 0), (greeted, other)
    assert network.sh(OPS, f"timeout 5 bash -c 'exec 3<>/dev/tcp/{PRIMARY}/22'").status == 0


def test_nothing_is_left_when_the_machine_room_is_killed(network: RealNetwork, tmp_path: Path) -> None:
    with real_network(tmp_path) as other:
        firsts = list(other.firsts.values())
        namespaces = _namespaces(firsts)
        os.kill(other.room.pid, signal.SIGKILL)
        other.room.wait()
        deadline = time.monotonic() + 10
        while left := [pid for pid in firsts if Path(f"/proc/{pid}").exists()]:
            assert time.monotonic() < deadline, f"processes {left} live on"
    assert len(namespaces) == len(firsts)
    assert not namespaces & _namespaces(int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    assert network.is_as_built(), "two networks on one machine must not disturb each other"


def _namespaces(pids: Iterable[int]) -> set[str]:
    """The network namespaces of processes, as far as they can be looked at."""
    found = set()
    for pid in pids:
        with contextlib.suppress(OSError):
            found.add(str(Path(f"/proc/{pid}/ns/net").readlink()))
    return found


async def test_a_machine_without_power_is_silent_and_keeps_its_disk(network: RealNetwork) -> None:
    network.sh(DR_PRIMARY, "echo kept >/opt/kept")
    network.off(DR_PRIMARY)
    silent = network.sh(OPS, f"timeout 1 bash -c 'exec 3<>/dev/tcp/{DR_PRIMARY}/22'")
    network.on(DR_PRIMARY)
    await until(
        lambda: network.sh(OPS, f"timeout 1 bash -c 'exec 3<>/dev/tcp/{DR_PRIMARY}/22'").status == 0, "its sshd answers"
    )
    assert silent.status == 124, silent
    assert network.sh(DR_PRIMARY, "cat /opt/kept").stdout == "kept\n"


async def test_a_hung_service_is_no_dead_one(network: RealNetwork) -> None:
    unit = "systemctl show -p MainPID --value dsls-arbitrator"
    network.sh(ARBITRATOR, f"kill -STOP $({unit})")
    try:
        said = network.sh(OPS, f"timeout 2 bash -c 'exec 3<>/dev/tcp/{ARBITRATOR}/27000; echo STATUS >&3; cat <&3'")
        active = network.sh(ARBITRATOR, "systemctl is-active dsls-arbitrator").stdout
    finally:
        network.sh(ARBITRATOR, f"kill -CONT $({unit})")
    assert (said.status, active) == (124, "active\n"), said
    await until(network.is_as_built, "the arbitrator is heard again")
