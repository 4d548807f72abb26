"""What lies at the storage paths: /proc/self/mountinfo (proc(5)), which touches no mount, and statfs, which may."""

import posixpath
import re
from collections.abc import Mapping

from msgspec import Struct

from dslsconsole.model.node import Mount
from dslsconsole.ssh.cleaning import clean
from dslsconsole.systems.answers import Unreadable, lines, whole

_OCTAL = re.compile(r"\\([0-7]{3})")


class Space(Struct, frozen=True):
    """What statfs told of one path."""

    answers: bool | None
    """False: it did not come back within its limit. None: it was not asked, or failed otherwise."""
    free_pct: int | None = None


class MountPoint(Struct, frozen=True):
    fstype: str
    source: str


def parse_mountinfo(text: str) -> dict[str, MountPoint]:
    """Mount points by path; of several on one path the last, which is the one that is seen.

    Raises:
        Unreadable: it holds no mount at all, which no host is without.
    """
    found: dict[str, MountPoint] = {}
    for line in lines(text):
        before, separator, after = line.partition(" - ")
        fields, kind = before.split(" "), after.split(" ")
        if separator and len(fields) >= 6 and len(kind) >= 2 and fields[4].startswith("/"):
            found[_plain(fields[4])] = MountPoint(clean(kind[0], 60), clean(_plain(kind[1]), 300))
    if not found:
        raise Unreadable(f"it holds no mount: {clean(text, 80) or 'nothing at all'}")
    return found


def parse_statfs(text: str) -> Space:
    """`stat -f -c '%b %a %S'`: blocks, blocks free for users, block size.

    Raises:
        Unreadable: it is not three numbers.
    """
    numbers = [whole(part) for part in text.split()[:3]]
    if len(numbers) < 3 or numbers[0] is None or numbers[1] is None:
        raise Unreadable(f"it is no size: {clean(text, 80) or 'nothing at all'}")
    blocks, free = numbers[0], numbers[1]
    return Space(True, None if blocks == 0 or free > blocks else free * 100 // blocks)


def mounts_at(
    paths: Mapping[str, str], found: Mapping[str, MountPoint], spaces: Mapping[str, Space]
) -> tuple[Mount, ...]:
    """The storage paths, by their names in the estate file, each with the mount that is exactly there."""
    mounts = []
    for name, path in paths.items():
        point = found.get(posixpath.normpath(path))
        space = spaces.get(path, Space(None)) if point is not None else Space(None)
        mounts.append(
            Mount(
                name=name,
                path=path,
                mounted=point is not None,
                fstype=point.fstype if point else None,
                source=point.source if point else None,
                answers=space.answers,
                free_pct=space.free_pct,
            )
        )
    return tuple(mounts)


def _plain(text: str) -> str:
    return _OCTAL.sub(lambda match: chr(int(match[1], 8)), text)
