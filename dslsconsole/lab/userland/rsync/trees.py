"""The two sides of a transfer: what is there, and what has to change."""

import posixpath
from dataclasses import dataclass

from dslsconsole.lab.accounts import Account
from dslsconsole.lab.filesystem import FileSystem, Status
from dslsconsole.lab.host import Host
from dslsconsole.lab.userland.rsync.options import Settings


@dataclass(frozen=True, slots=True)
class Side:
    """A directory of a host as one user sees it."""

    host: Host
    account: Account
    root: str

    @property
    def files(self) -> FileSystem:
        return self.host.files

    def path(self, name: str) -> str:
        return posixpath.normpath(f"{self.root}/{name}") if name else self.root

    def status(self, name: str) -> Status | None:
        """What is there under a relative name; None for nothing."""
        try:
            return self.files.status(self.path(name), follow=False)
        except OSError:
            return None


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of a side by relative name, a directory before what is in it, and what could not be listed."""

    entries: dict[str, Status]
    unreadable: tuple[str, ...]


def listed(side: Side, settings: Settings, *, enter: bool = True) -> Listing:
    """Everything below a side's root that is not excluded; names are relative, "" is the root itself."""
    entries: dict[str, Status] = {}
    unreadable: list[str] = []

    def visit(name: str) -> None:
        status = side.status(name)
        if status is None or (name and settings.is_excluded(name, is_directory=status.is_directory)):
            return
        if status.is_link and "l" not in settings.letters:
            return
        entries[name] = status
        if not status.is_directory or not enter:
            return
        try:
            names = side.files.names(side.path(name), side.account)
        except OSError:
            unreadable.append(side.path(name))
            return
        below = {f"{name}/{entry}" if name else entry: side.status(f"{name}/{entry}") for entry in names}
        for entry in sorted(below, key=lambda entry: _is_directory(below[entry])):
            visit(entry)

    visit("")
    return Listing(entries, tuple(unreadable))


def _is_directory(status: Status | None) -> bool:
    return status is not None and status.is_directory


def is_changed(settings: Settings, source: Side, target: Side, name: str, new: Status, old: Status) -> bool:
    """Whether a file's content has to be sent: by size and time, or by content with --checksum."""
    if new.size != old.size:
        return True
    if settings.size_only:
        return False
    if settings.checksum or "t" not in settings.letters:
        if not settings.checksum and int(new.modified) == int(old.modified):
            return False
        return not settings.checksum or source.files.read(source.path(name)) != target.files.read(target.path(name))
    return int(new.modified) != int(old.modified)


def itemized(settings: Settings, new: Status, old: Status | None, *, sends: bool) -> str:
    """The eleven characters of `--itemize-changes` (rsync(1))."""
    kind = "d" if new.is_directory else "L" if new.is_link else "f"
    if old is None:
        return ("cd" if kind == "d" else "cL" if kind == "L" else ">f") + "+++++++++"
    marks = ["."] * 9
    if kind == "f" and sends and new.size == old.size and settings.checksum:
        marks[0] = "c"
    if kind == "f" and new.size != old.size:
        marks[1] = "s"
    if int(new.modified) != int(old.modified) and kind != "L":
        marks[2] = "t" if "t" in settings.letters else "T" if sends else "."
    if "p" in settings.letters and new.mode != old.mode and kind != "L":
        marks[3] = "p"
    first = ">" if sends and kind == "f" else "c" if sends else "."
    return first + kind + "".join(marks)
