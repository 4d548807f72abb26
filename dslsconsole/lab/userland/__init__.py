"""The programs of a practice host: coreutils, text tools, ssh and rsync, all on the host's own file system."""

from dslsconsole.lab.host import Host, Program
from dslsconsole.lab.shell.conditions import test
from dslsconsole.lab.shell.printing import echo, printf
from dslsconsole.lab.shell.program import sh
from dslsconsole.lab.userland import coding, files, mounts, remote, search, system, text
from dslsconsole.lab.userland.rsync.transfer import rsync
from dslsconsole.lab.userland.status import false, true

PROGRAMS: dict[str, Program] = {
    "[": test,
    "base64": coding.base64,
    "basename": files.basename,
    "bash": sh,
    "cat": text.cat,
    "chmod": files.chmod,
    "chown": files.chown,
    "cp": files.cp,
    "cut": text.cut,
    "dash": sh,
    "date": system.date,
    "df": mounts.df,
    "dirname": files.dirname,
    "echo": echo,
    "egrep": search.grep,
    "env": system.env,
    "false": false,
    "findmnt": mounts.findmnt,
    "grep": search.grep,
    "gunzip": coding.gzip,
    "gzip": coding.gzip,
    "head": text.head,
    "hostname": system.hostname,
    "id": system.id_,
    "ip": mounts.ip,
    "kill": system.kill_by_signal,
    "ln": files.ln,
    "logger": system.logger,
    "ls": files.ls,
    "md5sum": coding.digest("md5"),
    "mkdir": files.mkdir,
    "mktemp": files.mktemp,
    "mount": mounts.mount,
    "mountpoint": mounts.mountpoint,
    "mv": files.mv,
    "printf": printf,
    "ps": system.ps,
    "readlink": files.readlink,
    "realpath": files.readlink,
    "rm": files.rm,
    "rmdir": files.rmdir,
    "rsync": rsync,
    "sed": search.sed,
    "sh": sh,
    "sha256sum": coding.digest("sha256"),
    "sleep": system.sleep,
    "sort": text.sort,
    "ssh": remote.ssh,
    "stat": files.stat,
    "sudo": system.sudo,
    "tail": text.tail,
    "tee": text.tee,
    "test": test,
    "timeout": system.timeout,
    "touch": files.touch,
    "tr": text.tr,
    "true": true,
    "uname": system.uname,
    "uniq": text.uniq,
    "wc": text.wc,
    "whoami": system.whoami,
    "zcat": coding.gzip,
}


def install(host: Host) -> None:
    """Give a host its programs and the files the kernel computes."""
    host.programs.update(PROGRAMS)
    mounts.install(host)
