"""`dslsconsole status` and `dslsconsole watch` as programs: what they print, and how they end."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from dslsconsole.model.frames import Full, Hello, decode
from dslsconsole.watch.exporter import ListenError, listen

PROGRAM = (sys.executable, "-m", "dslsconsole")
ESTATE = """
version: 1
ssh: {{connect_timeout: 1s, known_hosts_file: {directory}/known_hosts, config_file: {directory}/none}}
poll: {{interval: 1s, timeout: 1s, stale_after: 5s}}
clusters:
  lonely:
    nodes:
      dsls-01: {{mode: primary, address: 127.0.0.1, ssh_port: {port}}}
"""


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    """An estate whose only host has nothing listening on its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    path = tmp_path / "estate.yaml"
    path.write_text(ESTATE.format(directory=tmp_path, port=port))
    return path


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def test_status_of_hosts_that_can_t_be_read_is_unknown_and_says_so_in_its_first_line(estate: Path) -> None:
    result = run("-c", estate, "status")
    assert result.returncode == 3
    first = result.stdout.splitlines()[0]
    assert first.startswith("UNKNOWN - lonely: no node could be read")
    assert "\x1b" not in result.stdout


def test_status_as_json_and_as_metrics(estate: Path) -> None:
    document = run("status", "-c", estate, "--json")
    assert (document.returncode, json.loads(document.stdout)["health"]) == (3, "unknown")
    metrics = run("status", "-c", estate, "--prometheus")
    assert metrics.returncode == 3
    assert 'dsls_cluster_node_status{cluster="lonely",mode="primary",node="dsls-01"} 0.0' in metrics.stdout


def test_a_cluster_that_the_estate_does_not_have_is_wrong_usage(estate: Path) -> None:
    for command in ("status", "watch"):
        result = run("-c", estate, command, "--cluster", "nowhere")
        assert result.returncode == 64
        assert "lonely" in result.stderr


def test_contradicting_options_are_wrong_usage(estate: Path) -> None:
    assert run("-c", estate, "status", "--json", "--prometheus").returncode == 64
    assert run("-c", estate, "watch", "--once", "--listen", "127.0.0.1:0").returncode == 64
    assert run("-c", estate, "watch", "--listen", "9105").returncode == 64


def test_watch_once_prints_the_two_frames_of_one_reading(estate: Path) -> None:
    result = run("-c", estate, "watch", "--once")
    assert result.returncode == 0
    hello, full = (decode(line.encode()) for line in result.stdout.splitlines())
    assert isinstance(hello, Hello)
    assert isinstance(full, Full)
    failure = full.snapshot.node("lonely", "dsls-01").link.failure
    assert failure is not None


@asynccontextmanager
async def watching(estate: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *PROGRAM, "-c", str(estate), "watch", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(30):
            first = decode(await process.stdout.readline())
            assert isinstance(first, Hello)
            assert [cluster.name for cluster in first.estate.clusters] == ["lonely"]
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def ended(process: asyncio.subprocess.Process) -> int:
    async with asyncio.timeout(30):
        assert process.stdout is not None
        while await process.stdout.read(65536):
            continue
        return await process.wait()


async def test_watch_ends_when_whoever_started_it_is_gone(estate: Path) -> None:
    async with watching(estate) as process:
        assert process.stdin is not None
        process.stdin.close()
        assert await ended(process) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
async def test_watch_ends_cleanly_on_a_signal(estate: Path, number: signal.Signals) -> None:
    async with watching(estate) as process:
        process.send_signal(number)
        assert await ended(process) == 0
        assert process.stderr is not None
        assert b"Traceback" not in await process.stderr.read()


async def test_the_exporter_serves_what_is_known(estate: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *PROGRAM,
        "-c",
        str(estate),
        "watch",
        "--listen",
        "127.0.0.1:0",
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
    )
    try:
        assert process.stderr is not None
        async with asyncio.timeout(30):
            said = (await process.stderr.readline()).decode()
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.get(said.split()[-1])
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
        assert 'dsls_cluster_health{cluster="lonely"}' in answer.text
        process.terminate()
        async with asyncio.timeout(30):
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


class TestExporter:
    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [("GET", "/metrics", 200), ("HEAD", "/metrics?x=1", 200), ("GET", "/", 404), ("POST", "/metrics", 405)],
    )
    async def test_it_answers_get_alone(self, method: str, path: str, status: int) -> None:
        server = await listen("127.0.0.1", 0, lambda: b"dsls_x 1\n")
        async with server, httpx.AsyncClient(trust_env=False) as client:
            port = server.sockets[0].getsockname()[1]
            answer = await client.request(method, f"http://127.0.0.1:{port}{path}")
        assert answer.status_code == status
        assert answer.text == ("dsls_x 1\n" if (method, status) == ("GET", 200) else answer.text)

    @pytest.mark.parametrize("garbage", [b"\r\n\r\n", b"hello\r\n\r\n", b"x" * 20000, b"GET /metrics"])
    async def test_garbage_costs_that_connection_alone(self, garbage: bytes) -> None:
        server = await listen("127.0.0.1", 0, lambda: b"dsls_x 1\n")
        async with server, httpx.AsyncClient(trust_env=False) as client, asyncio.timeout(30):
            port = server.sockets[0].getsockname()[1]
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(garbage)
            writer.write_eof()
            try:
                answer = await reader.read()
            except ConnectionError:
                answer = b""
            writer.close()
            assert b"dsls_x" not in answer
            assert (await client.get(f"http://127.0.0.1:{port}/metrics")).status_code == 200

    async def test_an_address_that_is_taken_is_said_in_words(self) -> None:
        server = await listen("127.0.0.1", 0, lambda: b"")
        async with server:
            port = server.sockets[0].getsockname()[1]
            with pytest.raises(ListenError, match="choose another"):
                await listen("127.0.0.1", port, lambda: b"")


def test_a_pipe_that_is_closed_early_ends_watch_quietly(estate: Path) -> None:
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [*PROGRAM, "-c", str(estate), "watch"], stdout=writing, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL
    )
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        assert stream.readline().startswith(b'{"frame":"hello"')
    try:
        _, errors = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 0
    assert errors == b""


def test_who_is_no_viewer_sees_nothing(estate: Path) -> None:
    estate.write_text(estate.read_text() + 'operators: {viewers: ["no-such-account"], operators: ["@no-such-group"]}\n')
    for words in (("status",), ("watch", "--once"), ("journal", "show"), ("operations",)):
        result = run("-c", estate, *words)
        assert (result.returncode, result.stdout) == (14, "")
        assert "is none of the viewers that the estate file names (no-such-account)" in result.stderr
