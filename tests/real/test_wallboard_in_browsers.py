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

from dslsconsole.tui.browsers import Browsers

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


@pytest.mark.parametrize(
    ("host", "origin", "said"),
    [
        ("evil.example", None, "not known as 'evil.example'; --serve-as adds a name"),
        ("evil.example", "http://evil.example", "not known as"),
        (None, "http://evil.example", "in pages of its own only"),
        (None, "null", "in pages of its own only"),
        ("localhost:9000", "http://localhost:9001", "in pages of its own only"),
    ],
)
async def test_a_strangers_page_sees_nothing(estate: Path, host: str | None, origin: str | None, said: str) -> None:
    headers = {name: value for name, value in (("Host", host), ("Origin", origin)) if value is not None}
    async with served(estate) as address, aiohttp.ClientSession(headers=headers) as browser:
        for path in ("/", "/ws?width=80&height=24"):
            async with browser.get(f"{address}{path}") as answer:
                assert answer.status == 403
                assert said in await answer.text()


async def test_the_page_asks_for_the_rest_where_it_was_asked_for_itself(estate: Path) -> None:
    async with served(estate) as address, aiohttp.ClientSession(headers={"Host": "localhost:9000"}) as browser:
        async with browser.get(address) as page:
            assert "ws://localhost:9000/ws" in await page.text()
        async with browser.get(address, headers={"X-Forwarded-Proto": "https"}) as page:
            assert "wss://localhost:9000/ws" in await page.text()
        origin = {"Origin": "http://localhost:9000"}
        async with browser.ws_connect(f"{address}/ws?width=80&height=24", headers=origin) as view:
            await seen(view, SAID)


def test_names_are_those_of_the_machine_and_those_that_are_given() -> None:
    server = Browsers("true", "0.0.0.0", 8080, "a wallboard", ("Wall.example.org",))
    for host in ("wall.example.org:8080", "10.0.0.1", "[::1]:8080", f"{socket.gethostname()}.:8080", "localhost"):
        assert server.refusal(host, None) is None, host
    for host in ("", "wall.example.org.evil.example", "10.0.0.1.evil.example", "[::1", "@10.0.0.1"):
        assert server.refusal(host, None) is not None, host


@pytest.mark.parametrize("words", ["0", "70000", "http", "::1:80"])
async def test_an_address_that_is_none_is_wrong_usage(estate: Path, words: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "dslsconsole", "-c", str(estate), "wallboard", "--serve", words),
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    assert process.returncode == 64
    assert b"a port such as 8080 is needed" in said
