"""The practice estate's licence server as a process of its own, on TCP port 27000 and a socket for its own machine.

What it answers to a line:
    STATUS                       `Server Status: …`, as a load balancer's check expects, and closes
    CHECKOUT USER HOST FEATURE   `OK NUMBER` or `ERROR: …`, as a client asks
    CHECKIN NUMBER               `OK`
    CALL …                       what `DSLicSrv` says (`programs`)
    {"do": …}                    JSON: `tell` and `give` to its peers, `goodbye` and `look` from them, `replace` for a
                                 forced synchronisation

`files_answer` is what `DSLicSrv` says where the server does not run.
"""

import asyncio
import contextlib
import json
import os
import signal
import socket
import time
from pathlib import Path
from typing import Any

import msgspec

from dslsconsole.lab.world import site
from dslsconsole.lab.world.cluster import HEARTBEAT
from dslsconsole.lab.world.command import Answer, CommandLine
from dslsconsole.lab.world.server import LicenceServer
from dslsconsole.lab.world.site import NODES
from dslsconsole.lab.world.tokens import RefusedError, TokenState
from tests.network.own_machine import OwnMachine
from tests.network.peers import Peers, Reached, ask, make
from tests.network.plan import ADDRESSES, BALANCERS, FILES_SOCKET, NODE_CONTROL, PORT, TIMES_FILE, Times
from tests.network.programs import CALL, answer_line, call_in

_THROUGH = (site.VIP, site.DR_VIP, *(name for lb in BALANCERS.values() for name in (lb.name, lb.address)))
"""Where whoever means a load balancer comes through one: it is this server that the load balancer chose."""
_LINE_LIMIT = 16 * 1024 * 1024
_PATIENCE_S = 30.0


def _times() -> Times:
    return msgspec.json.decode(Path(TIMES_FILE).read_bytes(), type=Times)


class Daemon:
    def __init__(self, name: str) -> None:
        reached = Reached(name)
        host = OwnMachine(name, reached)
        servers = {plan.name: make(plan, host, time.monotonic) for plan in NODES}
        self.own = servers.pop(name)
        self.own.restore()
        self.peers = Peers(self.own, list(servers.values()), reached, _times().hold)
        self.line = CommandLine(self.own, self.peers, self._find)
        self._lookout = asyncio.Event()

    def _find(self, host: str, port: int | None) -> LicenceServer | None:
        own = (self.own.name, ADDRESSES[self.own.name], "127.0.0.1", "localhost", *_THROUGH)
        return self.own if host in own and port in (None, PORT) else None

    async def run(self) -> None:
        """Serve until told to stop; a primary says good-bye."""
        stopped = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
        self.own.start()
        everywhere = await asyncio.start_server(self._serve, "0.0.0.0", PORT, limit=_LINE_LIMIT)
        here = await asyncio.start_unix_server(self._serve, NODE_CONTROL, limit=_LINE_LIMIT)
        os.chmod(NODE_CONTROL, 0o666)  # noqa: PTH101 - done at once
        beating = asyncio.create_task(self._beat())
        await stopped.wait()
        beating.cancel()
        everywhere.close()
        here.close()
        was_primary = self.own.is_primary
        self.own.stop()
        if was_primary:
            await self.peers.tell_all("goodbye")

    async def _beat(self) -> None:
        while True:
            await self.peers.round()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT):
                    await self._lookout.wait()
            self._lookout.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                while line := await reader.readline():
                    words = line.split()
                    if words[:1] == [b"STATUS"]:
                        writer.write(f"Server Status: {self.own.status}\r\n".encode())
                        break
                    writer.write(await self._answer(line))
                    await writer.drain()
        except (OSError, ValueError, TimeoutError):
            pass
        finally:
            writer.close()

    async def _answer(self, line: bytes) -> bytes:
        if line.startswith(CALL):
            answer = await self._command(*call_in(line))
            return answer_line(answer.status, answer.stdout, answer.stderr)
        if line.startswith(b"{"):
            return json.dumps(await self._do(json.loads(line))).encode() + b"\n"
        word, *operands = line.decode().split()
        try:
            if word == "CHECKOUT":
                user, host, feature = operands
                return b"OK %d\n" % self.own.checkout(user, host, feature)
            if word == "CHECKIN":
                self.own.tokens.give_back(int(operands[0]))
                return b"OK\n"
        except RefusedError as refusal:
            return f"ERROR: {refusal.text}\n".encode()
        return b"ERROR: unknown request\n"

    async def _do(self, asked: dict[str, Any]) -> dict[str, Any]:
        match asked["do"]:
            case "tell":
                return self.peers.told()
            case "give":
                return {"tokens": self.own.tokens.as_document()}
            case "goodbye":
                self.peers.forget(asked["who"])
            case "look":
                self._lookout.set()
            case "replace":
                self.own.tokens = TokenState.from_document(asked["tokens"])
                self.own.applied_at = None if self.own.is_primary else self.peers.elapsed()
        return {}

    async def _command(self, arguments: list[str], stdin: bytes) -> Answer:
        """What `DSLicSrv` says. A server that is meant by name has been found by the caller: it is this one."""
        verb = arguments[0] if arguments else ""
        if verb == "-force-sync" and self.own.plan.holds_tokens:
            return await self._force_sync(arguments)
        if verb in ("-promote-to-primary", "-demote-to-backup"):
            await self.peers.listen()
        was = self.own.role
        answer = self.line.run(tuple(arguments), stdin)
        if self.own.role is not was:
            await self.peers.tell_all("look" if self.own.is_primary else "goodbye")
        return answer

    async def _force_sync(self, arguments: list[str]) -> Answer:
        target = arguments[arguments.index("-target") + 1 :][:1] if "-target" in arguments else []
        name = named(target[0])[0] if target else None
        if name is None or name == self.own.name:
            return self.line.run(tuple(arguments))
        given = {"do": "replace", "tokens": self.own.tokens.as_document()}
        if await ask(name, given, patience=5) is None:
            return Answer(3, stderr=f"ERROR: {target[0]} cannot be reached\n".encode())
        return Answer(0, f"Sync: FORCED generation={self.own.tokens.generation}\n".encode())


def named(where: str) -> tuple[str | None, str]:
    """The server that HOST or HOST:PORT means, by name or address, and its address."""
    host = where.partition(":")[0].partition(".")[0] if not where[:1].isdigit() else where.partition(":")[0]
    found = next((name for name in ADDRESSES if host in (name, ADDRESSES[name])), None)
    return found, ADDRESSES.get(found or "", host)


async def files_answer() -> None:
    """Let calls of `DSLicSrv` where the server does not run be answered from its files alone, anew each time.

    A process of its own for each would import the whole practice estate: every reading asks that of the DR site.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, ValueError):
            arguments, stdin = call_in(await reader.readline())
            answer = Daemon(socket.gethostname()).line.run(tuple(arguments), stdin)
            writer.write(answer_line(answer.status, answer.stdout, answer.stderr))
            await writer.drain()
        writer.close()

    await asyncio.start_unix_server(serve, FILES_SOCKET, limit=_LINE_LIMIT)
    os.chmod(FILES_SOCKET, 0o666)  # noqa: PTH101 - done at once


if __name__ == "__main__":
    asyncio.run(Daemon(socket.gethostname()).run())
