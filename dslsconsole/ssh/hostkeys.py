"""Host keys: which ones are trusted for a host, and what to say when another one is shown.

Entries count under the node's name, its address and its HostKeyAlias, hashed or not, with `[host]:port` before the bare
host, as OpenSSH does (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT").
"""

from pathlib import Path
from typing import cast

import asyncssh
from msgspec import Struct

from dslsconsole.model.reading import Failure, FailureKind
from dslsconsole.ssh.cleaning import clean

GLOBAL_FILE = Path("/etc/ssh/ssh_known_hosts")
Keys = list[asyncssh.SSHKey]


class Trusted(Struct, frozen=True):
    """The keys that known_hosts names for one host."""

    keys: tuple[asyncssh.SSHKey, ...]
    authorities: tuple[asyncssh.SSHKey, ...]
    revoked: tuple[asyncssh.SSHKey, ...]

    @property
    def known(self) -> bool:
        return bool(self.keys or self.authorities or self.revoked)

    def found(self, _host: str, _address: str, _port: int | None) -> tuple[Keys, Keys, Keys]:
        """In the form that asyncssh asks for, whatever name it connects by."""
        return list(self.keys), list(self.authorities), list(self.revoked)


class KnownHosts:
    """The known_hosts files. Read again when one of them changed, so that a mended entry counts at once."""

    def __init__(self, files: tuple[Path, ...]) -> None:
        self.files = files
        self._read: dict[Path, tuple[tuple[int, int] | None, asyncssh.SSHKnownHosts]] = {}

    def trusted(self, names: tuple[str, ...], port: int, more_files: tuple[Path, ...] = ()) -> Trusted:
        """What the files name for a host that goes by `names`."""
        keys: dict[bytes, asyncssh.SSHKey] = {}
        authorities: dict[bytes, asyncssh.SSHKey] = {}
        revoked: dict[bytes, asyncssh.SSHKey] = {}
        for file in (*self.files, *more_files):
            entries = self._entries(file)
            for name in names:
                found_port = None if port == asyncssh.DEFAULT_PORT else port
                named = cast("tuple[Keys, Keys, Keys]", entries.match(name, "", found_port)[:3])
                for into, found in zip((keys, authorities, revoked), named, strict=True):
                    into.update((key.public_data, key) for key in found)
        return Trusted(tuple(keys.values()), tuple(authorities.values()), tuple(revoked.values()))

    def missing(self) -> tuple[Path, ...]:
        return tuple(file for file in self.files if file != GLOBAL_FILE and not file.is_file())

    def _entries(self, file: Path) -> asyncssh.SSHKnownHosts:
        stamp = _stamp(file)
        before = self._read.get(file)
        if before is None or before[0] != stamp:
            before = (stamp, _parsed(file) if stamp else asyncssh.import_known_hosts(""))
            self._read[file] = before
        return before[1]


def _stamp(file: Path) -> tuple[int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def _parsed(file: Path) -> asyncssh.SSHKnownHosts:
    try:
        text = file.read_text(errors="replace")
    except OSError:
        return asyncssh.import_known_hosts("")
    try:
        return asyncssh.import_known_hosts(text)
    except ValueError:
        return asyncssh.import_known_hosts("\n".join(line for line in text.splitlines() if _readable(line)))


def _readable(line: str) -> bool:
    """Whether the line can be read: as with OpenSSH, a damaged line costs only itself."""
    try:
        asyncssh.import_known_hosts(line)
    except ValueError:
        return False
    return True


def refused(
    where: str, names: tuple[str, ...], port: int, hosts: KnownHosts, trusted: Trusted, shown: asyncssh.SSHKey | None
) -> Failure:
    """Why the key that the host showed is not accepted, and what to do. An unknown key and a changed one differ."""
    fingerprint = f" {shown.get_fingerprint()}" if shown is not None else ""
    file = hosts.files[0] if hosts.files else Path("known_hosts")
    if trusted.known:
        expected = " or ".join(key.get_fingerprint() for key in trusted.keys) or "one signed by a known authority"
        text = (
            f"the host key of {where} is not the known one: it shows{fingerprint or ' another'}, {file} has "
            f"{expected}. Either the host was installed anew or somebody is in between: ask whoever runs it, "
            "and connect only after that"
        )
        return Failure(FailureKind.HOST_KEY_CHANGED, clean(text, 600))
    name, port_option = names[-1], "" if port == asyncssh.DEFAULT_PORT else f"-p {port} "
    text = (
        f"the host key{fingerprint} of {where} is not in {file}: compare it with the one that the host itself tells "
        f"(ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), then add it: ssh-keyscan {port_option}{name} >> {file}"
    )
    if file in hosts.missing():
        text = f"{file} does not exist, so no host is known; {text}"
    return Failure(FailureKind.HOST_KEY_UNKNOWN, clean(text, 600))
