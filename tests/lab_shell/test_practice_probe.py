"""The probe script that nodes are read with runs on practice hosts."""

import asyncio
import shlex
import time
from pathlib import Path

import pytest

from dslsconsole.lab.filesystem import Mount, Volume
from dslsconsole.lab.host import Host
from dslsconsole.lab.streams import Forward, Pipe

PROBE = Path(__file__).parents[2] / "config" / "node" / "dslsprobe"


async def ask(host: Host, *requests: str) -> list[str]:
    """The lines the probe answers requests with, until the end of the last one."""
    stdin, stdout, stderr = Pipe(), Pipe(), Pipe()
    command = f"exec /bin/sh -c {shlex.quote(PROBE.read_text())} dslsprobe"
    account = host.accounts["dslsprobe"]
    task = host.start(command, account, stdin=stdin, stdout=Forward(stdout.write, stdout.close), stderr=stderr)
    lines: list[str] = []
    for number, request in enumerate(requests, 1):
        nonce = f"abc{number}"
        await stdin.write(f"{nonce} {request}\n".encode())
        async with asyncio.timeout(30):
            while not lines or lines[-1] != f"{nonce} end":
                lines.append((await stdout.readline()).decode().rstrip("\n"))
    stdin.close()
    assert await task == 0
    return lines


async def test_tells_name_addresses_and_mounts(host: Host, tmp_path: Path) -> None:
    host.files.mount(Mount("/shared/dsls", "nfs4", "storage-01:/export/dsls", Volume(tmp_path / "export")))
    lines = await ask(host, "limit=2 identity addresses mounts space=/shared/dsls")
    assert lines[:2] == ["abc1 section identity", "host=dsls-primary-01"]
    assert "abc1 section addresses" in lines
    assert any(line.startswith("2: eth0    inet 10.20.0.11/24 ") for line in lines)
    assert any(" /shared/dsls rw,relatime shared:1 - nfs4 storage-01:/export/dsls rw" in line for line in lines)
    answer = lines[lines.index("abc1 section space=/shared/dsls") :]
    assert [line for line in answer[1:] if line] == ["10000000 7000000 4096", "abc1 status 0", "abc1 end"]


async def test_a_hanging_mount_costs_only_its_own_section(host: Host, tmp_path: Path) -> None:
    mount = Mount("/shared/dsls", "nfs4", "storage-01:/export/dsls", Volume(tmp_path / "export"))
    host.files.mount(mount)
    mount.hang()
    lines = await ask(host, "limit=1 mounts space=/shared/dsls")
    assert lines[-2:] == ["abc1 status 124", "abc1 end"]
    assert any("storage-01:/export/dsls" in line for line in lines)


async def test_a_missing_program_is_told_by_its_status(host: Host) -> None:
    lines = await ask(host, "status")
    assert "abc1 status 127" in lines


@pytest.mark.parametrize("request_line", ["identity", "addresses mounts identity"])
async def test_answers_quickly_once_it_stays_open(host: Host, request_line: str) -> None:
    start = time.process_time()
    lines = await ask(host, *[request_line] * 50)
    assert sum(line.endswith(" end") for line in lines) == 50
    assert (time.process_time() - start) / 50 < 0.05
