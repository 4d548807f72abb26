"""Our own keys: private keys with their certificates, read when they are used, and again when they changed."""

from collections.abc import Iterable
from pathlib import Path

import asyncssh
from msgspec import Struct

DEFAULT_FILES = tuple(Path("~/.ssh", name) for name in ("id_ed25519", "id_ecdsa", "id_rsa"))


class Identities(Struct, frozen=True):
    """What could be read. `troubles` says in words what could not."""

    pairs: tuple[asyncssh.SSHKeyPair, ...] = ()
    troubles: tuple[str, ...] = ()


class KeyRing:
    """Reads identity files. A key is kept until its file or certificate changes: certificates may live for minutes."""

    def __init__(self) -> None:
        self._read: dict[tuple[Path, tuple[Path, ...]], tuple[object, Identities]] = {}

    def identities(
        self, files: Iterable[Path], certificates: tuple[Path, ...] = (), *, quiet: bool = False
    ) -> Identities:
        """The keys in `files`, each with the fitting ones of `certificates` and that beside it (`KEY-cert.pub`).

        With `quiet`, a file that is absent or needs a passphrase is no trouble: nobody named it.
        """
        pairs: list[asyncssh.SSHKeyPair] = []
        troubles: list[str] = []
        for file in dict.fromkeys(files):
            found = self._one(file, certificates)
            pairs.extend(found.pairs)
            troubles.extend(() if quiet else found.troubles)
        return Identities(tuple(pairs), tuple(troubles))

    def _one(self, file: Path, certificates: tuple[Path, ...]) -> Identities:
        beside = (Path(f"{file}-cert.pub"), *certificates)
        stamp = tuple(_stamp(path) for path in (file, *beside))
        before = self._read.get((file, certificates))
        if before is None or before[0] != stamp:
            before = (stamp, _load(file, tuple(path for path in beside if path.is_file())))
            self._read[file, certificates] = before
        return before[1]


def _stamp(file: Path) -> tuple[int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def _load(file: Path, certificate_files: tuple[Path, ...]) -> Identities:
    try:
        key = asyncssh.read_private_key(file)
    except FileNotFoundError:
        return Identities(troubles=(f"the key {file} does not exist",))
    except OSError as error:
        return Identities(troubles=(f"the key {file} can't be read: {error.strerror}",))
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
        if "passphrase" in str(error).lower():
            return Identities(troubles=(f"the key {file} needs a passphrase: give it to the agent with ssh-add",))
        return Identities(troubles=(f"{file} holds no private key that can be read: {error}",))
    fitting: list[asyncssh.SSHCertificate] = []
    troubles: list[str] = []
    for path in certificate_files:
        try:
            certificate = asyncssh.read_certificate(path)
        except (OSError, asyncssh.KeyImportError) as error:
            troubles.append(f"the certificate {path} can't be read: {error}")
            continue
        if certificate.key.public_data == key.public_data:
            fitting.append(certificate)
    return Identities(tuple(asyncssh.load_keypairs([key], certlist=fitting)), tuple(troubles))
