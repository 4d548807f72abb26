"""What a terminal's line discipline does between a person and an interactive shell: echo, erase, ^C, ^D."""

from collections.abc import Awaitable, Callable

from dslsconsole.lab.streams import Pipe

_ERASE = frozenset((8, 127))
_INTERRUPT, _END, _KILL = 3, 4, 21


class Terminal:
    """Turns keys into lines and newlines into what a terminal needs."""

    def __init__(self, send: Callable[[bytes], Awaitable[None]]) -> None:
        self._send = send
        self._line = bytearray()
        self.lines = Pipe()

    async def write(self, data: bytes) -> None:
        """Show output."""
        await self._send(data.replace(b"\n", b"\r\n"))

    def close(self) -> None:
        self.lines.close()

    async def keys(self, data: bytes) -> None:
        """Take what was typed."""
        for key in data:
            await self._key(key)

    async def _key(self, key: int) -> None:
        if key in (10, 13):
            await self._send(b"\r\n")
            line, self._line = bytes(self._line), bytearray()
            await self.lines.write(line + b"\n")
        elif key in _ERASE:
            if self._line:
                self._line.pop()
                await self._send(b"\b \b")
        elif key == _KILL:
            await self._send(b"\b \b" * len(self._line))
            self._line.clear()
        elif key == _INTERRUPT:
            self._line.clear()
            await self._send(b"^C\r\n")
            await self.lines.write(b"\n")
        elif key == _END:
            if not self._line:
                self.lines.close()
        elif key >= 32:
            self._line.append(key)
            await self._send(bytes([key]))
