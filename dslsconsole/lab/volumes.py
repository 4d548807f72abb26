"""What file systems of the practice hosts are made of: volumes, mounts, and what is known of a file."""

import asyncio
import os
import stat as status_bits
from dataclasses import dataclass, field
from pathlib import Path


def failure(number: int, path: str) -> OSError:
    """The error a system call gives, with the host's own path."""
    return OSError(number, os.strerror(number), path)


@dataclass(frozen=True, slots=True)
class Ownership:
    """Owner and permission bits of one file."""

    owner: str
    mode: int


@dataclass(slots=True)
class Volume:
    """A directory of the real machine that holds a file system, with its owners and its size."""

    directory: Path
    blocks: int = 10_000_000
    free_blocks: int = 7_000_000
    block_size: int = 4096
    is_full: bool = False
    ownerships: dict[str, Ownership] = field(default_factory=dict)


@dataclass(slots=True)
class Mount:
    """A volume, or a directory in it, at a mount point."""

    point: str
    fstype: str
    source: str
    volume: Volume
    directory: str = "/"
    options: str = "rw,relatime"
    super_options: str = "rw"
    server: str | None = None
    """The host the volume is read from, for network file systems."""
    is_stale: bool = False
    _answers: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._answers.set()

    @property
    def is_hanging(self) -> bool:
        return not self._answers.is_set()

    def hang(self) -> None:
        """Let everything that touches the mount wait."""
        self._answers.clear()

    def resume(self) -> None:
        """End a hang."""
        self._answers.set()

    async def until_answering(self) -> None:
        """Wait while the mount hangs."""
        await self._answers.wait()

    @property
    def is_read_only(self) -> bool:
        return "ro" in self.options.split(",")


@dataclass(frozen=True, slots=True)
class Status:
    """What stat(2) tells. Times are epoch seconds."""

    mode: int
    owner: str
    size: int
    modified: float
    inode: int
    links: int

    @property
    def is_directory(self) -> bool:
        return status_bits.S_ISDIR(self.mode)

    @property
    def is_file(self) -> bool:
        return status_bits.S_ISREG(self.mode)

    @property
    def is_link(self) -> bool:
        return status_bits.S_ISLNK(self.mode)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a path leads: the mount, the path inside its volume, and the real path."""

    path: str
    mount: Mount
    inner: str
    real: Path
