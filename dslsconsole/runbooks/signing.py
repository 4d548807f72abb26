"""Signatures by SSH keys, as `ssh-keygen -Y` makes and verifies them (OpenSSH 8.2 and later), and whose keys they are.

An allowed-signers file has a line for each key: who it belongs to (patterns, with commas between), options, and the key
(ssh-keygen(1), ALLOWED SIGNERS). A key must stand there itself: a certificate may name several people.
"""

import asyncio
import base64
import binascii
import fnmatch
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

NAMESPACE = "dslsconsole"
"""A signature made for anything else is none for this program."""
LONGEST = 20_000
"""Characters of a signature that is looked at."""
SIGNS_WITHIN_S = 120.0
"""A person may have to type a passphrase or touch a key."""
VERIFIES_WITHIN_S = 20.0
_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"


class NotSigned(Exception):  # noqa: N818
    """There is no signature, or it is not good: why, in a sentence."""


class Signers:
    """An allowed-signers file: who may sign, and with which keys."""

    def __init__(self, path: Path) -> None:
        """Read it.

        Raises:
            NotSigned: it can't be read.
        """
        self.path = path
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no text"
            raise NotSigned(
                f"no approval can be verified: the allowed-signers file {path} can't be read ({why}). Put a line "
                "`NAME KEY` for each operator's public SSH key there, or name another file as "
                "operators.allowed_signers."
            ) from error
        self._lines = [line.split() for line in lines if line.strip() and not line.lstrip().startswith("#")]

    def __len__(self) -> int:
        return len(self._lines)

    def principals(self, key: bytes) -> tuple[str, ...]:
        """The patterns of names that a public key belongs to."""
        return tuple(words[0] for words in self._lines if any(_key(word) == key for word in words[1:]))

    def belongs(self, key: bytes, name: str) -> bool:
        """Whether a key belongs to a person of that name."""
        return any(_matches(patterns, name) for patterns in self.principals(key))

    def may_be(self, key: bytes, name: str) -> bool:
        """Whether a key may be a person's own: one of its names is theirs, at whatever domain, or anybody's. Exceptions
        do not count, since they may be about another domain."""
        patterns = (one for names in self.principals(key) for one in names.strip('"').split(","))
        return any(fnmatch.fnmatchcase(person_of(name), person_of(one)) for one in patterns)


def person_of(name: str) -> str:
    """Who is meant by an account, or by a principal such as `anna@uni.example`."""
    return name.partition("@")[0].casefold()


def _key(word: str) -> bytes | None:
    try:
        return base64.b64decode(word, validate=True)
    except (binascii.Error, ValueError):
        return None


def _matches(patterns: str, name: str) -> bool:
    """Whether a name fits a list of patterns as OpenSSH has it: one with `!` that fits excludes."""
    listed = patterns.strip('"').split(",")
    if any(fnmatch.fnmatchcase(name, one[1:]) for one in listed if one.startswith("!")):
        return False
    return any(fnmatch.fnmatchcase(name, one) for one in listed if not one.startswith("!"))


def signing_key(signature: str) -> bytes:
    """The public key that a signature says it is made with (PROTOCOL.sshsig).

    Raises:
        NotSigned: it is no signature.
    """
    inner = signature.strip().removeprefix(_BEGIN).removesuffix(_END)
    blob = _key("".join(inner.split())) if len(signature) <= LONGEST else None
    if blob is None or blob[:6] != b"SSHSIG" or len(blob) < 14:
        raise NotSigned("it holds no SSH signature")
    length = int.from_bytes(blob[10:14], "big")
    return blob[14 : 14 + length]


def public_key(path: Path) -> bytes | None:
    """The public key in or beside a key file; None where there is none that can be read."""
    for place in (path, path.with_name(f"{path.name}.pub")):
        try:
            words = place.read_text(encoding="utf-8", errors="replace").split()
        except OSError:
            continue
        if len(words) > 1 and not words[0].startswith("-----") and (key := _key(words[1])) is not None:
            return key
    return None


async def signed(data: bytes, key: Path) -> str:
    """The signature of `data` by a private key file, or by the agent where the file is a public key.

    Raises:
        NotSigned: it could not be made.
    """
    status, out, errors = await _keygen("sign", "-f", str(key), stdin=data, within=SIGNS_WITHIN_S)
    if status != 0 or _BEGIN not in out:
        raise NotSigned(f"{key} did not sign it: {errors or f'ssh-keygen ended with status {status}'}")
    return out


async def see_signed(data: bytes, signature: str, principal: str, signers: Signers) -> None:
    """See that `data` is signed by `principal`.

    Raises:
        NotSigned: it is not, or that can't be told.
    """
    signing_key(signature)
    with tempfile.NamedTemporaryFile("w", suffix=".sig", encoding="utf-8") as file:
        file.write(signature)
        file.flush()
        words = ("-f", str(signers.path), "-I", principal, "-s", file.name)
        status, _, errors = await _keygen("verify", *words, stdin=data, within=VERIFIES_WITHIN_S)
    if status != 0:
        raise NotSigned(f"the signature is not {principal}'s of this very request ({errors or f'status {status}'})")


async def agent_keys() -> tuple[str, ...]:
    """The public keys that the SSH agent holds, one a line; none where there is no agent."""
    program = shutil.which("ssh-add")
    if program is None:
        return ()
    process = await asyncio.create_subprocess_exec(
        program, "-L", stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    return tuple(out.decode(errors="replace").splitlines()) if process.returncode == 0 else ()


def keygen() -> str:
    """The path of ssh-keygen.

    Raises:
        NotSigned: it is not installed here.
    """
    program = shutil.which("ssh-keygen")
    if program is None:
        raise NotSigned("ssh-keygen is not installed on this host; install OpenSSH's client (openssh-client)")
    return program


async def _keygen(word: str, *more: str, stdin: bytes, within: float) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(keygen(), "-Y", word, "-n", NAMESPACE, *more),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(within):
            out, errors = await process.communicate(stdin)
    except TimeoutError as error:
        raise NotSigned(f"ssh-keygen did not end within {within:.0f} s") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    said = _lines(errors.decode(errors="replace").splitlines())
    return process.returncode or 0, out.decode(errors="replace"), said


def _lines(lines: Iterable[str]) -> str:
    return "; ".join(line.strip() for line in lines if line.strip() and not line.startswith("Signing data"))[:400]
