"""Which process a number means: numbers are given anew, and what a host says of one is no word to act on."""

import os
from pathlib import Path


def identity(pid: int | None = None) -> str:
    """A process of this machine told from all that had or will have its number; empty where the system can't tell.

    The boot's id and the start time in clock ticks since then (proc(5), /proc/PID/stat field 22).
    """
    number = os.getpid() if pid is None else pid
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        # The second field is the program's name in brackets, which may hold blanks and brackets itself.
        fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    except (OSError, UnicodeDecodeError):
        return ""
    return f"{boot}:{fields[19]}" if len(fields) > 19 and fields[0] not in ("Z", "X") else ""


def alive(pid: int | None, process: str) -> bool:
    """Whether the process that had this number and this identity still lives here."""
    if not pid or pid <= 0 or pid >= 2**31:
        return False
    if process:
        return identity(pid) == process
    try:
        return b"dslsconsole" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
