"""The wallboard shown to browsers: a page on loopback, a view for each of them, and nothing that they can move."""

import asyncio
import json
import re
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

SAID = b"Whether licences are served is not known here"


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    """Nobody answers there, which is all that is to be seen."""
    path = tmp_path / "estate.yaml"
    path.write_text(
        f"version: 1\nssh: {{known_hosts_file: {tmp_path}/known_hosts}}\n"
        "clusters: {c: {nodes: {p1: {mode: primary, address: 127.0.0.1, ssh_port: 9, unit: u}}}}\n"
    )
    (tmp_path / "known_hosts").write_text("")
    return path


@asynccontextmanager
async def served(estate: Path) -> AsyncIterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "dslsconsole", "-c", str(estate), "wallboard", "--serve", str(port)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    try:
        said = b""
        async with asyncio.timeout(60):
            while f"http://127.0.0.1:{port}".encode() not in said:
                line = await process.stdout.readline()
                assert line, said.decode()
                said += line
            while not await listens(port):  # noqa: ASYNC110 - it tells its address a moment before it does
                await asyncio.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


async def listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


async def seen(view: aiohttp.ClientWebSocketResponse, wanted: bytes) -> None:
    """Wait until a browser was sent a text, whatever colours are in it."""
    got = b""
    async with asyncio.timeout(60):
        while wanted not in re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]", b"", got):
            message = await view.receive()
            assert message.type in (aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT), (message, got[-500:])
            got += message.data if isinstance(message.data, bytes) else message.data.encode()


async def test_each_browser_has_a_view_of_its_own_that_moves_nothing(estate: Path) -> None:
    async with served(estate) as address, aiohttp.ClientSession() as browser:
        async with browser.get(address) as page:
            assert page.status == 200
            assert "dslsconsole wallboard" in await page.text()
        async with (
            browser.ws_connect(f"{address}/ws?width=120&height=40") as first,
            browser.ws_connect(f"{address}/ws?width=80&height=24") as second,
        ):
            await seen(first, SAID)
            await second.send_str(json.dumps(["stdin", "aFX?:q"]))  # the last of them leaves the own view
            async with asyncio.timeout(60):
                while not second.closed:
                    await second.receive()
            await first.send_str(json.dumps(["resize", {"width": 100, "height": 30}]))
            await seen(first, SAID)


@pytest.mark.parametrize("words", ["0", "70000", "http", "::1:80"])
async def test_an_address_that_is_none_is_wrong_usage(estate: Path, words: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "dslsconsole", "-c", str(estate), "wallboard", "--serve", words),
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    assert process.returncode == 64
    assert b"a port such as 8080 is needed" in said
