"""BIND itself for tests: a zone that takes updates signed with one key, on loopback."""

import asyncio
import base64
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import dns.asyncquery
import dns.message
from msgspec import Struct

from dslsconsole.lab.world.listeners import free_ports

DEADLINE_S = 15.0
ZONE, RECORD = "company.test", "dsls.company.test"


def key_text(name: str, secret: bytes) -> str:
    return f'key "{name}" {{ algorithm hmac-sha256; secret "{base64.b64encode(secret).decode()}"; }};\n'


class NameServer(Struct, frozen=True):
    """A name server that is authoritative for the zone."""

    port: int
    key_file: Path
    wrong_key_file: Path
    foreign_key_file: Path
    """A key that the server knows, but which may not change the record."""

    async def addresses(self) -> tuple[str, ...]:
        """What it answers for the record."""
        question = dns.message.make_query(RECORD, "A")
        answer = await dns.asyncquery.udp(question, "127.0.0.1", timeout=5, port=self.port)
        return tuple(item.to_text() for rrset in answer.answer for item in rrset)


def configured(directory: Path, address: str) -> tuple[Path, int]:
    """Writes keys, zone and configuration; the configuration's path and the port."""
    directory.mkdir(exist_ok=True)
    (port,), secret = free_ports(1), secrets.token_bytes(32)
    keys = {"key": ("dsls-update", secret), "wrong": ("dsls-update", b"x" * 32), "foreign": ("other", b"y" * 32)}
    for file, (name, value) in keys.items():
        (directory / file).write_text(key_text(name, value))
    (directory / "zone").write_text(
        f"$TTL 60\n@ IN SOA ns hostmaster 1 60 60 600 60\n@ IN NS ns\nns IN A 127.0.0.1\ndsls IN A {address}\n"
    )
    config = directory / "named.conf"
    config.write_text(
        f"""{(directory / "key").read_text()}{(directory / "foreign").read_text()}
options {{
    directory "{directory}"; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; pid-file none;
    session-keyfile "{directory}/session"; recursion no; dnssec-validation no; notify no;
}};
controls {{ }};
zone "{ZONE}" {{
    type primary; file "{directory}/zone"; update-policy {{ grant dsls-update name {RECORD} A; }};
}};
"""
    )
    return config, port


@asynccontextmanager
async def real_named(program: str, directory: Path, address: str) -> AsyncIterator[NameServer]:
    """A running name server whose record has the address."""
    config, port = configured(directory, address)
    process = await asyncio.create_subprocess_exec(
        program, "-g", "-n", "1", "-c", str(config), stderr=asyncio.subprocess.PIPE, stdin=asyncio.subprocess.DEVNULL
    )
    assert process.stderr is not None
    drained: asyncio.Task[bytes] | None = None
    try:
        said = b""
        async with asyncio.timeout(DEADLINE_S):
            while b" running\n" not in said:
                line = await process.stderr.readline()
                assert line, f"named ended: {said.decode()}"
                said += line
        drained = asyncio.create_task(process.stderr.read())
        yield NameServer(port, directory / "key", directory / "wrong", directory / "foreign")
    finally:
        if process.returncode is None:
            process.terminate()
        if drained is not None:
            await drained
        await process.wait()
