"""The kernel's own calls that namespaces are made of: unshare(2), mount(2), pivot_root(2), prctl(2)."""

import ctypes
import os
import signal
import subprocess
from pathlib import Path

NEW_MOUNTS, NEW_NAMES, NEW_IPC, NEW_PIDS, NEW_NETWORK = 0x00020000, 0x04000000, 0x08000000, 0x20000000, 0x40000000
BIND, RECURSIVE, PRIVATE, READ_ONLY = 0x1000, 0x4000, 0x40000, 0x1
_DETACH = 2
_PARENT_DEATH_SIGNAL = 1
_libc = ctypes.CDLL(None, use_errno=True)


def _done(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare(flags: int) -> None:
    """Leave the namespaces that the flags name; new processes are the first in a new PID namespace."""
    _done(_libc.unshare(flags), "unshare")


def mount(source: str, target: Path, kind: str = "", flags: int = 0, options: str = "") -> None:
    words = (source.encode(), bytes(target), kind.encode())
    _done(_libc.mount(*words, ctypes.c_ulong(flags), options.encode()), f"mount {source} on {target}")


def bind(source: Path, target: Path) -> None:
    """Show a file or a directory, with what is mounted below it, at another place too."""
    mount(str(source), target, flags=BIND | RECURSIVE)


def keep_mounts_private() -> None:
    """What is mounted from now on is seen in this mount namespace alone."""
    mount("none", Path("/"), flags=RECURSIVE | PRIVATE)


def change_root(new: Path) -> None:
    """Make a mount point `/`, and let go of everything else."""
    old = new / ".old"
    old.mkdir(exist_ok=True)
    subprocess.run(["pivot_root", str(new), str(old)], check=True)
    os.chdir("/")
    _done(_libc.umount2(b"/.old", _DETACH), "umount /.old")
    Path("/.old").rmdir()


def die_with(parent: int) -> None:
    """End this process as soon as its parent ends, however that happens."""
    _done(_libc.prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0), "prctl")
    if os.getppid() != parent:
        os._exit(1)
