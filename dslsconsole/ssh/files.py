"""Small files on a host, over SFTP: locks, and the record of a running operation."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Coroutine
from typing import Any, TypeVar, cast

import asyncssh

T = TypeVar("T")
Operation = Coroutine[Any, Any, T]
_ONE_AFTER_ANOTHER = 0
"""No parallel requests: small files gain nothing by them, and one that is cancelled leaves an error nobody takes."""
_PART = 32_768
"""Bytes of one request; every server takes so many (draft-ietf-secsh-filexfer-02, section 3)."""

HALF_WRITTEN = ".new"
"""How the name of a file ends that is not in place yet; one that its writer left behind is in nobody's use."""
_ENDED = (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection, asyncssh.SFTPBadMessage)
"""After these nothing more is answered in the session. All other SFTP errors are answers."""


class NoFileAccess(Exception):  # noqa: N818
    """The host opens no SFTP session for this user."""


class SessionEnded(Exception):  # noqa: N818
    """The SFTP session ended before it answered: what was asked may have been done."""


class Files:
    """The small files of a host, over one SFTP session that is opened when first needed and then kept.

    Opening one costs four round trips and a process on the host; what is done with a small file costs three.
    """

    def __init__(self, connection: asyncssh.SSHClientConnection) -> None:
        self._connection = connection
        self._opening = asyncio.Lock()
        self._kept: asyncssh.SFTPClient | None = None
        self._users: dict[asyncssh.SFTPClient, int] = {}

    @contextlib.asynccontextmanager
    async def _session(self) -> AsyncIterator[asyncssh.SFTPClient]:
        async with self._opening:
            if self._kept is None:
                self._kept = await self._opened()
            sftp = self._kept
        self._users[sftp] = self._users.get(sftp, 0) + 1
        kept = False
        try:
            yield sftp
            kept = True
        except _ENDED as error:
            raise SessionEnded from error
        except asyncssh.SFTPError:
            kept = True
            raise
        finally:
            self._leave(sftp, kept=kept)

    async def _opened(self) -> asyncssh.SFTPClient:
        try:
            return await self._connection.start_sftp_client()
        except _ENDED as error:
            raise NoFileAccess from error

    def _leave(self, sftp: asyncssh.SFTPClient, *, kept: bool) -> None:
        """One that ended, or whose answer nobody waited for, is not used again: it goes with the last of its users."""
        if not kept and self._kept is sftp:
            self._kept = None
        self._users[sftp] -= 1
        if self._kept is not sftp and not self._users[sftp]:
            del self._users[sftp]
            sftp.exit()

    async def create_exclusively(self, path: str, data: bytes) -> bool:
        """Creates and fills a file; False if one is there. Removes its own file again when filling it fails."""
        async with self._session() as sftp:
            try:
                file = await sftp.open(
                    path, "xb", attrs=asyncssh.SFTPAttrs(permissions=0o644), block_size=_ONE_AFTER_ANOTHER
                )
            except asyncssh.SFTPFileAlreadyExists:
                return False
            except asyncssh.SFTPFailure:
                # OpenSSH says no more than "Failure" for a file that exists (SFTP version 3 has no better word).
                if await sftp.lexists(path):
                    return False
                raise
            try:
                async with file:
                    await _write(data, file)
            except asyncssh.SFTPError:
                await sftp.remove(path)
                raise
            return True

    async def replace(self, path: str, data: bytes) -> None:
        """Writes beside the file and renames over it (posix-rename@openssh.com).

        Each writer has a name of its own beside the file: of two that shared one, the second would empty what the first
        has just put in place.
        """
        beside = f"{path}.{secrets.token_hex(8)}{HALF_WRITTEN}"
        async with self._session() as sftp:
            try:
                async with sftp.open(
                    beside, "xb", attrs=asyncssh.SFTPAttrs(permissions=0o644), block_size=_ONE_AFTER_ANOTHER
                ) as file:
                    await _write(data, file)
                await sftp.posix_rename(beside, path)
            except asyncssh.SFTPError:
                with contextlib.suppress(asyncssh.SFTPError):
                    await sftp.remove(beside)
                raise

    async def read(self, path: str, limit: int) -> bytes | None:
        async with self._session() as sftp:
            try:
                async with sftp.open(path, "rb", block_size=_ONE_AFTER_ANOTHER) as file:
                    return await _up_to(limit, file)
            except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
                return None

    async def remove(self, path: str) -> bool:
        async with self._session() as sftp:
            try:
                await sftp.remove(path)
            except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
                return False
            return True

    async def names(self, path: str) -> tuple[str, ...] | None:
        async with self._session() as sftp:
            try:
                found = await sftp.listdir(path)
            except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
                return None
            return tuple(sorted(str(name) for name in found if name not in (".", "..")))


async def _up_to(limit: int, file: asyncssh.SFTPClientFile) -> bytes:
    """A regular file gives as much as was asked for, or all up to its end (draft-ietf-secsh-filexfer-02, 6.4)."""
    found = bytearray()
    while (asked := min(_PART, limit - len(found))) > 0:
        part = cast(bytes, await file.read(asked))
        found += part
        if len(part) < asked:
            break
    return bytes(found)


async def _write(data: bytes, file: asyncssh.SFTPClientFile) -> None:
    for at in range(0, len(data), _PART):
        await file.write(data[at : at + _PART])
