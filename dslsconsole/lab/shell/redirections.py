"""Opens the files that redirections name, on the host's own file system."""

import errno
import os
from collections.abc import Callable

from dslsconsole.lab.filesystem import failure
from dslsconsole.lab.shell.state import ShellError, State, Stream
from dslsconsole.lab.streams import Buffer, Null

_OPENING = {
    "<": os.O_RDONLY,
    ">": os.O_WRONLY | os.O_CREAT | os.O_TRUNC,
    ">|": os.O_WRONLY | os.O_CREAT | os.O_TRUNC,
    ">>": os.O_WRONLY | os.O_CREAT | os.O_APPEND,
    "<>": os.O_RDWR | os.O_CREAT,
}
_REASONS = {
    errno.ENOENT: "No such file",
    errno.EACCES: "Permission denied",
    errno.EISDIR: "Is a directory",
    errno.EEXIST: "File exists",
}


class OpenFile:
    """A file of the host that is open for reading, writing or both."""

    def __init__(self, descriptor: int, path: str, is_full: Callable[[], bool]) -> None:
        self._descriptor = descriptor
        self._path = path
        self._is_full = is_full

    async def read(self, size: int = -1) -> bytes:
        if size >= 0:
            return os.read(self._descriptor, size)
        parts = []
        while part := os.read(self._descriptor, 1 << 16):
            parts.append(part)
        return b"".join(parts)

    async def readline(self) -> bytes:
        start = os.lseek(self._descriptor, 0, os.SEEK_CUR)
        line = bytearray()
        while b"\n" not in line and (part := os.read(self._descriptor, 4096)):
            line += part
        taken, newline, _ = bytes(line).partition(b"\n")
        os.lseek(self._descriptor, start + len(taken) + len(newline), os.SEEK_SET)
        return taken + newline

    async def write(self, data: bytes) -> None:
        if data and self._is_full():
            raise failure(errno.ENOSPC, self._path)
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1


async def open_file(state: State, path: str, flags: int) -> Stream:
    """Open a file for a shell's user.

    Raises:
        OSError: as open(2) would.
    """
    files = state.host.files
    absolute = path if path.startswith("/") else f"{state.cwd}/{path}"
    await files.reach(absolute)
    if special := _special(state, absolute):
        return special
    place = files.place(absolute, account=state.account)
    if place.path in files.computed:
        if flags & (os.O_WRONLY | os.O_RDWR):
            raise failure(errno.EACCES, path)
        return Buffer(files.read(place.path))
    descriptor = files.open_descriptor(absolute, flags, state.account, mode=0o666 & ~state.umask)
    return OpenFile(descriptor, path, lambda: place.mount.volume.is_full)


def _special(state: State, path: str) -> Stream | None:
    match path:
        case "/dev/null" | "/dev/tty":
            return Null()
        case "/dev/stdin" | "/dev/fd/0" | "/proc/self/fd/0":
            return state.stdin
        case "/dev/stdout" | "/dev/fd/1" | "/proc/self/fd/1":
            return state.stdout
        case "/dev/stderr" | "/dev/fd/2" | "/proc/self/fd/2":
            return state.stderr
    return None


async def redirected(state: State, descriptor: int, operator: str, target: str, opened: list[Stream]) -> None:
    """Change one descriptor of a shell; what has to be closed later is added to `opened`.

    Raises:
        ShellError: the file can't be opened, or the descriptor is not open.
    """
    if operator in ("<&", ">&"):
        if target == "-":
            state.descriptors.pop(descriptor, None)
        elif target.isdigit() and int(target) in state.descriptors:
            state.descriptors[descriptor] = state.descriptors[int(target)]
        else:
            raise ShellError(f"{target}: Bad file descriptor" if target.isdigit() else "Bad fd number")
        return
    flags = _OPENING[operator]
    if operator == ">" and "C" in state.options and target != "/dev/null":
        flags |= os.O_EXCL
    try:
        stream = await open_file(state, target, flags)
    except OSError as error:
        verb = "open" if operator == "<" else "create"
        reason = _REASONS.get(error.errno or 0, error.strerror)
        if verb == "create" and error.errno == errno.ENOENT:
            reason = "Directory nonexistent"
        raise ShellError(f"cannot {verb} {target}: {reason}") from None
    state.descriptors[descriptor] = stream
    if isinstance(stream, OpenFile):
        opened.append(stream)


def close_all(opened: list[Stream]) -> None:
    """Close the files that redirections opened."""
    for stream in opened:
        if isinstance(stream, OpenFile):
            stream.close()
