"""ls, stat, mkdir, rm, rmdir, cp, mv, touch, ln, mktemp, chmod, chown, readlink, realpath, basename, dirname."""

import datetime
import posixpath
import random
import re
import stat as status_bits
import string

from dslsconsole.lab.filesystem import Status
from dslsconsole.lab.host import Call
from dslsconsole.lab.userland.calling import Options, program

_LETTERS = string.ascii_letters + string.digits


async def _listed(call: Call, name: str) -> tuple[Status, str]:
    path = call.path(name)
    await call.host.files.reach(path)
    return call.host.files.status(path, call.account, follow=False), path


def _long(call: Call, status: Status, name: str, path: str) -> str:
    moment = datetime.datetime.fromtimestamp(status.modified, datetime.UTC).strftime("%b %e %H:%M")
    mode = status_bits.filemode(status.mode)
    shown = f"{name} -> {call.host.files.link_target(path)}" if status.is_link else name
    return f"{mode} {status.links} {status.owner} {status.owner} {status.size:>7} {moment} {shown}"


@program("la1AdtrhRF", usage_status=2)
async def ls(call: Call, options: Options, operands: list[str]) -> int:
    """Names in directories: -l long, -a with hidden ones, -d the directory itself, -t by time."""
    failed = False
    names = operands or ["."]
    for index, name in enumerate(names):
        try:
            status, path = await _listed(call, name)
            is_directory = call.host.files.is_directory(path) and "d" not in options
            entries = call.host.files.names(path, call.account) if is_directory else [name]
        except OSError as error:
            verb = "open directory" if isinstance(error, PermissionError) else "access"
            await call.complain(f"cannot {verb} '{name}': {error.strerror}")
            failed = True
            continue
        if is_directory:
            hidden = "a" in options or "A" in options
            entries = [entry for entry in entries if hidden or not entry.startswith(".")]
            if "a" in options:
                entries = [".", "..", *entries]
            if len(names) > 1:
                await call.say(f"{chr(10) if index else ''}{name}:")
        found = [(entry, path if not is_directory else posixpath.normpath(f"{path}/{entry}")) for entry in entries]
        if "t" in options:
            found.sort(key=lambda pair: -call.host.files.status(pair[1], follow=False).modified)
        for entry, place in reversed(found) if "r" in options else found:
            status = call.host.files.status(place, follow=False)
            await call.say(_long(call, status, entry, place) if "l" in options else entry)
    return 2 if failed else 0


def _kind(status: Status) -> str:
    if status.is_directory:
        return "directory"
    if status.is_link:
        return "symbolic link"
    return "regular file" if status.size else "regular empty file"


@program("Lfc:t", "format=", "printf=", "file-system", "dereference")
async def stat(call: Call, options: Options, operands: list[str]) -> int:
    """What is known of files, or with -f of the file system they are on; -c FORMAT."""
    failed = False
    of_system = "f" in options or "file-system" in options
    form = options.get("c", options.get("format", "%b %a %S" if of_system else "%n %s %Y"))
    for name in operands:
        path = call.path(name)
        try:
            await call.host.files.reach(path)
            follows = "L" in options or of_system
            status = call.host.files.status(path, call.account, follow=follows)
        except OSError as error:
            kind = "read file system information for" if of_system else "statx"
            await call.complain(f"cannot {kind} '{name}': {error.strerror}")
            failed = True
            continue
        facts = _system_facts(call, path, name) if of_system else _file_facts(call, status, name)
        await call.say(_filled(form, facts))
    return int(failed)


def _filled(form: str, facts: dict[str, str]) -> str:
    known = facts | {"%": "%"}
    return re.sub(r"%(.)", lambda match: known.get(match[1], "?"), form)


def _system_facts(call: Call, path: str, name: str) -> dict[str, str]:
    mount = call.host.files.mount_of(path)
    volume = mount.volume
    free = 0 if volume.is_full else volume.free_blocks
    facts = {"n": name, "b": volume.blocks, "f": free, "a": free, "S": volume.block_size, "s": volume.block_size}
    kind = "nfs" if mount.fstype.startswith("nfs") else "ext2/ext3" if mount.fstype == "ext4" else mount.fstype
    return {letter: str(value) for letter, value in facts.items()} | {"T": kind, "c": "2621440", "d": "2600000"}


def _file_facts(call: Call, status: Status, name: str) -> dict[str, str]:
    account = call.host.accounts.get(status.owner)
    uid = str(account.uid if account else 0)
    return {
        "n": name,
        "N": f"'{name}'",
        "s": str(status.size),
        "Y": str(int(status.modified)),
        "X": str(int(status.modified)),
        "Z": str(int(status.modified)),
        "a": f"{status_bits.S_IMODE(status.mode):o}",
        "A": status_bits.filemode(status.mode),
        "f": f"{status.mode:x}",
        "F": _kind(status),
        "U": status.owner,
        "G": status.owner,
        "u": uid,
        "g": uid,
        "i": str(status.inode),
        "h": str(status.links),
    }


