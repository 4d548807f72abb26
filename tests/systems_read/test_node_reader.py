"""A node read over OpenSSH's own server, by the probe sent and installed, whole and broken."""

import getpass
import time
from collections.abc import AsyncIterator, Callable, Mapping
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


def estate_of(sshd: RealSshd, programs: Path, timeout: str = "4s", locks: str = "/no/such/directory") -> Estate:
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
            "lock_directory": locks,
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
    need: Need, tmp_path: Path, timeout: str = "4s", key_options: str = "", locks: str = "/no/such/directory"
) -> AsyncIterator[tuple[HostReader, RealSshd]]:
    programs = tmp_path / "bin"
    program(programs, "systemctl", SYSTEMCTL)
    options = (f"SetEnv PATH={programs}:/usr/bin:/bin:/usr/sbin",)
    async with (
        real_sshd(need("sshd"), tmp_path / "sshd", options=options, key_options=key_options) as sshd,
        readers(estate_of(sshd, programs, timeout, locks), time.time) as found,
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


GSI = """printf 'admin >\\tSoftware version: 6.425.4\\n    Failover mode\\n    Ready: yes\\n'
echo '    Server names: n1 n2 n3   Server ids: X Y Z'
echo 'admin >Editor,EditorId,Feature,Model,Count,Inuse,Tokens,'
echo 'DS,5E756A80,SRU,Token,2374,1559,493,'"""


def changed(estate: Estate, cluster: Mapping[str, object], **sections: object) -> Estate:
    """The estate with some keys of its cluster, and some sections, said otherwise."""
    document = estate.model_dump(by_alias=True, exclude_unset=True)
    del document["poll"]
    document["clusters"]["c"] |= cluster
    return Estate.model_validate(document | sections)


async def test_the_vendor_s_server_is_read_without_roles(need: Need, tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    program(programs, "systemctl", SYSTEMCTL)
    asked = f'[ "$*" = "-admin -run c localhost 4084 -r;gsi;getLicenseUsage -csv;quit" ] || exit 9\n{GSI}'
    program(programs, "DSLicSrv", asked)
    options = (f"SetEnv PATH={programs}:/usr/bin:/bin:/usr/sbin",)
    async with real_sshd(need("sshd"), tmp_path / "sshd", options=options) as sshd:
        vendor = {"dialect": "vendor", "path": str(programs / "DSLicSrv")}
        async with readers(changed(estate_of(sshd, programs), {}, dslicsrv=vendor), time.time) as found:
            good = await read(found[0])
            program(programs, "DSLicSrv", "echo Banner; echo 'Cannot connect to server localhost on port 4084'; exit 1")
            stopped = await read(found[0])
            program(programs, "DSLicSrv", "sleep 60")
            hung = await read(found[0])
    assert good.status.value is not None
    assert (good.status.value.status, good.status.value.version) == ("Running", "6.425.4")
    assert good.cluster.value is not None
    assert (good.cluster.value.role, [peer.node for peer in good.cluster.value.peers]) == (None, ["n1", "n2", "n3"])
    assert good.tokens.value is not None
    assert [(pool.name, pool.total, pool.used) for pool in good.tokens.value.pools] == [("SRU", 2374, 1559)]
    assert stopped.status.failure is not None
    assert stopped.status.failure.kind is FailureKind.REFUSED
    assert "Cannot connect to server localhost on port 4084" in stopped.status.failure.text
    assert stopped.tokens.failure == stopped.cluster.failure == stopped.status.failure
    assert hung.status.failure is not None
    assert hung.status.failure.kind is FailureKind.NO_ANSWER
    assert hung.service.value is not None


async def test_pacemaker_s_resource_is_read_where_the_storage_names_one(need: Need, tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    program(programs, "systemctl", SYSTEMCTL)
    program(programs, "DSLicSrv", HEALTHY)
    running = '<resource id="r" role="Started" active="true"><node name="n1"/></resource>'
    denied = "<pacemaker-result><status><errors><error>Permission denied</error></errors></status></pacemaker-result>"
    program(programs, "crm_mon", f"echo '<crm_mon><resources>{running}</resources></crm_mon>'")
    options = (f"SetEnv PATH={programs}:/usr/bin:/bin:/usr/sbin",)
    storage = {"storage": {"kind": "gfs2", "resource": "r", "paths": {"root": "/"}}}
    async with (
        real_sshd(need("sshd"), tmp_path / "sshd", options=options) as sshd,
        readers(changed(estate_of(sshd, programs), storage), time.time) as found,
    ):
        good = await read(found[0])
        program(programs, "crm_mon", f"echo '{denied}'; exit 4")
        refused = await read(found[0])
    assert good.resource.value is not None
    assert good.resource.value.started_on == ("n1",)
    assert refused.resource.failure is not None
    assert "Permission denied" in refused.resource.failure.text
    assert refused.cluster.value is not None


async def test_the_monitoring_file_is_read_at_the_start_and_seldom_after(need: Need, tmp_path: Path) -> None:
    programs, file = tmp_path / "bin", tmp_path / "ha monitoring.yaml"
    program(programs, "systemctl", SYSTEMCTL)
    program(programs, "DSLicSrv", HEALTHY)
    options = (f"SetEnv PATH={programs}:/usr/bin:/bin:/usr/sbin",)
    now = [time.time()]
    async with real_sshd(need("sshd"), tmp_path / "sshd", options=options) as sshd:
        estate = changed(estate_of(sshd, programs), {"monitoring": {"node": "n1", "path": str(file)}})
        async with readers(estate, lambda: now[0]) as found:
            absent = await read(found[0])
            file.write_text("ha_monitoring: {alerts: {sync_lag: {threshold: 300}}}")
            soon = await read(found[0])
            now[0] += 301
            later = await read(found[0])
    assert absent.monitoring.failure is not None
    assert "No such file" in absent.monitoring.failure.text
    assert_healthy(soon)
    assert soon.monitoring.tried_at is None
    assert later.monitoring.value is not None
    assert later.monitoring.value.thresholds == {"sync_lag": 300.0}


async def test_the_hosts_own_disk_is_asked_once_a_minute(need: Need, tmp_path: Path) -> None:
    locks = tmp_path / "locks"
    locks.mkdir()
    async with reader(need, tmp_path, locks=str(locks)) as (host, _):
        program(tmp_path / "bin", "DSLicSrv", HEALTHY)
        first, second = await read(host), await read(host)
    assert first.disk.value is not None
    assert first.disk.value.path == str(locks)
    assert 0 <= first.disk.value.free_pct <= 100
    assert second.disk.tried_at is None


async def test_a_host_without_the_directory_tells_nothing_of_its_disk(need: Need, tmp_path: Path) -> None:
    async with reader(need, tmp_path) as (host, _):
        program(tmp_path / "bin", "DSLicSrv", HEALTHY)
        readings = await read(host)
    assert readings.disk.value is None
    assert readings.disk.failure is None
