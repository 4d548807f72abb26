"""A webhook on loopback, for tests of what is posted to one."""

import asyncio
from typing import Any

import msgspec

DEADLINE_S = 20.0


class Receiver:
    """A webhook on loopback that answers as it is told, and keeps what came."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.received: list[tuple[str, dict[str, Any]]] = []
        self.changed = asyncio.Condition()
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        headers = {line.partition(":")[0].lower(): line.partition(":")[2].strip() for line in head.splitlines()[1:]}
        body = await reader.readexactly(int(headers["content-length"]))
        status = self.statuses.pop(0) if self.statuses else 200
        async with self.changed:
            self.received.append((headers.get("authorization", ""), msgspec.json.decode(body)))
            self.changed.notify_all()
        writer.write(f"HTTP/1.1 {status} Said\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        writer.close()

    async def got(self, count: int) -> list[dict[str, Any]]:
        async with asyncio.timeout(DEADLINE_S), self.changed:
            await self.changed.wait_for(lambda: len(self.received) >= count)
        return [body for _, body in self.received]

    def told(self) -> list[tuple[str, str]]:
        """Alert and state of all that came."""
        return [(body["alert"], body["state"]) for _, body in self.received]

    async def was_told(self, *wanted: tuple[str, str]) -> None:
        """Wait until all of these have come."""
        async with asyncio.timeout(DEADLINE_S), self.changed:
            await self.changed.wait_for(lambda: set(wanted) <= set(self.told()))
