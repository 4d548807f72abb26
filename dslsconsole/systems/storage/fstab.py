"""What is mounted and how: /etc/fstab at boot (fstab(5)), /proc/self/mountinfo now (proc(5))."""

import posixpath

from msgspec import Struct

from dslsconsole.ssh.cleaning import clean
from dslsconsole.systems.answers import lines
from dslsconsole.systems.storage.read import MountPoint, parse_mountinfo

MOST_ENTRIES = 1_000


class FstabEntry(Struct, frozen=True):
    source: str
    path: str
    fstype: str
    options: frozenset[str]


def parse_fstab(text: str) -> tuple[FstabEntry, ...]:
    """Every entry, in the file's order. A file without one is a file without one."""
    found: list[FstabEntry] = []
    for line in lines(text):
        fields = line.split()
        if line.startswith("#") or len(fields) < 3 or len(found) >= MOST_ENTRIES:
            continue
        options = frozenset(clean(option, 100) for option in (fields[3] if len(fields) > 3 else "defaults").split(","))
        source, path, fstype = (clean(field.replace("\\040", " "), 300) for field in fields[:3])
        found.append(FstabEntry(source, posixpath.normpath(path) if path.startswith("/") else path, fstype, options))
    return tuple(found)


class Mounted(Struct, frozen=True):
    """One mount point, with the options of the mount and of its file system: hard or soft, rw or ro."""

    point: MountPoint
    options: frozenset[str]


def parse_mounted(text: str) -> dict[str, Mounted]:
    """Mount points by path with their options; of several on one path the last, which is the one that is seen.

    Raises:
        Unreadable: it holds no mount at all, which no host is without.
    """
    points = parse_mountinfo(text)
    options: dict[str, frozenset[str]] = {}
    for line in lines(text):
        before, separator, after = line.partition(" - ")
        fields, kind = before.split(" "), after.split(" ")
        if separator and len(fields) >= 6 and len(kind) >= 2:
            told = f"{fields[5]},{kind[2] if len(kind) > 2 else ''}"
            options[fields[4].replace("\\040", " ")] = frozenset(clean(one, 100) for one in told.split(",") if one)
    return {path: Mounted(point, options.get(path, frozenset())) for path, point in points.items()}
