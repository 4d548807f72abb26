"""The programs of a practice host: coreutils, text tools, ssh and rsync, all on the host's own file system."""

from dslsconsole.lab.host import Host, Program
from dslsconsole.lab.shell.conditions import test
from dslsconsole.lab.shell.printing import echo, printf
from dslsconsole.lab.shell.program import sh

PROGRAMS: dict[str, Program] = {
    "[": test,
    "bash": sh,
    "dash": sh,
    "echo": echo,
    "printf": printf,
    "sh": sh,
    "test": test,
}


def install(host: Host) -> None:
    """Give a host its programs and the files the kernel computes."""
    host.programs.update(PROGRAMS)
