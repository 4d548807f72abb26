"""The programs of a practice host: coreutils, text tools, ssh and rsync, all on the host's own file system."""

from dslsconsole.lab.host import Host


def install(host: Host) -> None:
    """Give a host its programs and the files the kernel computes."""
