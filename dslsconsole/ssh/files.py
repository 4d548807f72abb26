"""Small files on a host, over SFTP: locks, and the record of a running operation."""

import contextlib
import secrets
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager
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


async def create_exclusively(connection: asyncssh.SSHClientConnection, path: str, data: bytes) -> bool:
    """Creates and fills a file; False if one is there. Removes its own file again when filling it fails."""
    async with _sftp(connection) as sftp:
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


async def replace(connection: asyncssh.SSHClientConnection, path: str, data: bytes) -> None:
    """Writes beside the file and renames over it (posix-rename@openssh.com).

    Each writer has a name of its own beside the file: of two that shared one, the second would empty what the first
    has just put in place.
    """
    beside = f"{path}.{secrets.token_hex(8)}{HALF_WRITTEN}"
    async with _sftp(connection) as sftp:
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


async def read(connection: asyncssh.SSHClientConnection, path: str, limit: int) -> bytes | None:
    async with _sftp(connection) as sftp:
        try:
            async with sftp.open(path, "rb", block_size=_ONE_AFTER_ANOTHER) as file:
                return await _up_to(limit, file)
        except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
            return None


async def _up_to(limit: int, file: asyncssh.SFTPClientFile) -> bytes:
    found = bytearray()
    while len(found) < limit and (part := await file.read(min(_PART, limit - len(found)))):
        found += cast(bytes, part)
    return bytes(found)


async def _write(data: bytes, file: asyncssh.SFTPClientFile) -> None:
    for at in range(0, len(data), _PART):
        await file.write(data[at : at + _PART])


async def remove(connection: asyncssh.SSHClientConnection, path: str) -> bool:
    async with _sftp(connection) as sftp:
        try:
            await sftp.remove(path)
        except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
            return False
        return True


async def names(connection: asyncssh.SSHClientConnection, path: str) -> tuple[str, ...] | None:
    async with _sftp(connection) as sftp:
        try:
            found = await sftp.listdir(path)
        except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
            return None
        return tuple(sorted(str(name) for name in found if name not in (".", "..")))


def _sftp(connection: asyncssh.SSHClientConnection) -> AbstractAsyncContextManager[asyncssh.SFTPClient]:
    return connection.start_sftp_client()
