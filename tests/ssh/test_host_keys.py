"""Host keys against OpenSSH's own server: known ones get in, unknown and changed ones never, and they differ."""

import base64
import hashlib
import hmac
import os
from collections.abc import Callable
from pathlib import Path

import asyncssh
import pytest

from dslsconsole.model.reading import Failure, FailureKind
from dslsconsole.settings.schema import Ssh
from dslsconsole.ssh.access import Access, Target
from dslsconsole.ssh.errors import SshError
from dslsconsole.ssh.pool import Pool
from tests.real_sshd import RealSshd, real_sshd

pytestmark = pytest.mark.real
Need = Callable[[str], str]


async def says(settings: Ssh, target: Target, command: str = "echo hello") -> str:
    async with Pool(Access.probe(settings)) as pool:
        return (await (await pool.connection(target)).run(command, timeout=10)).stdout


async def refusal(settings: Ssh, target: Target) -> Failure:
    async with Pool(Access.probe(settings)) as pool:
        with pytest.raises(SshError) as caught:
            await pool.connection(target)
    return caught.value.failure


def knows(settings: Ssh, text: str) -> None:
    """Makes this the whole of known_hosts."""
    Path(settings.known_hosts_file).write_text(text)


def target(sshd: RealSshd, name: str = "node-1") -> Target:
    return Target(name, "127.0.0.1", sshd.port)


def hashed(name: str) -> str:
    """The host name as `HashKnownHosts yes` writes it (sshd(8))."""
    salt = os.urandom(20)
    digest = hmac.new(salt, name.encode(), hashlib.sha1).digest()
    return f"|1|{base64.b64encode(salt).decode()}|{base64.b64encode(digest).decode()}"


async def test_known_under_address_name_or_hash_gets_in(need: Need, tmp_path: Path) -> None:
    async with real_sshd(need("sshd"), tmp_path) as sshd:
        settings = sshd.settings()
        key = sshd.host_key.export_public_key().decode()
        for name in (
            f"[127.0.0.1]:{sshd.port}",
            f"[node-1]:{sshd.port}",
            "node-1",
            hashed(f"[127.0.0.1]:{sshd.port}"),
            hashed("node-1"),
            f"other,[127.0.0.1]:{sshd.port}",
        ):
            knows(settings, f"# comment\n{name} {key}\nnonsense\n")
            assert await says(settings, target(sshd)) == "hello\n", name


async def test_an_unknown_host_is_refused_with_its_fingerprint_and_what_to_do(need: Need, tmp_path: Path) -> None:
    async with real_sshd(need("sshd"), tmp_path) as sshd:
        settings = sshd.settings()
        knows(settings, "")
        failure = await refusal(settings, target(sshd))
    assert failure.kind is FailureKind.HOST_KEY_UNKNOWN
    assert sshd.host_key.get_fingerprint() in failure.text
    assert f"ssh-keyscan -p {sshd.port} 127.0.0.1" in failure.text


async def test_without_a_known_hosts_file_every_host_is_unknown(need: Need, tmp_path: Path) -> None:
    async with real_sshd(need("sshd"), tmp_path) as sshd:
        failure = await refusal(sshd.settings(known_hosts_file=str(tmp_path / "none")), target(sshd))
    assert failure.kind is FailureKind.HOST_KEY_UNKNOWN
    assert "does not exist" in failure.text


@pytest.mark.parametrize("algorithm", ["ssh-ed25519", "ecdsa-sha2-nistp256"])
async def test_a_changed_host_key_is_refused_as_such(need: Need, tmp_path: Path, algorithm: str) -> None:
    other = asyncssh.generate_private_key(algorithm).export_public_key().decode()
    async with real_sshd(need("sshd"), tmp_path) as sshd:
        settings = sshd.settings()
        for name in (f"[127.0.0.1]:{sshd.port}", hashed(f"[127.0.0.1]:{sshd.port}")):
            knows(settings, f"{name} {other}")
            failure = await refusal(settings, target(sshd))
            assert failure.kind is FailureKind.HOST_KEY_CHANGED
            assert "node-1" in failure.text


async def test_a_revoked_host_key_is_refused(need: Need, tmp_path: Path) -> None:
    async with real_sshd(need("sshd"), tmp_path) as sshd:
        settings = sshd.settings()
        knows(settings, f"{sshd.known}@revoked {sshd.known}")
        failure = await refusal(settings, target(sshd))
    assert failure.kind is FailureKind.HOST_KEY_CHANGED


async def test_strict_host_key_checking_can_not_be_turned_off(need: Need, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("Host *\n  StrictHostKeyChecking no\n  UserKnownHostsFile /dev/null\n")
    async with real_sshd(need("sshd"), tmp_path) as sshd:
        settings = sshd.settings(config_file=str(config))
        knows(settings, "")
        failure = await refusal(settings, target(sshd))
    assert failure.kind is FailureKind.HOST_KEY_UNKNOWN


async def test_a_host_key_alias_is_what_counts(need: Need, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("Host node-1\n  HostKeyAlias the-licence-server\n")
    async with real_sshd(need("sshd"), tmp_path) as sshd:
        settings = sshd.settings(config_file=str(config))
        knows(settings, f"the-licence-server {sshd.host_key.export_public_key().decode()}")
        assert await says(settings, target(sshd)) == "hello\n"


async def test_a_mended_file_counts_at_once(need: Need, tmp_path: Path) -> None:
    async with real_sshd(need("sshd"), tmp_path) as sshd:
        settings = sshd.settings()
        knows(settings, "")
        async with Pool(Access.probe(settings), back_off=False) as pool:
            with pytest.raises(SshError):
                await pool.connection(target(sshd))
            knows(settings, sshd.known)
            assert (await pool.connection(target(sshd))).is_open
