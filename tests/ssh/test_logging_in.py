"""Getting in at OpenSSH's own server: keys, certificates, agent, ssh_config, hosts on the way, and refusals."""

import asyncio
import getpass
from collections.abc import Callable
from pathlib import Path

import asyncssh
import pytest

from dslsconsole.model.reading import FailureKind
from dslsconsole.settings.schema import Ssh
from dslsconsole.ssh.access import Access, Target
from dslsconsole.ssh.connection import Connection
from dslsconsole.ssh.errors import SshError
from dslsconsole.ssh.pool import Pool
from tests.real_sshd import real_sshd

pytestmark = pytest.mark.real
Need = Callable[[str], str]


async def test_a_wrong_key_is_a_matter_of_permission(need: Need, tmp_path: Path) -> None:
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(tmp_path / "wrong")
    async with real_sshd(need("sshd"), tmp_path) as sshd:
        settings = sshd.settings(identity_files=(str(tmp_path / "wrong"),))
        async with Pool(Access.probe(settings)) as pool:
            with pytest.raises(SshError, match="authorized_keys") as caught:
                await pool.connection(Target("node-1", "127.0.0.1", sshd.port))
    assert caught.value.failure.kind is FailureKind.PERMISSION


@pytest.mark.parametrize(
    ("content", "told"),
    [(None, "does not exist"), (b"no key", "no private key"), (b"", "no private key")],
)
async def test_a_key_that_can_not_be_used_is_named(
    need: Need, tmp_path: Path, content: bytes | None, told: str
) -> None:
    broken = tmp_path / "broken"
    if content is not None:
        broken.write_bytes(content)
    async with (
        real_sshd(need("sshd"), tmp_path) as sshd,
        Pool(Access.probe(sshd.settings(identity_files=(str(broken),)))) as pool,
    ):
        with pytest.raises(SshError, match=told) as caught:
            await pool.connection(Target("node-1", "127.0.0.1", sshd.port))
    assert str(broken) in caught.value.failure.text
    assert caught.value.failure.kind is FailureKind.PERMISSION


async def test_a_key_with_a_passphrase_asks_for_the_agent(need: Need, tmp_path: Path) -> None:
    made = await asyncio.create_subprocess_exec(
        need("ssh-keygen"), "-q", "-t", "ed25519", "-N", "secret", "-f", str(tmp_path / "locked")
    )
    assert await made.wait() == 0
    async with (
        real_sshd(need("sshd"), tmp_path) as sshd,
        Pool(Access.probe(sshd.settings(identity_files=(str(tmp_path / "locked"),)))) as pool,
    ):
        with pytest.raises(SshError, match="ssh-add"):
            await pool.connection(Target("node-1", "127.0.0.1", sshd.port))


