"""OpenSSH's own server for tests: on loopback, with its own host key and directory, for the present user."""

import asyncio
import getpass
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncssh
from msgspec import Struct

from dslsconsole.lab.world.listeners import free_ports
from dslsconsole.settings.schema import Ssh

DEADLINE_S = 10.0


class RealSshd(Struct, frozen=True):
    """A server that listens."""

    directory: Path
    port: int
    host_key: asyncssh.SSHKey
    user_key: asyncssh.SSHKey
    process: asyncio.subprocess.Process

    @property
    def known(self) -> str:
        """Its line of known_hosts."""
        return f"[127.0.0.1]:{self.port} {self.host_key.export_public_key().decode().strip()}\n"

    def settings(self, **more: object) -> Ssh:
        """An `ssh:` section that gets in: with its host key known, and the user's key."""
        known_hosts = self.directory / "known_hosts"
        if not known_hosts.exists():
            known_hosts.write_text(self.known)
        values: dict[str, object] = {
            "config_file": str(self.directory / "no_config"),
            "known_hosts_file": str(known_hosts),
            "identity_files": (str(self.directory / "id"),),
            "probe_user": getpass.getuser(),
            "connect_timeout": "5s",
        }
        return Ssh.model_validate(values | more)


def _prepared(
    directory: Path, options: tuple[str, ...], key_options: str
) -> tuple[int, asyncssh.SSHKey, asyncssh.SSHKey]:
    """Writes what the server needs; its port, its host key and the user's key."""
    directory.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    host_key = asyncssh.generate_private_key("ssh-ed25519")
    user_key = asyncssh.generate_private_key("ssh-ed25519")
    for name, key in (("host_key", host_key), ("id", user_key)):
        key.write_private_key(directory / name)
        (directory / name).chmod(0o600)
    public = user_key.export_public_key().decode().strip()
    (directory / "authorized_keys").write_text(f"{key_options} {public}\n".lstrip())
    (port,) = free_ports(1)
    config = directory / "sshd_config"
    lines = (
        f"Port {port}",
        "ListenAddress 127.0.0.1",
        f"HostKey {directory / 'host_key'}",
        f"AuthorizedKeysFile {directory / 'authorized_keys'}",
        f"PidFile {directory / 'pid'}",
        "StrictModes no",
        "UsePAM no",
        "PermitRootLogin yes",
        "PasswordAuthentication no",
        "Subsystem sftp internal-sftp",
        *options,
    )
    config.write_text("\n".join(lines) + "\n")
    return port, host_key, user_key


@asynccontextmanager
async def real_sshd(
    program: str, directory: Path, *, options: tuple[str, ...] = (), key_options: str = ""
) -> AsyncIterator[RealSshd]:
    """A running sshd. `options` are lines of sshd_config, `key_options` stand before the key in authorized_keys."""
    port, host_key, user_key = _prepared(directory, options, key_options)
    config = directory / "sshd_config"
    process = await asyncio.create_subprocess_exec(
        program, "-D", "-e", "-f", str(config), stderr=asyncio.subprocess.PIPE, stdin=asyncio.subprocess.DEVNULL
    )
    try:
        await _listening(process)
        yield RealSshd(directory, port, host_key, user_key, process)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _listening(process: asyncio.subprocess.Process) -> None:
    assert process.stderr is not None
    said = b""
    async with asyncio.timeout(DEADLINE_S):
        while b"listening on" not in said:
            line = await process.stderr.readline()
            assert line, f"sshd ended: {said.decode()}"
            said += line
