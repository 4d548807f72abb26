"""The keys of the practice estate: one a host, one to read with, one to act with, one between the sites."""

from collections.abc import Iterable
from pathlib import Path

import asyncssh


def create(path: Path, comment: str) -> asyncssh.SSHKey:
    """Make an ed25519 key pair: `path` readable by its owner only, and `path`.pub beside it."""
    key = asyncssh.generate_private_key("ssh-ed25519", comment=comment)
    path.touch(mode=0o600)
    path.write_bytes(key.export_private_key("openssh"))
    path.with_name(path.name + ".pub").write_bytes(key.export_public_key("openssh"))
    return key


def created(path: Path, comment: str) -> asyncssh.SSHKey:
    """The key at a path, made where there is none yet."""
    return asyncssh.read_private_key(path) if path.exists() else create(path, comment)


def public_line(key: asyncssh.SSHKey) -> str:
    """A key's line for authorized_keys."""
    return key.export_public_key("openssh").decode().strip()


def known_hosts(entries: Iterable[tuple[str, int, asyncssh.SSHKey]]) -> str:
    """The text of a known_hosts file for (address, port, host key) of each server."""
    lines = []
    for address, port, key in entries:
        algorithm, data, *_ = public_line(key).split()
        host = address if port == 22 else f"[{address}]:{port}"
        lines.append(f"{host} {algorithm} {data}\n")
    return "".join(lines)
