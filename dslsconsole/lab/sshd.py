"""The SSH server of a practice host: real SSH on loopback, the host's own users, keys, shell and files behind it.

Every connection passes a gate that asks the virtual network whether packets from the console arrive: a host that
hangs or is cut off keeps its connections and answers nothing, as a real one does.
"""

import asyncio
import contextlib
import socket
from functools import partial

import asyncssh

from dslsconsole.lab.accounts import OPERATOR
from dslsconsole.lab.hitches import REFUSAL, Hitch
from dslsconsole.lab.host import Host
from dslsconsole.lab.network import CONSOLE
from dslsconsole.lab.sftp import Files
from dslsconsole.lab.streams import Forward, Input, Lines, Output
from dslsconsole.lab.terminal import Terminal

MOST_SESSIONS = 10
"""Sessions in one connection, OpenSSH's default of MaxSessions."""

_LOOPBACK = "127.0.0.1"
_CHUNK = 65536


class Sshd:
    """Listens for one host. It is one of the host's services, so it goes and comes with its power."""

    def __init__(self, host: Host, key: asyncssh.SSHKey, *, port: int = 0) -> None:
        """`port` 0 takes a free one at the first start and keeps it."""
        self.host = host
        self.key = key
        self.port = port
        self._listener: asyncio.Server | None = None
        self._options: asyncssh.SSHServerConnectionOptions | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen.

        Raises:
            OSError: the port is taken.
        """
        self._options = asyncssh.SSHServerConnectionOptions(
            server_factory=partial(_Login, self.host),
            server_host_keys=[self.key],
            server_version="OpenSSH_9.2p1 Debian-2+deb12u3",
            gss_host=None,
            allow_scp=False,
            agent_forwarding=False,
            x11_forwarding=False,
            encoding=None,
            line_editor=False,
            login_timeout=60,
        )
        self._listener = await asyncio.start_server(self._accept, _LOOPBACK, self.port, limit=_CHUNK)
        self.port = self._listener.sockets[0].getsockname()[1]
        self.host.ssh_port, self.host.accepts_logins = self.port, True

    async def stop(self) -> None:
        """Refuse new connections and break those there are."""
        self.host.accepts_logins = False
        listener, self._listener = self._listener, None
        if listener is None:
            return
        listener.close()
        connections = list(self._connections)
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
        await listener.wait_closed()

    @property
    def is_listening(self) -> bool:
        return self._listener is not None

    async def change_key(self, key: asyncssh.SSHKey) -> None:
        """Answer with another host key, as a reinstalled or a foreign host would."""
        self.key = key
        if self.is_listening:
            await self.stop()
            await self.start()

    # One connection

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)
        try:
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await self._connected(reader, writer)
        finally:
            writer.close()
            writer.transport.abort()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._gate()
        outer, inner = socket.socketpair()
        inner.setblocking(False)
        try:
            inside_reader, inside_writer = await asyncio.open_connection(sock=outer, limit=_CHUNK)
        except BaseException:
            # The host loses its power just now, and nothing owns either end yet.
            outer.close()
            inner.close()
            raise
        serving = asyncio.create_task(self._serve(inner))
        pumps = {
            asyncio.create_task(self._pump(reader, inside_writer)),
            asyncio.create_task(self._pump(inside_reader, writer)),
        }
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            inside_writer.close()
            inside_writer.transport.abort()
            for task in (*pumps, serving):
                task.cancel()
            try:
                await asyncio.gather(*pumps, serving, return_exceptions=True)
            finally:
                # A host that loses its power in the middle of a login ends `serving` before anything owns the socket,
                # and one that ends meanwhile ends this, too.
                inner.close()

    async def _gate(self) -> None:
        await self.host.network.until_connected(CONSOLE, self.host.name)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(_CHUNK):
            await self._gate()
            writer.write(data)
            await writer.drain()

    async def _serve(self, sock: socket.socket) -> None:
        try:
            connection = await asyncssh.run_server(sock, options=self._options)
        except (OSError, asyncssh.Error):
            sock.close()
            return
        try:
            await connection.wait_closed()
        finally:
            connection.abort()


class _Login(asyncssh.SSHServer):
    """Who may log in, and what a connection may open."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._connection: asyncssh.SSHServerConnection | None = None
        self.sessions = 0

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn

    async def begin_auth(self, username: str) -> bool:
        account = self._host.accounts.get(username)
        text = ""
        if account is not None:
            with contextlib.suppress(OSError):
                text = self._host.files.read(f"{account.home}/.ssh/authorized_keys").decode()
        if self._connection is not None and text:
            self._connection.set_authorized_keys(asyncssh.import_authorized_keys(text))
        return True

    def session_requested(self) -> asyncssh.SSHServerSession[bytes]:
        if self.sessions >= MOST_SESSIONS:
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_CONNECT_FAILED, "open failed")
        self.sessions += 1
        return _Session(self._host, self)

    def unix_connection_requested(self, dest_path: str) -> asyncssh.SSHSocketSessionFactory:
        handler = self._host.sockets.get(dest_path)
        account = self._host.accounts[str(self._connection and self._connection.get_extra_info("username"))]
        if handler is None or not self._host.may_use_socket(dest_path, account):
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_CONNECT_FAILED, "open failed")

        async def serve(reader: asyncssh.SSHReader[bytes], writer: asyncssh.SSHWriter[bytes]) -> None:
            with contextlib.suppress(OSError, asyncssh.Error):
                try:
                    await handler(Lines(lambda: reader.read(_CHUNK)), Forward(partial(_send, writer), writer.close))
                except ConnectionAbortedError:
                    if self._connection is not None:
                        self._connection.abort()
                    raise
            writer.close()

        return serve