@program("pm:v", "parents", "mode=")
async def mkdir(call: Call, options: Options, operands: list[str]) -> int:
    """Make directories; with -p those above them too."""
    failed = False
    mode = int(options.get("m", options.get("mode", f"{0o777 & ~call.umask:o}")), 8)
    for name in operands:
        path = call.path(name)
        try:
            await call.host.files.reach(path)
            call.host.files.make_directory(
                path, call.account, mode=mode, parents="p" in options or "parents" in options
            )
        except OSError as error:
            await call.complain(f"cannot create directory '{name}': {error.strerror}")
            failed = True
    return int(failed)


def _remove_tree(call: Call, path: str) -> None:
    files = call.host.files
    if files.status(path, follow=False).is_directory:
        for name in files.names(path, call.account):
            _remove_tree(call, f"{path}/{name}")
        files.remove_directory(path, call.account)
    else:
        files.remove(path, call.account)


@program("rRfvd", "recursive", "force")
async def rm(call: Call, options: Options, operands: list[str]) -> int:
    """Remove files, and directories with -r."""
    failed = False
    recursive = "r" in options or "R" in options or "recursive" in options
    forced = "f" in options or "force" in options
    for name in operands:
        try:
            status, path = await _listed(call, name)
            if status.is_directory and not recursive:
                await call.complain(f"cannot remove '{name}': Is a directory")
                failed = True
            elif recursive:
                _remove_tree(call, path)
            else:
                call.host.files.remove(path, call.account)
        except OSError as error:
            if not (forced and isinstance(error, FileNotFoundError)):
                await call.complain(f"cannot remove '{name}': {error.strerror}")
                failed = True
    return int(failed)


@program("p")
async def rmdir(call: Call, options: Options, operands: list[str]) -> int:
    """Remove empty directories."""
    for name in operands:
        try:
            call.host.files.remove_directory(call.path(name), call.account)
        except OSError as error:
            await call.complain(f"failed to remove '{name}': {error.strerror}")
            return 1
    return 0


def _copy(call: Call, source: str, target: str, *, keeps: bool) -> None:
    files = call.host.files
    status = files.status(source, call.account)
    mode = status_bits.S_IMODE(status.mode)
    if status.is_directory:
        files.make_directory(target, call.account, mode=mode, parents=True)
        for name in files.names(source, call.account):
            _copy(call, f"{source}/{name}", f"{target}/{name}", keeps=keeps)
        return
    files.write(target, files.read(source, call.account), call.account, mode=mode & ~call.umask)
    if keeps:
        files.change_mode(target, mode, call.account)
        files.set_modified(target, status.modified, call.account)


def _inside(call: Call, target: str, source: str) -> str:
    path = call.path(target)
    return f"{path}/{posixpath.basename(source.rstrip('/'))}" if call.host.files.is_directory(path) else path


@program("rRapfvnT", "recursive", "archive")
async def cp(call: Call, options: Options, operands: list[str]) -> int:
    """Copy files, and directories with -r or -a."""
    *sources, target = operands
    recursive = {"r", "R", "a", "recursive", "archive"} & set(options)
    failed = False
    for name in sources:
        try:
            await call.host.files.reach(call.path(name))
            await call.host.files.reach(call.path(target))
            if call.host.files.is_directory(call.path(name)) and not recursive:
                await call.complain(f"-r not specified; omitting directory '{name}'")
                failed = True
                continue
            _copy(call, call.path(name), _inside(call, target, name), keeps=bool({"a", "p"} & set(options)))
        except OSError as error:
            await call.complain(f"cannot copy '{name}': {error.strerror}")
            failed = True
    return int(failed)


@program("fvnT")
async def mv(call: Call, options: Options, operands: list[str]) -> int:
    """Move files; over file systems by copying."""
    *sources, target = operands
    for name in sources:
        source, place = call.path(name), _inside(call, target, name)
        try:
            await call.host.files.reach(source)
            await call.host.files.reach(place)
            if call.host.files.mount_of(source) is call.host.files.mount_of(place):
                call.host.files.rename(source, place, call.account)
            else:
                _copy(call, source, place, keeps=True)
                _remove_tree(call, source)
        except OSError as error:
            await call.complain(f"cannot move '{name}' to '{target}': {error.strerror}")
            return 1
    return 0


