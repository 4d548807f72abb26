"""rsync's command line."""

import fnmatch
import getopt
import re
import shlex
from dataclasses import dataclass, field

_LONG = [
    "archive",
    "recursive",
    "links",
    "perms",
    "times",
    "group",
    "owner",
    "devices",
    "specials",
    "verbose",
    "dry-run",
    "itemize-changes",
    "stats",
    "no-h",
    "no-human-readable",
    "human-readable",
    "delete",
    "delete-before",
    "delete-during",
    "delete-delay",
    "delete-after",
    "max-delete=",
    "timeout=",
    "contimeout=",
    "exclude=",
    "include=",
    "backup",
    "backup-dir=",
    "suffix=",
    "rsh=",
    "out-format=",
    "compress",
    "checksum",
    "force",
    "ignore-existing",
    "update",
    "inplace",
    "partial",
    "quiet",
    "numeric-ids",
    "mkpath",
    "omit-dir-times",
    "no-perms",
    "no-owner",
    "no-group",
    "no-times",
    "info=",
    "ignore-errors",
    "size-only",
    "rsync-path=",
    "protect-args",
    "secluded-args",
]
_ARCHIVE = "rlptgoD"


class UsageError(Exception):
    """The command line can't be understood; the text is what rsync prints."""


@dataclass(slots=True)
class Settings:
    """What one run is to do."""

    source: str
    destination: str
    letters: set[str] = field(default_factory=set)
    dry_run: bool = False
    itemize: bool = False
    stats: bool = False
    verbose: bool = False
    human: bool = True
    delete: bool = False
    delete_after: bool = False
    ignore_errors: bool = False
    max_delete: int | None = None
    excludes: list[str] = field(default_factory=list)
    backup_dir: str | None = None
    shell: list[str] = field(default_factory=lambda: ["ssh"])
    checksum: bool = False
    size_only: bool = False
    update: bool = False

    @property
    def remote(self) -> tuple[str, str] | None:
        """(USER@HOST, path) of a destination on another host."""
        match = re.match(r"([^/:\[\]]+):(?!:)", self.destination)
        return (match[1], self.destination[match.end() :]) if match else None

    def is_excluded(self, path: str, *, is_directory: bool) -> bool:
        """Whether a path, relative to the transfer's root, is left alone on both sides."""
        parts = path.split("/")
        return any(_excludes(pattern, parts, path, is_directory) for pattern in self.excludes)


def _excludes(pattern: str, parts: list[str], path: str, is_directory: bool) -> bool:
    if pattern.endswith("/"):
        if not is_directory:
            return False
        pattern = pattern[:-1]
    if pattern.startswith("/"):
        return fnmatch.fnmatchcase(path, pattern[1:])
    if "/" in pattern:
        return fnmatch.fnmatchcase(path, pattern) or fnmatch.fnmatchcase(path, f"*/{pattern}")
    return fnmatch.fnmatchcase(parts[-1], pattern)


def parsed(arguments: list[str]) -> Settings:
    """The settings a command line gives.

    Raises:
        UsageError: it can't be understood.
    """
    try:
        pairs, operands = getopt.gnu_getopt(arguments, "arlptgoDvnizhqe:cubPxWSHAX", _LONG)
    except getopt.GetoptError as error:
        dashes = "-" if len(error.opt) == 1 else "--"
        raise UsageError(f"rsync: {dashes}{error.opt}: unknown option") from None
    if len(operands) != 2:
        raise UsageError("rsync: one source and one destination are needed here")
    source, destination = operands
    settings = Settings(source, destination)
    for name, value in pairs:
        _apply(settings, name.lstrip("-"), value)
    return settings


def _apply(settings: Settings, name: str, value: str) -> None:
    letters = {"archive": _ARCHIVE, "a": _ARCHIVE, "recursive": "r", "links": "l", "perms": "p", "times": "t"}
    letters |= {letter: letter for letter in "rlptgoD"}
    match name:
        case _ if name in letters:
            settings.letters |= set(letters[name])
        case "no-perms" | "no-times" | "no-owner" | "no-group":
            settings.letters.discard(name[3])
        case "n" | "dry-run":
            settings.dry_run = True
        case "i" | "itemize-changes":
            settings.itemize = True
        case "stats":
            settings.stats = True
        case "v" | "verbose":
            settings.verbose = True
        case "no-h" | "no-human-readable":
            settings.human = False
        case "delete" | "delete-before" | "delete-during" | "delete-delay" | "delete-after":
            settings.delete = True
            settings.delete_after = settings.delete_after or name in ("delete-after", "delete-before")
        case "max-delete":
            settings.max_delete = _whole(name, value)
        case "exclude":
            settings.excludes.append(value)
        case "backup-dir":
            settings.backup_dir = value
        case "e" | "rsh":
            settings.shell = shlex.split(value)
        case "c" | "checksum":
            settings.checksum = True
        case "size-only":
            settings.size_only = True
        case "u" | "update":
            settings.update = True
        case "ignore-errors":
            settings.ignore_errors = True


def _whole(name: str, value: str) -> int:
    if not re.fullmatch(r"-?\d+", value):
        raise UsageError(f"rsync: --{name}={value}: invalid numeric value")
    return int(value)
