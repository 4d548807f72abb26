"""A small SSH server in the test's own process, whose every behaviour a test can choose."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncssh

from dslsconsole.settings.schema import Ssh
from dslsconsole.ssh.access import Access, Target

Serve = Callable[["asyncssh.SSHServerProcess[bytes]"], Awaitable[None]]


class OwnServer:
    """Listens on loopback; `serve` answers the commands."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.host_key = asyncssh.generate_private_key("ssh-ed25519")
        self.connections: list[asyncssh.SSHServerConnection] = []
        self.serve: Serve | None = None
        self.files: Callable[[asyncssh.SFTPServer], object] = lambda session: None
        """Is told of each SFTP session that is opened."""
        self._acceptor: asyncssh.SSHAcceptor | None = None
        user_key = asyncssh.generate_private_key("ssh-ed25519")
        user_key.write_private_key(directory / "id")
        (directory / "authorized").write_bytes(user_key.export_public_key())

    async def start(self, port: int = 0) -> None:
        connections = self.connections

        class Server(asyncssh.SSHServer):
            def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
                connections.append(conn)

        self._acceptor = await asyncssh.listen(
            "127.0.0.1",
            port,
            server_factory=Server,
            server_host_keys=[self.host_key],
            authorized_client_keys=str(self.directory / "authorized"),
            process_factory=self._handle,
            encoding=None,
            sftp_factory=self._open_files,
        )
        (self.directory / "known_hosts").write_text(
            f"[127.0.0.1]:{self.port} {self.host_key.export_public_key().decode()}"
        )

    async def stop(self) -> None:
        if self._acceptor is not None:
            self._acceptor.close()
            await self._acceptor.wait_closed()
            self._acceptor = None
        for connection in self.connections:
            connection.abort()
        await asyncio.gather(*(connection.wait_closed() for connection in self.connections))

    def _open_files(self, channel: "asyncssh.SSHServerChannel[bytes]") -> asyncssh.SFTPServer:
        session = asyncssh.SFTPServer(channel)
        self.files(session)
        return session

    async def _handle(self, process: "asyncssh.SSHServerProcess[bytes]") -> None:
        assert self.serve is not None
        await self.serve(process)

    @property
    def port(self) -> int:
        assert self._acceptor is not None
        return self._acceptor.get_port()

    @property
    def target(self) -> Target:
        return Target("node-1", "127.0.0.1", self.port)

    def access(self, **more: object) -> Access:
        values: dict[str, object] = {
            "config_file": str(self.directory / "no_config"),
            "known_hosts_file": str(self.directory / "known_hosts"),
            "identity_files": (str(self.directory / "id"),),
            "probe_user": "probe",
            "connect_timeout": "5s",
        }
        return Access.probe(Ssh.model_validate(values | more))
