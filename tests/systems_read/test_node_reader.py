"""A node read over OpenSSH's own server, by the probe sent and installed, whole and broken."""

import getpass
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from dslsconsole.model.node import Mode, NodeReadings, Role
from dslsconsole.model.reading import FailureKind
from dslsconsole.settings.hosts import cluster_hosts
from dslsconsole.settings.schema import Estate
from dslsconsole.shipped import shipped
from dslsconsole.systems.node.read import Questions
from dslsconsole.systems.readers import HostReader, readers
from tests.real_sshd import RealSshd, real_sshd

pytestmark = pytest.mark.real
Need = Callable[[str], str]

HEALTHY = """case "$*" in
-status) echo "Server Status: Running"; echo "Uptime: 60";;
"-cluster-status -format json") echo '{"role":"primary","state":"running","epoch":7}';;
"-tokens -detailed -format json") echo '{"generation":5,"pools":[{"name":"p","total":10,"used":3}]}';;
*) exit 2;;
esac"""
SYSTEMCTL = (
    "for unit; do case $unit in dsls*) echo Id=other; echo ActiveState=active; echo MainPID=7; echo;; esac; done"
)


def program(directory: Path, name: str, body: str) -> Path:
    directory.mkdir(exist_ok=True)
    path = directory / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def estate_of(sshd: RealSshd, programs: Path, timeout: str = "4s") -> Estate:
    return Estate.model_validate(
        {
            "version": 1,
            "ssh": {
                "known_hosts_file": sshd.settings().known_hosts_file,
                "config_file": str(programs / "none"),
                "identity_files": [str(sshd.directory / "id")],
                "probe_user": getpass.getuser(),
            },
            "poll": {"timeout": timeout},
            "dslicsrv": {"path": str(programs / "DSLicSrv")},
            "clusters": {
                "c": {
                    "nodes": {"n1": {"mode": "primary", "unit": "dsls", "address": "127.0.0.1", "ssh_port": sshd.port}},
                    "storage": {"kind": "local", "paths": {"root": "/", "none": "/no/such/mount"}},
                    "automation": [{"name": "sync", "node": "n1", "unit": "dsls-sync.timer"}],
                }
            },
        }
    )


@asynccontextmanager
async def reader(
    need: Need, tmp_path: Path, timeout: str = "4s", key_options: str = ""
) -> AsyncIterator[tuple[HostReader, RealSshd]]:
    programs = tmp_path / "bin"
    program(programs, "systemctl", SYSTEMCTL)
    options = (f"SetEnv PATH={programs}:/usr/bin:/bin:/usr/sbin",)
    async with (
        real_sshd(need("sshd"), tmp_path / "sshd", options=options, key_options=key_options) as sshd,
        readers(estate_of(sshd, programs, timeout), time.time) as found,
    ):
        yield found[0], sshd


async def read(host: HostReader) -> NodeReadings:
    readings = await host.read()
    assert isinstance(readings, NodeReadings)
    return readings


def assert_healthy(readings: NodeReadings) -> None:
    assert readings.link.value is not None
    assert abs(readings.link.value.clock_offset_s or 0.0) < 5
    assert readings.status.value is not None
    assert readings.status.value.status == "Running"
    assert readings.cluster.value is not None
    assert (readings.cluster.value.role, readings.cluster.value.epoch) == (Role.PRIMARY, 7)
    assert readings.tokens.value is not None
    assert readings.tokens.value.pools[0].used == 3
    assert readings.service.value is not None
    assert (readings.service.value.unit, readings.service.value.main_pid) == ("dsls", 7)
    assert readings.automation.value is not None
    assert [service.unit for service in readings.automation.value] == ["dsls-sync.timer"]
    assert readings.mounts.value is not None
    root, missing = readings.mounts.value
    assert (root.mounted, root.answers) == (True, True)
    assert (missing.mounted, missing.free_pct) == (False, None)
    assert readings.dr_sync.tried_at is None


async def test_a_healthy_node_is_read_whole_again_and_again(need: Need, tmp_path: Path) -> None:
    program(tmp_path / "bin", "DSLicSrv", HEALTHY)
    async with reader(need, tmp_path) as (host, _):
        first = await read(host)
        second = await read(host)
    assert_healthy(first)
    assert_healthy(second)
    assert second.tokens.at is not None
    assert first.tokens.at is not None
    assert second.tokens.at > first.tokens.at