@program("acmd:t:r:", "date=", "reference=")
async def touch(call: Call, options: Options, operands: list[str]) -> int:
    """Make empty files, or set when they were changed: now, or with -d @EPOCH."""
    given = options.get("d", options.get("date", ""))
    moment = float(given[1:]) if re.fullmatch(r"@\d+(\.\d+)?", given) else call.host.clock()
    for name in operands:
        path = call.path(name)
        try:
            await call.host.files.reach(path)
            if not call.host.files.exists(path):
                if "c" in options:
                    continue
                call.host.files.write(path, b"", call.account, mode=0o666 & ~call.umask)
            call.host.files.set_modified(path, moment, call.account)
        except OSError as error:
            await call.complain(f"cannot touch '{name}': {error.strerror}")
            return 1
    return 0


@program("sfnv")
async def ln(call: Call, options: Options, operands: list[str]) -> int:
    """Make symbolic links."""
    target, name = operands
    path = _inside(call, name, target)
    if "f" in options and call.host.files.exists(path):
        call.host.files.remove(path, call.account)
    call.host.files.link(target, path, call.account)
    return 0


@program("dp:tuq", "directory", "tmpdir=")
async def mktemp(call: Call, options: Options, operands: list[str]) -> int:
    """Make a file, or with -d a directory, under a name nobody has, and print it."""
    template = operands[0] if operands else "tmp.XXXXXXXXXX"
    directory = options.get("p", options.get("tmpdir", ""))
    if not operands or directory or "t" in options:
        template = f"{directory or call.env.get('TMPDIR', '/tmp')}/{template}"
    match = re.search(r"X{3,}(?!.*XXX)", template)
    if match is None:
        await call.complain(f"too few X's in template '{template}'")
        return 1
    chosen = "".join(random.choices(_LETTERS, k=len(match[0])))
    name = template[: match.start()] + chosen + template[match.end() :]
    path = call.path(name)
    try:
        await call.host.files.reach(path)
        if "d" in options or "directory" in options:
            call.host.files.make_directory(path, call.account, mode=0o700)
        else:
            call.host.files.write(path, b"", call.account, mode=0o600)
    except OSError as error:
        await call.complain(f"failed to create file via template '{template}': {error.strerror}")
        return 1
    await call.say(name)
    return 0


def changed_mode(text: str, mode: int) -> int | None:
    """Permission bits after an octal or symbolic change such as `u+x,go-w`; None where it is none."""
    if re.fullmatch(r"[0-7]{1,4}", text):
        return int(text, 8)
    for clause in text.split(","):
        match = re.fullmatch(r"([ugoa]*)([-+=])([rwxX]*)", clause)
        if match is None:
            return None
        who = match[1].replace("a", "ugo") or "ugo"
        bits = sum({"r": 4, "w": 2, "x": 1, "X": 1}[letter] for letter in set(match[3]))
        mask = sum(bits << {"u": 6, "g": 3, "o": 0}[person] for person in set(who))
        whole = sum(7 << {"u": 6, "g": 3, "o": 0}[person] for person in set(who))
        mode = mode | mask if match[2] == "+" else mode & ~mask if match[2] == "-" else mode & ~whole | mask
    return mode


async def chmod(call: Call) -> int:
    """Change permission bits."""
    mode, *names = [argument for argument in call.arguments if argument not in ("-R", "-v", "-f", "--")]
    for name in names:
        path = call.path(name)
        try:
            await call.host.files.reach(path)
            bits = changed_mode(mode, status_bits.S_IMODE(call.host.files.status(path).mode))
            if bits is None:
                await call.complain(f"invalid mode: '{mode}'")
                return 1
            call.host.files.change_mode(path, bits, call.account)
        except OSError as error:
            await call.complain(f"cannot access '{name}': {error.strerror}")
            return 1
    return 0


@program("Rvf")
async def chown(call: Call, options: Options, operands: list[str]) -> int:
    """Change the owner; groups are not kept."""
    owner, *names = operands
    for name in names:
        try:
            call.host.files.change_owner(call.path(name), owner.partition(":")[0] or "root", call.account)
        except OSError as error:
            await call.complain(f"changing ownership of '{name}': {error.strerror}")
            return 1
    return 0


@program("fe")
async def readlink(call: Call, options: Options, operands: list[str]) -> int:
    """Where a link points, or with -f where a path leads in the end."""
    for name in operands:
        try:
            path = call.path(name)
            resolves = options or call.name == "realpath"
            await call.say(call.host.files.place(path).path if resolves else call.host.files.link_target(path))
        except OSError:
            return 1
    return 0


@program()
async def basename(call: Call, options: Options, operands: list[str]) -> int:
    """The last part of a path, without a suffix."""
    name = posixpath.basename(operands[0].rstrip("/")) or "/"
    suffix = operands[1] if len(operands) > 1 else ""
    await call.say(name.removesuffix(suffix) if name != suffix else name)
    return 0


@program()
async def dirname(call: Call, options: Options, operands: list[str]) -> int:
    """A path without its last part."""
    for name in operands:
        await call.say(posixpath.dirname(name.rstrip("/")) or ("/" if name.startswith("/") else "."))
    return 0
