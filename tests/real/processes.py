"""Which processes belong to which, from /proc (proc(5))."""

from pathlib import Path


def children(pid: int) -> list[int]:
    """The processes whose parent is `pid`."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(int(entry.name))
    return found


def sshd_children(pid: int) -> list[int]:
    """Of a connection's process: those that are sshd's too, not the commands that it runs."""
    return [child for child in children(pid) if Path(f"/proc/{child}/comm").read_text().startswith("sshd")]