async def test_the_installed_probe_serves_a_restricted_key(need: Need, tmp_path: Path) -> None:
    program(tmp_path / "bin", "DSLicSrv", HEALTHY)
    installed = tmp_path / "dslsprobe"
    text = (shipped("config") / "node" / "dslsprobe").read_text()
    conf = tmp_path / "probe.conf"
    conf.write_text(f"# settings\npath={tmp_path / 'bin' / 'DSLicSrv'}\n")
    installed.write_text(text.replace("/etc/dslsconsole/probe.conf", str(conf)))
    installed.chmod(0o755)
    async with reader(need, tmp_path, key_options=f'restrict,command="{installed}"') as (host, _):
        assert_healthy(await read(host))


@pytest.mark.parametrize(
    ("body", "kind", "told"),
    [
        ("exit 3", FailureKind.REFUSED, "does not run"),
        ("", FailureKind.GARBLED, "nothing at all"),
        ("head -c 3000 /dev/urandom", FailureKind.GARBLED, "can't be read"),
        ("printf '\\033[2J\\033]0;owned\\007'", FailureKind.GARBLED, "\\x1b[2J"),
        ('echo \'{"role": "prim\'', FailureKind.GARBLED, "damaged"),
        ("yes x | head -c 100000000", FailureKind.GARBLED, "too much"),
        ("echo 'ERROR: no licence' >&2; exit 1", FailureKind.FAILED, "ERROR: no licence"),
        ("sleep 60", FailureKind.NO_ANSWER, "within 1 s"),
    ],
)
async def test_a_bad_answer_costs_its_own_section(
    need: Need, tmp_path: Path, body: str, kind: FailureKind, told: str
) -> None:
    rest = HEALTHY.replace('"-cluster-status -format json")', "-never)")
    program(tmp_path / "bin", "DSLicSrv", f'case "$*" in -cluster-status*) {body or ":"}; exit;; esac\n{rest}')
    async with reader(need, tmp_path) as (host, _):
        readings = await read(host)
    assert readings.cluster.value is None
    assert readings.cluster.failure is not None
    assert readings.cluster.failure.kind is kind
    assert told in readings.cluster.failure.text
    assert readings.link.failure is None
    assert readings.tokens.value is not None
    assert readings.service.value is not None


async def test_what_came_before_the_time_was_up_counts_and_late_answers_never_do(need: Need, tmp_path: Path) -> None:
    late = tmp_path / "late"
    late.write_text("")
    hangs = 'case "$*" in -status|-tokens*) trap "" TERM; sleep 3; sleep 3;; esac'
    body = f"[ -e {late} ] && {hangs}\n{HEALTHY}"
    program(tmp_path / "bin", "DSLicSrv", body)
    async with reader(need, tmp_path, timeout="3s") as (host, _):
        slow = await read(host)
        late.unlink()
        healthy = await read(host)
    assert slow.cluster.value is not None
    assert slow.tokens.value is None
    assert slow.tokens.failure is not None
    assert slow.tokens.failure.kind is FailureKind.NO_ANSWER
    assert slow.link.failure is None
    assert_healthy(healthy)


async def test_a_node_whose_shell_ends_says_so_and_comes_back(need: Need, tmp_path: Path) -> None:
    program(tmp_path / "bin", "DSLicSrv", HEALTHY)
    broken = tmp_path / "broken"
    broken.write_text("")
    wrapper = program(
        tmp_path,
        "wrapper",
        f'[ -e {broken} ] && {{ echo "This account is closed." >&2; exit 1; }}; eval "$SSH_ORIGINAL_COMMAND"',
    )
    async with reader(need, tmp_path, key_options=f'command="{wrapper}"') as (host, _):
        refused = await read(host)
        broken.unlink()
        healthy = await read(host)
    assert refused.link.failure is not None
    assert "This account is closed." in refused.link.failure.text
    assert_healthy(healthy)


async def test_an_arbitrator_is_not_asked_for_tokens(need: Need, tmp_path: Path) -> None:
    async with real_sshd(need("sshd"), tmp_path) as sshd:
        estate = estate_of(sshd, tmp_path)
    host = cluster_hosts(estate, "c").nodes[0]
    arbitrator = msgspec.structs.replace(host, mode=Mode.ARBITRATOR)
    assert "tokens" in Questions.of(estate, host).words()
    assert "tokens" not in Questions.of(estate, arbitrator).words()
