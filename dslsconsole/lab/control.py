"""The control channel: how `lab fault`, `lab status` and the like reach the practice estate that runs.

One line of JSON each way, on a loopback port that `control.json` in the lab's directory names together with a secret,
readable by its owner only.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dslsconsole.lab import faults

if TYPE_CHECKING:
    from dslsconsole.lab.practice import Lab

FILE = "control.json"
_PATIENCE = 30.0
_MOST_BYTES = 1 << 22


class NotRunning(Exception):  # noqa: N818 - it is a state, said in a sentence
    """No practice estate runs from a directory."""


class AlreadyRunning(Exception):  # noqa: N818 - it is a state, said in a sentence
    """A practice estate runs from the directory that another is to use."""


class Control:
    """The estate's end of the channel."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._server: asyncio.Server | None = None
        self._secret = secrets.token_hex(16)
        self.ending = asyncio.Event()
        """Set when somebody asked for the end."""

    async def open(self) -> None:
        """Listen, and say where in the lab's directory."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=_MOST_BYTES)
        port = self._server.sockets[0].getsockname()[1]
        path = self._lab.directory / FILE
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump({"port": port, "secret": self._secret, "pid": os.getpid()}, file)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
            (self._lab.directory / FILE).unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(ConnectionError, TimeoutError, ValueError):
                request = json.loads(await asyncio.wait_for(reader.readline(), _PATIENCE))
                writer.write(json.dumps(await self._answer(request)).encode() + b"\n")
                await writer.drain()
        finally:
            writer.close()

    async def _answer(self, request: Any) -> dict[str, Any]:
        if not isinstance(request, dict) or not secrets.compare_digest(str(request.get("secret")), self._secret):
            return {"error": "not allowed"}
        words = [str(word) for word in request.get("words", [])]
        try:
            match words:
                case ["status"]:
                    return {"truth": self._lab.truth()}
                case ["fault", name, *arguments]:
                    return {"text": await self._lab.fault(name, *arguments)}
                case ["heal", name]:
                    return {"text": await self._lab.heal(name)}
                case ["down"]:
                    self.ending.set()
                    return {"text": "the practice estate ends"}
        except faults.FaultError as wrong:
            return {"error": str(wrong)}
        except (KeyError, AttributeError) as missing:
            return {"error": f"that can't be done to {' '.join(words[2:]) or 'it'}: there is no {missing}"}
        return {"error": f"unknown request {' '.join(words)}"}


def must_be_free(directory: Path) -> None:
    """Raise `AlreadyRunning` where a practice estate runs from a directory. What a killed one left is no hindrance."""
    try:
        access = json.loads((directory / FILE).read_text(encoding="utf-8"))
        socket.create_connection(("127.0.0.1", access["port"]), 1.0).close()
    except (OSError, ValueError, KeyError):
        return
    raise AlreadyRunning(
        f"a practice estate runs from {directory} already; "
        "end it with `dslsconsole lab down`, or name another --directory"
    )


def request(directory: Path, *words: str) -> dict[str, Any]:
    """Ask the practice estate that runs from a directory. Raises `NotRunning`, and `faults.FaultError` on refusal."""
    try:
        access = json.loads((directory / FILE).read_text(encoding="utf-8"))
        with socket.create_connection(("127.0.0.1", access["port"]), _PATIENCE) as connection:
            connection.sendall(json.dumps({"secret": access["secret"], "words": words}).encode() + b"\n")
            with connection.makefile("rb") as answers:
                answer: dict[str, Any] = json.loads(answers.readline(_MOST_BYTES))
    except (OSError, ValueError, KeyError):
        raise NotRunning(f"no practice estate runs from {directory}; start one with `dslsconsole lab up`") from None
    if "error" in answer:
        raise faults.FaultError(answer["error"])
    return answer
