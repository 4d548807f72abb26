"""The file system of a practice host: a private directory tree, what is mounted on it, and computed files.

Paths are the host's own, absolute, and never lead out of the tree. Owners and modes are kept beside the real files,
so that the practice estate itself can always read and clean what it made.
"""

import errno
import os
import posixpath
import stat as status_bits
from collections.abc import Callable
from pathlib import Path

from dslsconsole.lab.accounts import ROOT, Account
from dslsconsole.lab.network import Network
from dslsconsole.lab.volumes import Mount, Ownership, Place, Status, Volume, failure

__all__ = ["FileSystem", "Mount", "Ownership", "Place", "Status", "Volume", "failure"]

_MOST_LINKS = 40


class FileSystem:
    """What a host's programs see under `/`."""

    def __init__(self, root: Path, host: str, network: Network) -> None:
        """The network says whether the host reaches the server of a network file system."""
        self.root_volume = Volume(root)
        self.mounts: list[Mount] = [Mount("/", "ext4", "/dev/sda1", self.root_volume)]
        self.computed: dict[str, Callable[[], bytes]] = {}
        self._host = host
        self._network = network

    def mount(self, mount: Mount) -> None:
        """Mount over a directory, which is made where it does not exist."""
        (self.root_volume.directory / mount.point.lstrip("/")).mkdir(parents=True, exist_ok=True)
        (mount.volume.directory / mount.directory.lstrip("/")).mkdir(parents=True, exist_ok=True)
        self.mounts.append(mount)

    def unmount(self, point: str) -> Mount:
        """Take the last mount from a mount point, so that the directory underneath shows.

        Raises:
            OSError: nothing is mounted there.
        """
        for mount in reversed(self.mounts[1:]):
            if mount.point == point:
                self.mounts.remove(mount)
                return mount
        raise failure(errno.EINVAL, point)

    def mount_of(self, path: str) -> Mount:
        """The mount that a path lies on."""
        best = self.mounts[0]
        for mount in self.mounts[1:]:
            if (path == mount.point or path.startswith(mount.point + "/")) and len(mount.point) >= len(best.point):
                best = mount
        return best

    def is_hanging(self, mount: Mount) -> bool:
        """Whether reading from a mount waits for its server, as a hard NFS mount does."""
        return mount.is_hanging or (mount.server is not None and not self._network.connected(self._host, mount.server))

    async def reach(self, path: str) -> None:
        """Wait until the mount of a path answers.

        Raises:
            OSError: the mount has gone stale.
        """
        mount = self.mount_of(path)
        while self.is_hanging(mount):
            await mount.until_answering()
            if mount.server is not None:
                await self._network.until_connected(self._host, mount.server)
        if mount.is_stale:
            raise failure(errno.ESTALE, path)

    def _place(self, path: str) -> Place:
        mount, inner = self._inner(path)
        return Place(path, mount, inner, mount.volume.directory / inner.lstrip("/"))

    def _inner(self, path: str) -> tuple[Mount, str]:
        mount = self.mount_of(path)
        inner = path[len(mount.point) :] if mount.point != "/" else path
        return mount, posixpath.normpath(mount.directory + "/" + inner).replace("//", "/")

    def _mode(self, path: str) -> int:
        """The type bits of what lies at a path, links not followed; 0 where there is nothing."""
        # Every command of a practice host walks paths: text and one system call a part, where Path objects take ten.
        mount, inner = self._inner(path)
        try:
            return status_bits.S_IFMT(os.lstat(f"{mount.volume.directory}{inner}").st_mode)
        except (FileNotFoundError, NotADirectoryError):
            return 0

    def place(self, path: str, *, follow: bool = True, account: Account = ROOT) -> Place:
        """Where a path leads, every symbolic link on the way resolved inside the host.

        Raises:
            OSError: too many links, a directory on the way that is missing, no directory, or closed to the account.
        """
        pending = [part for part in path.split("/") if part and part != "."][::-1]
        current, links = "/", 0
        while pending:
            part = pending.pop()
            if part == "..":
                current = posixpath.dirname(current)
                continue
            self._check_search(current, account, path)
            candidate = posixpath.join(current, part)
            kind = self._mode(candidate)
            if kind == status_bits.S_IFLNK and (follow or pending):
                links += 1
                if links > _MOST_LINKS:
                    raise failure(errno.ELOOP, path)
                link = str(self._place(candidate).real.readlink())
                if link.startswith("/"):
                    current = "/"
                pending += [part for part in link.split("/") if part and part != "."][::-1]
                continue
            if pending and candidate not in self.computed and kind != status_bits.S_IFDIR:
                raise failure(errno.ENOTDIR if kind else errno.ENOENT, path)
            current = candidate
        return self._place(current)

    def _ownership(self, place: Place) -> Ownership:
        known = place.mount.volume.ownerships.get(place.inner)
        if known is not None:
            return known
        try:
            mode = place.real.lstat().st_mode
        except FileNotFoundError:
            mode = 0o644
        return Ownership("root", 0o1777 if place.path == "/tmp" else status_bits.S_IMODE(mode) & ~0o022)

    def _allows(self, place: Place, account: Account, bit: int) -> bool:
        if account.is_root:
            return True
        ownership = self._ownership(place)
        shift = 6 if ownership.owner == account.name else 0
        return bool(ownership.mode >> shift & bit)

    def _check_search(self, directory: str, account: Account, path: str) -> None:
        if account.is_root:
            return
        if not self._allows(self._place(directory), account, 1):
            raise failure(errno.EACCES, path)

    def check(self, place: Place, account: Account, bit: int) -> None:
        """Raise PermissionError unless an account may read (4), write (2) or execute (1)."""
        if bit & 2 and place.mount.is_read_only:
            raise failure(errno.EROFS, place.path)
        if not self._allows(place, account, bit):
            raise failure(errno.EACCES, place.path)

    def _parent_for_change(self, place: Place, account: Account) -> None:
        parent = self._place(posixpath.dirname(place.path))
        if not parent.real.is_dir():
            raise failure(errno.ENOENT, place.path)
        self.check(parent, account, 2)
        if place.path in self.computed or place.path in {mount.point for mount in self.mounts}:
            raise failure(errno.EBUSY, place.path)
        is_sticky = bool(self._ownership(parent).mode & 0o1000)
        is_foreign = os.path.lexists(place.real) and self._ownership(place).owner != account.name
        if is_sticky and is_foreign and not account.is_root:
            raise failure(errno.EPERM, place.path)

    def status(self, path: str, account: Account = ROOT, *, follow: bool = True) -> Status:
        """What stat(2), or lstat(2) without `follow`, tells.

        Raises:
            OSError: there is no such file, or the account may not look.
        """
        place = self.place(path, follow=follow, account=account)
        if (compute := self.computed.get(place.path)) is not None:
            size = 0 if place.path.startswith("/proc/") else len(compute())
            return Status(status_bits.S_IFREG | 0o444, "root", size, 0.0, abs(hash(place.path)) % 10**6, 1)
        try:
            real = place.real.lstat()
        except (FileNotFoundError, NotADirectoryError) as error:
            raise failure(error.errno or errno.ENOENT, path) from None
        ownership = self._ownership(place)
        mode = status_bits.S_IFMT(real.st_mode) | ownership.mode
        return Status(mode, ownership.owner, real.st_size, real.st_mtime, real.st_ino, real.st_nlink)

    def exists(self, path: str) -> bool:
        """Whether a path leads to anything."""
        try:
            self.status(path)
        except OSError:
            return False
        return True

    def is_directory(self, path: str) -> bool:
        """Whether a path leads to a directory."""
        try:
            return self.status(path).is_directory
        except OSError:
            return False

    def names(self, path: str, account: Account = ROOT) -> list[str]:
        """The sorted names in a directory.

        Raises:
            OSError: it is no directory, or closed to the account.
        """
        place = self.place(path, account=account)
        if not place.real.is_dir():
            raise failure(errno.ENOTDIR if place.real.exists() else errno.ENOENT, path)
        self.check(place, account, 4)
        names = {entry.name for entry in place.real.iterdir()}
        names |= {posixpath.basename(name) for name in self.computed if posixpath.dirname(name) == place.path}
        return sorted(names)

    def read(self, path: str, account: Account = ROOT) -> bytes:
        """A whole file.

        Raises:
            OSError: there is no such file, it is a directory, or closed to the account.
        """
        place = self.place(path, account=account)
        if (compute := self.computed.get(place.path)) is not None:
            return compute()
        self._must_be_file(place, path)
        self.check(place, account, 4)
        return place.real.read_bytes()

    @staticmethod
    def _must_be_file(place: Place, path: str) -> None:
        if place.real.is_dir():
            raise failure(errno.EISDIR, path)
        if not place.real.exists():
            raise failure(errno.ENOENT, path)

    def open_descriptor(self, path: str, flags: int, account: Account = ROOT, *, mode: int = 0o644) -> int:
        """A real file descriptor for a file of the host.

        Args:
            path: the host's own path.
            flags: as for open(2).
            account: on whose behalf.
            mode: permission bits of a new file.

        Raises:
            OSError: as open(2) would.
        """
        place = self.place(path, account=account)
        is_new = not place.real.exists()
        writes = flags & (os.O_WRONLY | os.O_RDWR)
        if is_new:
            if not flags & os.O_CREAT:
                raise failure(errno.ENOENT, path)
            self._parent_for_change(place, account)
            if place.mount.volume.is_full:
                raise failure(errno.ENOSPC, path)
        elif flags & os.O_EXCL and flags & os.O_CREAT:
            raise failure(errno.EEXIST, path)
        elif place.real.is_dir() and writes:
            raise failure(errno.EISDIR, path)
        else:
            self.check(place, account, 2 if writes else 4)
        descriptor = os.open(place.real, flags | os.O_CLOEXEC, 0o644)
        if is_new:
            self.own(place, account.name, mode)
        return descriptor

    @staticmethod
    def own(place: Place, owner: str, mode: int) -> None:
        """Record the owner and the permission bits of what lies at a place."""
        place.mount.volume.ownerships[place.inner] = Ownership(owner, mode & 0o7777)

    def write(self, path: str, data: bytes, account: Account = ROOT, *, mode: int = 0o644) -> None:
        """Make or replace a file.

        Raises:
            OSError: as open(2) and write(2) would.
        """
        descriptor = self.open_descriptor(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, account, mode=mode)
        with os.fdopen(descriptor, "wb") as file:
            if data and self.place(path).mount.volume.is_full:
                raise failure(errno.ENOSPC, path)
            file.write(data)

    def make_directory(self, path: str, account: Account = ROOT, *, mode: int = 0o755, parents: bool = False) -> None:
        """Make a directory; with `parents` those above it too, and one that exists is fine.

        Raises:
            OSError: as mkdir(2) would.
        """
        if parents and posixpath.dirname(path) != path and not self.exists(posixpath.dirname(path)):
            self.make_directory(posixpath.dirname(path), account, mode=mode, parents=True)
        place = self.place(path, account=account)
        if place.real.exists():
            if parents and place.real.is_dir():
                return
            raise failure(errno.EEXIST, path)
        self._parent_for_change(place, account)
        place.real.mkdir()
        self.own(place, account.name, mode)

    def remove(self, path: str, account: Account = ROOT) -> None:
        """Remove a file or a link, as unlink(2).

        Raises:
            OSError: as unlink(2) would.
        """
        place = self.place(path, follow=False, account=account)
        if place.real.is_dir() and not place.real.is_symlink():
            raise failure(errno.EISDIR, path)
        if not os.path.lexists(place.real):
            raise failure(errno.ENOENT, path)
        self._parent_for_change(place, account)
        place.real.unlink()
        place.mount.volume.ownerships.pop(place.inner, None)

    def remove_directory(self, path: str, account: Account = ROOT) -> None:
        """Remove an empty directory, as rmdir(2).

        Raises:
            OSError: as rmdir(2) would.
        """
        place = self.place(path, follow=False, account=account)
        if not place.real.is_dir() or place.real.is_symlink():
            raise failure(errno.ENOTDIR if os.path.lexists(place.real) else errno.ENOENT, path)
        self._parent_for_change(place, account)
        if any(place.real.iterdir()):
            raise failure(errno.ENOTEMPTY, path)
        place.real.rmdir()
        place.mount.volume.ownerships.pop(place.inner, None)

    def rename(self, old: str, new: str, account: Account = ROOT) -> None:
        """Move within a file system, as rename(2).

        Raises:
            OSError: as rename(2) would.
        """
        source = self.place(old, follow=False, account=account)
        target = self.place(new, follow=False, account=account)
        if not os.path.lexists(source.real):
            raise failure(errno.ENOENT, old)
        if source.mount is not target.mount:
            raise failure(errno.EXDEV, new)
        self._parent_for_change(source, account)
        self._parent_for_change(target, account)
        ownerships = source.mount.volume.ownerships
        for inner in [name for name in ownerships if name == source.inner or name.startswith(source.inner + "/")]:
            ownerships[target.inner + inner[len(source.inner) :]] = ownerships.pop(inner)
        source.real.rename(target.real)

    def link(self, target: str, path: str, account: Account = ROOT) -> None:
        """Make a symbolic link at a path.

        Raises:
            OSError: as symlink(2) would.
        """
        place = self.place(path, follow=False, account=account)
        if os.path.lexists(place.real):
            raise failure(errno.EEXIST, path)
        self._parent_for_change(place, account)
        place.real.symlink_to(target)
        self.own(place, account.name, 0o777)

    def link_target(self, path: str) -> str:
        """Where a symbolic link points, as it was written.

        Raises:
            OSError: it is no link.
        """
        place = self.place(path, follow=False)
        if not place.real.is_symlink():
            raise failure(errno.EINVAL, path)
        return str(place.real.readlink())

    def change_mode(self, path: str, mode: int, account: Account = ROOT) -> None:
        """Set permission bits, as chmod(2).

        Raises:
            OSError: as chmod(2) would.
        """
        place = self.place(path, account=account)
        ownership = self._ownership_for_change(place, path, account)
        self.own(place, ownership.owner, mode)

    def change_owner(self, path: str, owner: str, account: Account = ROOT) -> None:
        """Set the owner, as chown(2).

        Raises:
            OSError: as chown(2) would.
        """
        if not account.is_root:
            raise failure(errno.EPERM, path)
        place = self.place(path)
        self.own(place, owner, self._ownership_for_change(place, path, account).mode)

    def _ownership_for_change(self, place: Place, path: str, account: Account) -> Ownership:
        if not place.real.exists():
            raise failure(errno.ENOENT, path)
        ownership = self._ownership(place)
        if not account.is_root and ownership.owner != account.name:
            raise failure(errno.EPERM, path)
        return ownership

    def set_modified(self, path: str, epoch: float, account: Account = ROOT) -> None:
        """Set the time of the last change, epoch seconds.

        Raises:
            OSError: as utimensat(2) would.
        """
        place = self.place(path, account=account)
        self._ownership_for_change(place, path, account)
        os.utime(place.real, (epoch, epoch))
