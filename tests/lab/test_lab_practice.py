"""The practice estate as it runs: ready soon, reached over real SSH, broken and mended by name."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import asyncssh
import httpx
import pytest

from dslsconsole.lab import control
from dslsconsole.lab.faults import FaultError, all_faults
from dslsconsole.lab.practice import Lab
from dslsconsole.lab.world import site
from dslsconsole.lab.world.pace import Pace
from dslsconsole.settings import load
from tests.lab.lab_estate import BACKUP, PRIMARY

READY_WITHIN = 3.0


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    async with Lab(tmp_path / "lab", speed=5) as running:
        yield running


async def eventually(condition: Callable[[], bool], within: float = 10.0) -> None:
    """Wait for a condition; fails where it does not come about in time."""
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in the practice estate's own time
            await asyncio.sleep(0.02)


async def connect(lab: Lab, host: str, user: str = "dslsop") -> asyncssh.SSHClientConnection:
    return await asyncssh.connect(
        "127.0.0.1",
        lab.ssh_ports[host],
        username=user,
        client_keys=[str(lab.directory / "keys" / user)],
        known_hosts=str(lab.directory / "known_hosts"),
        config=None,
        agent_path=None,
    )


async def test_it_is_ready_soon(tmp_path: Path) -> None:
    began = time.monotonic()
    async with Lab(tmp_path / "lab"):
        assert time.monotonic() - began < READY_WITHIN


async def test_its_estate_file_loads_and_names_every_host(lab: Lab) -> None:
    cluster = load(lab.estate_path).clusters[site.CLUSTER]
    assert cluster.dr is not None
    assert [*cluster.nodes, *cluster.dr.nodes] == [plan.name for plan in site.NODES]
    for node in [*cluster.nodes.values(), *cluster.dr.nodes.values()]:
        assert node.port is not None
        assert node.ssh_port is not None


@pytest.mark.parametrize("user", ["dslsprobe", "dslsop"])
async def test_every_host_is_reached_as_each_user(lab: Lab, user: str) -> None:
    for host in lab.world.hosts:
        async with await connect(lab, host, user) as connection:
            done = await connection.run("cat /etc/hostname", check=True)
            assert done.stdout == f"{host}\n"


async def test_the_runtime_socket_is_reached_through_ssh(lab: Lab) -> None:
    async with await connect(lab, "haproxy-01", "dslsprobe") as connection:
        reader, writer = await connection.open_unix_connection(site.ADMIN_SOCKET)
        writer.write(b"show cli level\n")
        assert await reader.read() == b"admin\n\n"


async def test_the_page_of_the_second_balancer_is_read_and_changes_it(lab: Lab) -> None:
    page = lab.world.balancers["haproxy-02"].page
    assert page is not None
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{page.port}", trust_env=False) as client:
        table = await client.get("/stats;csv")
        assert (table.status_code, table.text.startswith("# pxname,svname,")) == (200, True)
        answer = await client.post("/stats", content="s=dsls-primary&action=maint&b=dsls_servers")
        assert (answer.status_code, answer.headers["location"]) == (303, "/stats;st=DONE")
        assert (await client.get("/elsewhere")).status_code == 503
    assert lab.truth()["load_balancers"]["haproxy-02"]["servers"]["dsls-primary"]["status"] == "MAINT"


async def test_the_licence_port_answers_the_health_check_and_refuses_once_stopped(lab: Lab) -> None:
    port = lab.world.servers.by_name[PRIMARY].port
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"STATUS\r\n")
    assert await reader.readline() == b"Server Status: Running\r\n"
    writer.close()
    await lab.fault("service-killed", PRIMARY)

    async def is_refused() -> bool:
        try:
            _, another = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            return True
        except ConnectionResetError:
            # The port was about to close.
            return False
        another.close()
        return False

    async with asyncio.timeout(30):
        while not await is_refused():  # noqa: ASYNC110 - a port closes in the practice estate's own time
            await asyncio.sleep(0.02)


async def test_notifications_are_kept(lab: Lab) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.post(lab.world.notices.url, json={"message": "licences are served"})).status_code == 202
        assert (await client.post(lab.world.notices.url, content=b"{")).status_code == 400
    assert lab.truth()["notifications"] == [{"message": "licences are served"}]
    kept = (lab.directory / "notifications.jsonl").read_text().splitlines()
    assert json.loads(kept[0])["body"] == {"message": "licences are served"}


async def test_faults_reach_it_through_the_control_channel(lab: Lab) -> None:
    def ask(*words: str) -> Any:
        return control.request(lab.directory, *words)

    said = await asyncio.to_thread(ask, "fault", "node-down", PRIMARY)
    assert said["text"].startswith("node-down dsls-primary-01")
    truth = (await asyncio.to_thread(ask, "status"))["truth"]
    assert (truth["nodes"][PRIMARY]["power"], truth["faults"]) == ("off", ["node-down dsls-primary-01"])
    await asyncio.to_thread(ask, "heal", "all")
    await eventually(lambda: lab.truth()["serving"] == [PRIMARY])
    with pytest.raises(FaultError, match="did you mean node-down"):
        await asyncio.to_thread(ask, "fault", "node-dwn")


async def test_a_host_without_power_breaks_connections_and_then_is_silent(lab: Lab) -> None:
    async with await connect(lab, BACKUP) as connection:
        await lab.fault("node-down", BACKUP)
        await asyncio.wait_for(connection.wait_closed(), 5)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(connect(lab, BACKUP), 0.3)
    await lab.fault("sshd-dead", PRIMARY)
    with pytest.raises(ConnectionRefusedError):
        await connect(lab, PRIMARY)


async def test_the_control_channel_is_closed_to_others(lab: Lab) -> None:
    path = lab.directory / control.FILE
    assert path.stat().st_mode & 0o077 == 0
    access = json.loads(path.read_text())
    path.write_text(json.dumps({**access, "secret": "guessed"}))
    with pytest.raises(FaultError, match="not allowed"):
        await asyncio.to_thread(control.request, lab.directory, "status")


async def test_a_directory_holds_one_practice_estate_at_a_time(lab: Lab) -> None:
    with pytest.raises(control.AlreadyRunning, match="lab down"):
        await Lab(lab.directory).__aenter__()
    assert (await asyncio.to_thread(control.request, lab.directory, "status"))["truth"]["serving"] == [PRIMARY]


def test_without_a_practice_estate_the_commands_say_so(tmp_path: Path) -> None:
    with pytest.raises(control.NotRunning, match="dslsconsole lab up"):
        control.request(tmp_path, "status")


@pytest.mark.parametrize("name", sorted(all_faults()))
async def test_every_fault_is_caused_and_mended(lab: Lab, name: str) -> None:
    assert name in await lab.fault(name)
    assert [words.split()[0] for words in lab.truth()["faults"]] == [name]
    assert "in force already" in await lab.fault(name)
    assert name in await lab.heal(name)
    assert lab.truth()["faults"] == []
    await eventually(lambda: lab.truth()["serving"] == [PRIMARY])
    async with await connect(lab, BACKUP, "dslsprobe") as connection:
        assert (await connection.run("cat /etc/hostname")).stdout == f"{BACKUP}\n"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("nothing",), "there is no fault"),
        (("node-down", "nowhere"), "there is no host nowhere"),
        (("lb-dead", PRIMARY), "is no load balancer"),
        (("service-killed", "haproxy-01"), "has no licence server"),
        (("storage-unmounted", "haproxy-01"), "nothing mounted"),
        (("node-down", PRIMARY, BACKUP), "at most 1 host"),
    ],
)
async def test_a_fault_that_can_not_be_says_why(lab: Lab, words: tuple[str, ...], why: str) -> None:
    with pytest.raises(FaultError, match=why):
        await lab.fault(*words)
    assert lab.truth()["faults"] == []


def test_time_in_which_a_busy_machine_let_the_world_stand_still_has_not_passed_in_it() -> None:
    now = [100.0]
    pace = Pace(16.0, lambda: now[0])
    now[0] += 1.0
    assert pace.elapsed() == 16.0
    pace.go_on()
    now[0] += 0.1
    assert pace.elapsed() == pytest.approx(17.6)
    pace.go_on()
    now[0] += 3.0
    assert pace.elapsed() == pytest.approx(17.6 + 0.25 * 16), "not 48 lab seconds"
    pace.go_on()
    now[0] -= 3600.0
    assert pace.elapsed() == pytest.approx(21.6), "a clock that is set back takes nothing away"
