"""Units with real processes: what systemd is to a machine, spoken to by a `systemctl` of its own.

How a unit is named, told of and changed is the practice estate's; here its processes are real, and the first process of
the machine reaps them.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import struct
from dataclasses import dataclass, field

from dslsconsole.lab.accounts import PROBE, ROOT
from dslsconsole.lab.host import Call, Host
from dslsconsole.lab.streams import Buffer
from dslsconsole.lab.world.systemd import Unit, Units
from dslsconsole.lab.world.transient import systemd_run
from tests.network.plan import UNITS_SOCKET
from tests.network.programs import answer_line, call_in

STOP_S = 90.0
"""How long a process may take to end, as systemd has it; then it is killed."""
_SIGNALS = (signal.SIGPIPE, signal.SIGINT, signal.SIGCHLD)


@dataclass
class Service(Unit):
    """A unit whose process is a real command; without one, it is only said to be active."""

    command: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class Services(Units):
    """The units of one machine."""

    def __init__(self, host: Host) -> None:
        super().__init__(host, asyncio.sleep)
        self._running: dict[int, Service] = {}

    async def listen(self) -> None:
        """Take calls of `systemctl`, and reap."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGCHLD, self._reap)
        await asyncio.start_unix_server(self._serve, UNITS_SOCKET)
        os.chmod(UNITS_SOCKET, 0o666)  # noqa: PTH101 - done at once

    def start(self, unit: Unit) -> bool:
        if isinstance(unit, Service) and unit.command:
            unit.on_start = lambda: self._spawn(unit)
        return super().start(unit)

    def _spawn(self, unit: Service) -> None:
        log = f"/var/log/{unit.name}.log"
        unit.ended.clear()
        unit.pid = os.posix_spawn(
            unit.command[0],
            unit.command,
            {**os.environ, **unit.environment},
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setsid=True,
            setsigdef=_SIGNALS,
        )
        self._running[unit.pid] = unit

    async def stop(self, unit: Unit) -> None:
        if not isinstance(unit, Service) or not unit.pid:
            await super().stop(unit)
            return
        if unit.active == "active":
            self._become(unit, "deactivating", "stop-sigterm")
            os.kill(unit.pid, signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_S):
                await unit.ended.wait()
        except TimeoutError:
            self.kill(unit)
            await unit.ended.wait()

    def kill(self, unit: Unit) -> None:
        if isinstance(unit, Service) and unit.pid:
            os.killpg(unit.pid, signal.SIGKILL)
        else:
            super().kill(unit)

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if (unit := self._running.pop(pid, None)) is not None:
                self._end(unit, os.waitstatus_to_exitcode(status))

    def _end(self, unit: Service, code: int) -> None:
        """The main process ended; what is left of its group ends with it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(unit.pid, signal.SIGKILL)
        was_asked, unit.pid = unit.active == "deactivating", 0
        unit.exit_status = abs(code)
        if code == -signal.SIGKILL or (code and not was_asked):
            self._become(unit, "failed", "failed")
            unit.result = "signal" if code < 0 else "exit-code"
        else:
            self._become(unit, "inactive", "dead")
            unit.result = "success"
        unit.ended.set()

    async def _run(self, call: Call) -> int:
        """Run a command to its end."""
        path = shutil.which(call.argv[0]) or call.argv[0]
        once = Service("once.service", " ".join(call.argv), command=(path, *call.argv[1:]))
        self._spawn(once)
        await once.ended.wait()
        return once.exit_status

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One call of `systemctl` or `systemd-run` (`programs`)."""
        connection: socket.socket = writer.get_extra_info("socket")
        size = struct.calcsize("3i")
        _, uid, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
        words, _ = call_in(await reader.readline())
        stdout, stderr = Buffer(), Buffer()
        account = PROBE if uid else ROOT
        call = Call(self.host, tuple(words), account, stdout=stdout, stderr=stderr)
        program = systemd_run(self, self._run) if words[0] == "systemd-run" else self.systemctl
        status = await program(call)
        writer.write(answer_line(status, stdout.getvalue(), stderr.getvalue()))
        writer.close()