async def test_the_agent_is_asked_too(need: Need, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    socket = tmp_path / "agent"
    agent = await asyncio.create_subprocess_exec(
        need("ssh-agent"), "-D", "-a", str(socket), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert agent.stdout is not None
        async with asyncio.timeout(30):
            await agent.stdout.readline()
        async with real_sshd(need("sshd"), tmp_path / "sshd") as sshd:
            async with asyncssh.connect_agent(str(socket)) as client:
                await client.add_keys([sshd.user_key])
            monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
            settings = sshd.settings(identity_files=(str(tmp_path / "none"),))
            async with Pool(Access.probe(settings)) as pool:
                assert (await pool.connection(Target("node-1", "127.0.0.1", sshd.port))).is_open
    finally:
        agent.terminate()
        await agent.wait()


async def test_a_certificate_beside_its_key_gets_in(need: Need, tmp_path: Path) -> None:
    authority = asyncssh.generate_private_key("ssh-ed25519")
    (tmp_path / "ca.pub").write_bytes(authority.export_public_key())
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(tmp_path / "short")
    certificate = authority.generate_user_certificate(key, "on-call", principals=[getpass.getuser()])
    certificate.write_certificate(tmp_path / "short-cert.pub")
    async with (
        real_sshd(need("sshd"), tmp_path, options=(f"TrustedUserCAKeys {tmp_path / 'ca.pub'}",)) as sshd,
        Pool(Access.probe(sshd.settings(identity_files=(str(tmp_path / "short"),)))) as pool,
    ):
        assert (await pool.connection(Target("node-1", "127.0.0.1", sshd.port))).is_open


async def test_the_reading_side_never_opens_the_operators_key(need: Need, tmp_path: Path) -> None:
    async with real_sshd(need("sshd"), tmp_path) as sshd:
        operators = tmp_path / "id"
        config = tmp_path / "config"
        config.write_text(f"IdentityFile {operators}\n")
        settings = sshd.settings(
            config_file=str(config), identity_files=(), operate_identity_files=(str(operators),), operate_user="op"
        )
        async with Pool(Access.probe(settings)) as pool:
            with pytest.raises(SshError, match="no key to log in"):
                await pool.connection(Target("node-1", "127.0.0.1", sshd.port))


async def test_ssh_config_tells_address_port_user_and_key(need: Need, tmp_path: Path) -> None:
    async with real_sshd(need("sshd"), tmp_path) as sshd:
        included = tmp_path / "included"
        included.write_text(
            f"Host node-1\n  HostName 127.0.0.1\n  Port {sshd.port}\n  User {getpass.getuser()}\n"
            f"  IdentityFile {tmp_path / 'id'}\n"
        )
        config = tmp_path / "config"
        config.write_text(f"Include {included}\n")
        settings = sshd.settings(config_file=str(config), identity_files=(), probe_user=None)
        async with Pool(Access.probe(settings)) as pool:
            assert (await pool.connection(Target("node-1"))).is_open


async def test_the_estates_own_words_come_before_those_of_ssh_config(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("Host node-1\n  HostName 192.0.2.1\n  Port 1\n  User nobody\nHost 127.*\n  ProxyJump way\n")
    access = Access.probe(Ssh(config_file=str(config), probe_user="probe"))
    route = access.route(Target("node-1", "127.0.0.1", 2222))
    assert (route.host, route.port, route.user) == ("127.0.0.1", 2222, "probe")
    assert [jump.target.name for jump in route.jumps] == ["way"]


async def test_a_host_on_the_way_is_checked_and_shared(need: Need, tmp_path: Path) -> None:
    sshd_program = need("sshd")
    async with real_sshd(sshd_program, tmp_path / "way") as way, real_sshd(sshd_program, tmp_path / "node") as node:
        config = tmp_path / "config"
        config.write_text(
            f"Host node-*\n  ProxyJump {getpass.getuser()}@way\n"
            f"Host way\n  HostName 127.0.0.1\n  Port {way.port}\n  IdentityFile {way.directory / 'id'}\n"
        )
        keys = (str(node.directory / "id"), str(way.directory / "id"))
        settings = node.settings(config_file=str(config), identity_files=keys)
        target = Target("node-1", "127.0.0.1", node.port)
        both = tmp_path / "both"
        both.write_text(node.known + way.known)
        async with Pool(Access.probe(settings)) as pool:
            with pytest.raises(SshError, match="way") as caught:
                await pool.connection(target)
        assert caught.value.failure.kind is FailureKind.HOST_KEY_UNKNOWN
        settings = node.settings(config_file=str(config), identity_files=keys, known_hosts_file=str(both))
        async with Pool(Access.probe(settings)) as pool:
            connection = await pool.connection(target)
            assert (await connection.run("echo $SSH_CLIENT", timeout=10)).status == 0
            assert (await pool.connection(Target("way"))).is_open


async def test_a_full_connection_is_busy_not_dead(need: Need, tmp_path: Path) -> None:
    async with (
        real_sshd(need("sshd"), tmp_path, options=("MaxSessions 2",)) as sshd,
        Pool(Access.probe(sshd.settings())) as pool,
    ):
        connection = await pool.connection(Target("node-1", "127.0.0.1", sshd.port))
        shells = [await connection.shell("cat") for _ in range(2)]
        with pytest.raises(SshError, match="MaxSessions") as caught:
            await connection.run("true", timeout=5)
        assert caught.value.failure.kind is FailureKind.BUSY
        assert await shells[0].ask("still here\nend", "end", timeout=5) == b"still here\n"


async def test_file_access_under_a_forced_command_is_a_matter_of_permission(need: Need, tmp_path: Path) -> None:
    async with (
        real_sshd(need("sshd"), tmp_path, key_options='restrict,command="/bin/false"') as sshd,
        Pool(Access.probe(sshd.settings())) as pool,
    ):
        connection: Connection = await pool.connection(Target("node-1", "127.0.0.1", sshd.port))
        with pytest.raises(SshError) as caught:
            await connection.read_file("/etc/hostname")
    assert caught.value.failure.kind is FailureKind.PERMISSION


async def test_nobody_listening_is_a_refusal(tmp_path: Path) -> None:
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(tmp_path / "id")
    listener = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    listener.close()
    await listener.wait_closed()
    async with Pool(Access.probe(_ssh(tmp_path))) as pool:
        with pytest.raises(SshError) as caught:
            await pool.connection(Target("node-1", "127.0.0.1", port))
    assert caught.value.failure.kind is FailureKind.REFUSED


def _ssh(directory: Path) -> Ssh:
    return Ssh(
        config_file=str(directory / "no_config"),
        known_hosts_file=str(directory / "known_hosts"),
        identity_files=(str(directory / "id"),),
    )
