"""SFTP on a practice host: the host's own file system, with its users' permissions."""

import io
import os
import posixpath
import stat
from collections.abc import AsyncIterator
from typing import BinaryIO

import asyncssh

from dslsconsole.lab.filesystem import Status
from dslsconsole.lab.host import Host

_FLAGS = {
    asyncssh.FXF_APPEND: os.O_APPEND,
    asyncssh.FXF_CREAT: os.O_CREAT,
    asyncssh.FXF_TRUNC: os.O_TRUNC,
    asyncssh.FXF_EXCL: os.O_EXCL,
}


class Files(asyncssh.SFTPServer):
    """Serves one user of one host."""

    def __init__(self, channel: asyncssh.SSHServerChannel[bytes], host: Host) -> None:
        super().__init__(channel)
        self._host = host
        self._account = host.accounts[str(channel.get_extra_info("username"))]

    def _path(self, path: bytes) -> str:
        text = path.decode("utf-8", "surrogateescape")
        return posixpath.normpath(posixpath.join(self._account.home, text)).replace("//", "/")

    async def _reached(self, path: bytes) -> str:
        absolute = self._path(path)
        await self._host.files.reach(absolute)
        return absolute

    def _attributes(self, status: Status) -> asyncssh.SFTPAttrs:
        owner = self._host.accounts.get(status.owner)
        uid = owner.uid if owner else 0
        modified = int(status.modified)
        return asyncssh.SFTPAttrs(
            size=status.size, uid=uid, gid=uid, permissions=status.mode, atime=modified, mtime=modified
        )

    # The names and the order of the parameters are those of asyncssh.SFTPServer.

    async def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> BinaryIO:
        absolute = await self._reached(path)
        reads, writes = pflags & asyncssh.FXF_READ, pflags & (asyncssh.FXF_WRITE | asyncssh.FXF_APPEND)
        flags = (os.O_RDWR if reads else os.O_WRONLY) if writes else os.O_RDONLY
        for bit, flag in _FLAGS.items():
            flags |= flag if pflags & bit else 0
        place = self._host.files.place(absolute, account=self._account)
        if place.path in self._host.files.computed and not writes:
            return io.BytesIO(self._host.files.read(place.path))
        mode = 0o644 if attrs.permissions is None else attrs.permissions & 0o7777
        descriptor = self._host.files.open_descriptor(absolute, flags, self._account, mode=mode)
        return os.fdopen(descriptor, "r+b" if writes and reads else "wb" if writes else "rb", buffering=0)

    async def stat(self, path: bytes) -> asyncssh.SFTPAttrs:
        return self._attributes(self._host.files.status(await self._reached(path), self._account))

    async def lstat(self, path: bytes) -> asyncssh.SFTPAttrs:
        return self._attributes(self._host.files.status(await self._reached(path), self._account, follow=False))

    def fstat(self, file_obj: object) -> asyncssh.SFTPAttrs:
        if isinstance(file_obj, io.BytesIO):
            return asyncssh.SFTPAttrs(size=len(file_obj.getvalue()), permissions=stat.S_IFREG | 0o444)
        return asyncssh.SFTPAttrs.from_local(os.fstat(file_obj.fileno()))  # type: ignore[attr-defined]

    async def setstat(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        absolute = await self._reached(path)
        if attrs.permissions is not None:
            self._host.files.change_mode(absolute, attrs.permissions, self._account)
        if attrs.mtime is not None:
            self._host.files.set_modified(absolute, attrs.mtime, self._account)

    async def lsetstat(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        await self.setstat(path, attrs)

    async def fsetstat(self, file_obj: object, attrs: asyncssh.SFTPAttrs) -> None:
        """Modes are kept beside the real files, and those of an open file were set when it was made."""

    async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        absolute = await self._reached(path)
        for name in self._host.files.names(absolute, self._account):
            status = self._host.files.status(posixpath.join(absolute, name), self._account, follow=False)
            yield asyncssh.SFTPName(os.fsencode(name), attrs=self._attributes(status))

    async def remove(self, path: bytes) -> None:
        self._host.files.remove(await self._reached(path), self._account)

    async def mkdir(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        mode = 0o755 if attrs.permissions is None else attrs.permissions & 0o7777
        self._host.files.make_directory(await self._reached(path), self._account, mode=mode)

    async def rmdir(self, path: bytes) -> None:
        self._host.files.remove_directory(await self._reached(path), self._account)

    def realpath(self, path: bytes) -> bytes:
        return os.fsencode(self._path(path))

    async def rename(self, oldpath: bytes, newpath: bytes) -> None:
        target = await self._reached(newpath)
        if self._host.files.exists(target):
            raise asyncssh.SFTPFailure("the file exists")
        self._host.files.rename(await self._reached(oldpath), target, self._account)

    async def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        self._host.files.rename(await self._reached(oldpath), await self._reached(newpath), self._account)

    async def readlink(self, path: bytes) -> bytes:
        return os.fsencode(self._host.files.link_target(await self._reached(path)))

    async def symlink(self, oldpath: bytes, newpath: bytes) -> None:
        self._host.files.link(os.fsdecode(oldpath), await self._reached(newpath), self._account)

    def link(self, oldpath: bytes, newpath: bytes) -> None:
        raise asyncssh.SFTPOpUnsupported("hard links are not supported")

    def statvfs(self, path: bytes) -> asyncssh.SFTPVFSAttrs:
        volume = self._host.files.mount_of(self._path(path)).volume
        return asyncssh.SFTPVFSAttrs(
            bsize=volume.block_size,
            frsize=volume.block_size,
            blocks=volume.blocks,
            bfree=volume.free_blocks,
            bavail=volume.free_blocks,
        )
