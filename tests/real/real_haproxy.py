"""HAProxy itself for tests: checks, a runtime socket and a statistics page, on loopback."""

import asyncio
import csv
import io
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from msgspec import Struct

from dslsconsole.lab.world.listeners import free_ports

DEADLINE_S = 15.0
USER, PASSWORD = "admin", "secret"


class Balancer(Struct, frozen=True):
    """A master process with its worker. The test's own socket has `level admin`, whatever the operators' one has."""

    socket: Path
    tests_socket: Path
    page_port: int
    process: asyncio.subprocess.Process

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.page_port}/stats"

    async def ask(self, line: str) -> str:
        reader, writer = await asyncio.open_unix_connection(str(self.tests_socket))
        writer.write(line.encode() + b"\n")
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        return answer.decode()

    async def servers(self) -> dict[str, str]:
        """Each server's status in HAProxy's own words."""
        table = csv.DictReader(io.StringIO((await self.ask("show stat")).removeprefix("# ")))
        return {row["svname"]: row["status"] for row in table if row["svname"] not in ("FRONTEND", "BACKEND")}

    async def until(self, wanted: Mapping[str, str]) -> None:
        """Wait until the servers' statuses are these."""
        found: dict[str, str] = {}
        try:
            async with asyncio.timeout(DEADLINE_S):
                while found != wanted:
                    await asyncio.sleep(0.02)
                    found = await self.servers()
        except TimeoutError:
            raise AssertionError(f"the servers are {found}, not {wanted}") from None

    async def reload(self) -> None:
        """As `systemctl reload haproxy` does it: a new worker that knows nothing of what the socket was told."""
        before = await self._pid()
        self.process.send_signal(signal.SIGUSR2)
        async with asyncio.timeout(DEADLINE_S):
            while await self._pid() in (None, before):  # noqa: ASYNC110 - HAProxy tells nobody
                await asyncio.sleep(0.02)

    async def _pid(self) -> str | None:
        try:
            info = await self.ask("show info")
        except OSError:
            return None
        return next((line[5:] for line in info.splitlines() if line.startswith("Pid: ")), None)


def configured(directory: Path, servers: Mapping[str, int], level: str, page_port: int) -> Path:
    backup = ""
    lines = []
    for name, port in servers.items():
        lines.append(f"    server {name} 127.0.0.1:{port} check inter 100ms fall 2 rise 2{backup}")
        backup = " weight 50 backup"
    directory.mkdir(exist_ok=True)
    config = directory / "haproxy.cfg"
    newline = "\n"
    config.write_text(
        f"""global
    stats socket {directory}/op.sock mode 600 {level}
    stats socket {directory}/t.sock mode 600 level admin
defaults
    mode tcp
    timeout connect 1s
    timeout client 5s
    timeout server 5s
    timeout check 1s
listen stats
    mode http
    bind 127.0.0.1:{page_port}
    stats enable
    stats uri /stats
    stats auth {USER}:{PASSWORD}
    stats admin if TRUE
backend dsls_servers
    option tcp-check
    tcp-check send STATUS\\r\\n
    tcp-check expect string Running
{newline.join(lines)}
"""
    )
    return config


@asynccontextmanager
async def real_balancer(
    program: str, directory: Path, servers: Mapping[str, int], level: str = "level admin"
) -> AsyncIterator[Balancer]:
    """A load balancer whose `servers`, by their ports on loopback, are checked ten times a second."""
    (page_port,) = free_ports(1)
    config = configured(directory, servers, level, page_port)
    process = await asyncio.create_subprocess_exec(
        program, "-W", "-db", "-f", str(config), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    balancer = Balancer(directory / "op.sock", directory / "t.sock", page_port, process)
    try:
        async with asyncio.timeout(DEADLINE_S):
            while await balancer._pid() is None:
                assert process.returncode is None, "haproxy ended"
                await asyncio.sleep(0.02)
        yield balancer
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