async def _send(writer: asyncssh.SSHWriter[bytes], data: bytes) -> None:
    if writer.is_closing():
        raise BrokenPipeError
    writer.write(data)
    await writer.drain()


class _Session(asyncssh.SSHServerProcess[bytes]):
    """A command, a login shell or SFTP in one channel."""

    def __init__(self, host: Host, login: _Login) -> None:
        super().__init__(self._run, partial(Files, host=host), 3, False)
        self._host = host
        self._login = login

    def connection_lost(self, exc: Exception | None) -> None:
        self._login.sessions -= 1
        super().connection_lost(exc)

    async def _run(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        if process.subsystem is not None:
            process.exit(1)
            return
        if process.term_type is not None:
            await self._interact(process)
            return
        stdin, stdout = Lines(partial(_receive, process)), Forward(partial(_send, process.stdout))
        await self._execute(process, process.command, stdin, stdout, Forward(partial(_send, process.stderr)))

    async def _execute(
        self,
        process: asyncssh.SSHServerProcess[bytes],
        command: str | None,
        stdin: Input,
        stdout: Output,
        stderr: Output,
    ) -> None:
        account = self._host.accounts[str(process.get_extra_info("username"))]
        snag = self._host.snags.of(command or "") if account is self._host.accounts[OPERATOR.name] else None
        if snag is not None and snag.hitch is Hitch.REFUSED:
            await stderr.write(f"{REFUSAL}\n".encode())
            process.exit(1)
            return
        if snag is not None and snag.hitch is Hitch.LOST_BEFORE:
            process.channel.get_connection().abort()
            return
        if snag is not None and snag.hitch is Hitch.SLOW:
            await snag.over.wait()
        # The host keeps the task: as with a real sshd, a command goes on when its connection breaks.
        task = self._host.start(command, account, stdin=stdin, stdout=stdout, stderr=stderr)
        await asyncio.wait({task})
        if process.is_closing():
            return
        if snag is not None and snag.hitch is Hitch.LOST_AFTER:
            process.channel.get_connection().abort()
            return
        process.exit(task.result() if not task.cancelled() and task.exception() is None else 255)

    async def _interact(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        terminal = Terminal(partial(_send, process.stdout))

        async def type_keys() -> None:
            while data := await _receive(process):
                await terminal.keys(data)
            terminal.lines.close()

        typing = asyncio.create_task(type_keys())
        try:
            command = process.command or "exec sh -i"
            await self._execute(process, command, terminal.lines, terminal, terminal)
        finally:
            typing.cancel()
            await asyncio.gather(typing, return_exceptions=True)


async def _receive(process: asyncssh.SSHServerProcess[bytes]) -> bytes:
    while True:
        try:
            return await process.stdin.read(_CHUNK)
        except (asyncssh.TerminalSizeChanged, asyncssh.BreakReceived, asyncssh.SignalReceived):
            continue
        except (OSError, asyncssh.Error):
            return b""
