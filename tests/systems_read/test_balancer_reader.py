"""A load balancer read over a real HAProxy's socket and page, and what each refusal looks like."""

import asyncio
import getpass
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from msgspec import Struct

from dslsconsole.lab.world.listeners import free_ports
from dslsconsole.model.balancer import BalancerReadings, ServerState
from dslsconsole.model.reading import FailureKind
from dslsconsole.settings.schema import Estate
from dslsconsole.systems.readers import readers
from tests.real_sshd import RealSshd, real_sshd

pytestmark = pytest.mark.real
Need = Callable[[str], str]
DEADLINE_S = 10.0


class RealHaproxy(Struct, frozen=True):
    """A process that listens."""

    socket: Path
    page_port: int
    pid: int


def configured(directory: Path, level: str) -> tuple[Path, Path, int]:
    """The configuration file, the socket and the page's port."""
    path, (page_port,) = directory / "admin.sock", free_ports(1)
    config = directory / "haproxy.cfg"
    config.write_text(
        f"""global
    stats socket {path} mode 600 {level}
defaults
    mode tcp
    timeout connect 1s
    timeout client 1s
    timeout server 1s
listen stats
    mode http
    bind 127.0.0.1:{page_port}
    stats enable
    stats uri /stats
    stats auth admin:secret
backend dsls_servers
    server dsls-primary 127.0.0.1:9 weight 100
    server dsls-backup 127.0.0.1:9 weight 50 backup disabled
"""
    )
    return config, path, page_port


