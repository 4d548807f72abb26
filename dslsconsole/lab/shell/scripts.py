"""How a file becomes a program: scripts on the host's file system, and `sh` itself."""

import errno
import posixpath

from dslsconsole.lab.filesystem import failure
from dslsconsole.lab.host import SEARCH_PATH, Call


def located(call: Call) -> str | None:
    """The path of the program or script that a call would run."""
    name = call.argv[0]
    search_path = call.env.get("PATH", SEARCH_PATH)
    if call.host.find_program(name, search_path) is not None:
        if "/" in name:
            return name
        known = (f"{directory}/{name}" for directory in search_path.split(":"))
        return next((path for path in known if path in call.host.programs), f"/usr/bin/{name}")
    candidates = [call.path(name)] if "/" in name else [f"{entry}/{name}" for entry in search_path.split(":")]
    for path in candidates:
        try:
            if call.host.files.status(path, call.account).is_file:
                return path
        except OSError:
            continue
    return None


async def run_file(call: Call) -> int:
    """Run a script file of the host by its shell.

    Raises:
        FileNotFoundError: there is no such program.
        PermissionError: the file may not be run.
    """
    from dslsconsole.lab.shell.program import run_text  # the shell runs scripts, and scripts run the shell

    path = located(call)
    if path is None:
        raise failure(errno.ENOENT, call.argv[0])
    await call.host.files.reach(path)
    place = call.host.files.place(path, account=call.account)
    if not call.host.files.status(path).mode & 0o111:
        raise failure(errno.EACCES, call.argv[0])
    call.host.files.check(place, call.account, 1)
    text = call.host.files.read(path, call.account).decode("utf-8", "surrogateescape")
    first, _, _ = text.partition("\n")
    if first.startswith("#!") and posixpath.basename(first[2:].split()[0]) not in ("sh", "dash", "bash", "env"):
        raise failure(errno.ENOEXEC, call.argv[0])
    return await run_text(call, text, path, list(call.arguments))