@asynccontextmanager
async def real_haproxy(program: str, directory: Path, level: str = "level admin") -> AsyncIterator[RealHaproxy]:
    config, path, page_port = configured(directory, level)
    process = await asyncio.create_subprocess_exec(
        program, "-db", "-f", str(config), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(DEADLINE_S):
            while not await answers(path):
                assert process.returncode is None, "haproxy ended"
                await asyncio.sleep(0)
        yield RealHaproxy(path, page_port, process.pid)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def answers(path: Path) -> bool:
    try:
        _, writer = await asyncio.open_unix_connection(str(path))
    except OSError:
        return False
    writer.close()
    return True


def estate_of(sshd: RealSshd, **balancer: object) -> Estate:
    return Estate.model_validate(
        {
            "version": 1,
            "ssh": {
                "known_hosts_file": sshd.settings().known_hosts_file,
                "config_file": str(sshd.directory / "none"),
                "identity_files": [str(sshd.directory / "id")],
                "probe_user": getpass.getuser(),
            },
            "poll": {"timeout": "3s"},
            "clusters": {
                "c": {
                    "nodes": {"n1": {"mode": "primary", "address": "192.0.2.1"}},
                    "load_balancers": {
                        "vip": "127.0.0.1",
                        "servers": {"n1": "dsls-primary"},
                        "hosts": {"lb": {"address": "127.0.0.1", "ssh_port": sshd.port, **balancer}},
                    },
                }
            },
        }
    )


async def read(estate: Estate) -> BalancerReadings:
    async with readers(estate, time.time) as found:
        readings = await found[-1].read()
    assert isinstance(readings, BalancerReadings)
    return readings


def assert_backend(readings: BalancerReadings, source: str) -> None:
    assert readings.backend.failure is None
    assert readings.backend.source == source
    assert readings.backend.value is not None
    primary, backup = readings.backend.value.servers
    assert (primary.name, primary.state, primary.weight) == ("dsls-primary", ServerState.NO_CHECK, 100)
    assert (backup.state, backup.backup) == (ServerState.MAINT, True)


@pytest.mark.parametrize(("level", "told"), [("level admin", "admin"), ("", "operator"), ("level user", "user")])
async def test_the_socket_tells_process_level_and_servers(need: Need, tmp_path: Path, level: str, told: str) -> None:
    async with (
        real_haproxy(need("haproxy"), tmp_path, level) as haproxy,
        real_sshd(need("sshd"), tmp_path / "sshd") as sshd,
    ):
        readings = await read(estate_of(sshd, socket=str(haproxy.socket)))
    assert_backend(readings, "socket")
    assert readings.process.value is not None
    assert (readings.process.value.pid, readings.process.value.level) == (haproxy.pid, told)
    assert readings.link.value is not None
    assert readings.link.value.hostname == os.uname().nodename
    assert readings.addresses.value is not None
    assert "127.0.0.1" in readings.addresses.value


async def test_a_socket_that_is_not_there_costs_its_own_readings(need: Need, tmp_path: Path) -> None:
    async with real_sshd(need("sshd"), tmp_path / "sshd") as sshd:
        readings = await read(estate_of(sshd, socket=str(tmp_path / "none.sock")))
    assert readings.backend.failure is not None
    assert readings.backend.failure.kind is FailureKind.ABSENT
    assert str(tmp_path / "none.sock") in readings.backend.failure.text
    assert readings.link.failure is None
    assert readings.addresses.value is not None


async def test_the_page_is_read_with_its_password(need: Need, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATS_PASSWORD", "secret")
    async with (
        real_haproxy(need("haproxy"), tmp_path) as haproxy,
        real_sshd(need("sshd"), tmp_path / "sshd") as sshd,
    ):
        url = f"http://127.0.0.1:{haproxy.page_port}/stats"
        login = {"username": "admin", "password_env": "STATS_PASSWORD"}
        good = await read(estate_of(sshd, stats_url=url, **login))
        both = await read(estate_of(sshd, stats_url=url, socket=str(haproxy.socket), **login))
        anonymous = await read(estate_of(sshd, stats_url=url))
        elsewhere = await read(estate_of(sshd, stats_url=url.replace("/stats", "/other"), **login))
    assert_backend(good, "statistics page")
    assert good.process.value is not None
    assert (good.process.value.pid, good.process.source) == (haproxy.pid, "statistics page")
    assert good.process.value.started_at == pytest.approx(time.time(), abs=60)
    assert anonymous.process.tried_at is None
    assert_backend(both, "statistics page")
    assert both.process.value is not None
    assert anonymous.backend.failure is not None
    assert anonymous.backend.failure.kind is FailureKind.PERMISSION
    assert "secret" not in anonymous.backend.failure.text
    assert elsewhere.backend.failure is not None
    assert elsewhere.backend.failure.kind is FailureKind.ABSENT


async def test_where_the_page_fails_the_socket_serves(need: Need, tmp_path: Path) -> None:
    async with (
        real_haproxy(need("haproxy"), tmp_path) as haproxy,
        real_sshd(need("sshd"), tmp_path / "sshd") as sshd,
    ):
        url = f"http://127.0.0.1:{haproxy.page_port}/stats"
        readings = await read(estate_of(sshd, stats_url=url, socket=str(haproxy.socket)))
    assert_backend(readings, "socket")


async def test_a_page_that_answers_without_ssh_is_still_read(need: Need, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("secret\n")
    async with (
        real_haproxy(need("haproxy"), tmp_path) as haproxy,
        real_sshd(need("sshd"), tmp_path / "sshd") as sshd,
    ):
        estate = estate_of(
            sshd,
            stats_url=f"http://127.0.0.1:{haproxy.page_port}/stats",
            username="admin",
            password_file=str(tmp_path / "password"),
            ssh_port=free_ports(1)[0],
        )
        readings = await read(estate)
    assert_backend(readings, "statistics page")
    assert readings.link.failure is None
    assert readings.addresses.failure is not None
    assert readings.addresses.failure.kind in (FailureKind.REFUSED, FailureKind.HOST_KEY_UNKNOWN)


async def test_a_dead_haproxy_is_a_refusal(need: Need, tmp_path: Path) -> None:
    async with real_sshd(need("sshd"), tmp_path / "sshd") as sshd:
        readings = await read(estate_of(sshd, stats_url=f"http://127.0.0.1:{free_ports(1)[0]}/stats"))
    assert readings.backend.failure is not None
    assert readings.backend.failure.kind is FailureKind.REFUSED


async def test_a_backend_of_another_name_is_absent(need: Need, tmp_path: Path) -> None:
    async with (
        real_haproxy(need("haproxy"), tmp_path) as haproxy,
        real_sshd(need("sshd"), tmp_path / "sshd") as sshd,
    ):
        estate = estate_of(sshd, socket=str(haproxy.socket))
        cluster = estate.clusters["c"]
        assert cluster.load_balancers is not None
        other = cluster.load_balancers.model_copy(update={"backend": "others"})
        renamed = cluster.model_copy(update={"load_balancers": other})
        readings = await read(estate.model_copy(update={"clusters": {"c": renamed}}))
    assert readings.backend.failure is not None
    assert readings.backend.failure.kind is FailureKind.ABSENT
    assert "dsls_servers" in readings.backend.failure.text
