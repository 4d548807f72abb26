"""Copying files and the licence state from the source straight to a DR node, with a key that stays on the source.

rsync with --delete takes an empty source for an order to delete everything, and ends with 0; so every copy is
rehearsed with -n first, bounded by --max-delete, and rehearsed again after, when nothing may differ any more.
"""

import re

from msgspec import Struct

from dslsconsole.settings.schema import DrSyncing, SyncedFiles
from dslsconsole.ssh.quoting import bounded, command
from dslsconsole.systems.acting import Action, Call, Check, Checked, Refused, Unfinished, Unreached, succeeded
from dslsconsole.systems.answers import whole
from dslsconsole.systems.dslicsrv import fresh
from dslsconsole.systems.rsync import generations

COPY_SECONDS = 600.0
STATE_SECONDS = 120.0
_CHANGE = re.compile(r"^[<>ch.*][fdLDS.d][^\s]{9}\s|^\*deleting\s")
_FILES = re.compile(r"^Number of files: ([\d,]+)(?: \(reg: ([\d,]+))?", re.MULTILINE)


class Rehearsal(Struct, frozen=True):
    """What a copy would do. `files` are the source's regular files; None where rsync did not say."""

    files: int | None
    deletions: int
    changes: int


def syncing(call: Call) -> DrSyncing:
    dr = call.ground.cluster.dr
    if dr is None:
        raise Refused("the estate file names no DR site")
    return dr.sync


def _files(call: Call) -> SyncedFiles:
    return syncing(call).files[int(call["files"])]


def _login(call: Call) -> tuple[str, list[str]]:
    """`USER@ADDRESS` of the DR node, and ssh's own words to get there from the source."""
    sync, node = syncing(call), call["node"]
    words = ["ssh"]
    if sync.remote_identity_file:
        words += ["-i", sync.remote_identity_file]
    words += ["-p", str(call.ground.host(node).ssh_port or 22), "-o", "BatchMode=yes", "-o", "ConnectTimeout=5"]
    words += ["-o", "StrictHostKeyChecking=yes"]
    address = call.ground.address(node)
    return (f"{sync.remote_user}@{address}" if sync.remote_user else address), words


def copy_command(call: Call, *, rehearse: bool) -> str:
    """The rsync command, run on the source. Contents are compared by their checksums.

    What it replaces or deletes is moved to a generation of its own, named by the source's clock, where the estate file
    says where.
    """
    files, (login, ssh) = _files(call), _login(call)
    words = ["-c", "-rlptD", "-i", "--stats", "--no-h", *(["-n"] if rehearse else []), "--delete-after"]
    words += [f"--max-delete={files.max_delete}", "--timeout=60"]
    words += [f"--exclude={pattern}" for pattern in files.exclude]
    host, _, address = login.rpartition("@")
    target = f"{host}@[{address}]:{files.to}" if ":" in address else f"{login}:{files.to}"
    words += ["-e", command(*ssh), files.from_, target]
    kept = generations.of_files(call.ground, int(call["files"]))
    if rehearse or kept is None:
        return bounded(["rsync", *words], 60 if rehearse else COPY_SECONDS)
    into = f"--backup-dir={command(kept)}/$({generations.NOW})"
    return bounded(["sh", "-c", f"rsync --backup {into} {command(*words)}"], COPY_SECONDS)


def rehearsal_in(text: str) -> Rehearsal:
    """What rsync's itemised list and statistics say."""
    changes = [line for line in text.splitlines() if _CHANGE.match(line)]
    deletions = sum(line.startswith("*deleting") for line in changes)
    # A time alone is no difference: contents are compared by checksum, and a directory's changes with what is in it.
    real = [line for line in changes if not re.match(r"^\.[fd]\.\.t\.{6}\s", line)]
    match = _FILES.search(text)
    files = None
    if match:
        files = whole(match[2]) if match[2] else 0
    return Rehearsal(files, deletions, len(real))


async def rehearse(call: Call) -> Rehearsal:
    """What the copy would do now.

    Raises:
        Refused: rsync fails, or more would be deleted than is allowed.
        Unreached, Unfinished: the source gave no answer.
    """
    answer = await call.hands.run(call.host, copy_command(call, rehearse=True), timeout=65)
    if answer.status == 25:
        raise Refused(f"more files would be deleted than max_delete allows ({_files(call).max_delete})")
    return rehearsal_in(succeeded(answer))


async def _copy(call: Call) -> str:
    before = await rehearse(call)
    if not before.files:
        raise Refused(f"the source {_files(call).from_} holds no file: nothing is copied from an empty source")
    answer = await call.hands.run(call.host, copy_command(call, rehearse=False), timeout=COPY_SECONDS + 5)
    return succeeded(answer)


async def _same(call: Call) -> Checked:
    try:
        left = await rehearse(call)
    except (Unreached, Unfinished) as failure:
        return Checked(None, f"{call.host}: {failure}")
    except Refused as refusal:
        return Checked(False, f"{call.host}: {refusal}")
    if not left.files:
        return Checked(False, f"{call.host}: {_files(call).from_} holds no file")
    return Checked(left.changes == 0, f"{call['node']}: {left.changes} differences in {_files(call).to}")


_BEGUN = "transfer begun"
"""The note of the process that transfers: to another one it is not known what was exported."""


def _transfer_script(call: Call, *force: str) -> str:
    login, ssh = _login(call)
    far = call.ground.licence_words("-import-state", *force)
    return (
        'set -eu; umask 077; f=$(mktemp); trap "rm -f $f" EXIT; '
        f"{call.ground.licence_words('-export-state')} >$f; "
        'h=$(head -n 1 $f | head -c 200); case $h in "DSLS-STATE "*generation=[0-9]*) ;; '
        '*) echo "ERROR: the export is no licence state" >&2; exit 1;; esac; '
        'echo "$h"; '
        f"{command(*ssh, login, far)} <$f"
    )


def _transfer_command(call: Call, *force: str) -> str:
    return bounded(["sh", "-c", _transfer_script(call, *force)], STATE_SECONDS)


def _transfer_commands(call: Call) -> tuple[str, ...]:
    plain = _transfer_command(call)
    return (
        (plain, f"{_transfer_command(call, '-force')}  # only if refused as older") if _overwrites(call) else (plain,)
    )


def _overwrites(call: Call) -> bool:
    return call.arguments.get("newer") == "overwrite"


async def _transfer(call: Call) -> str:
    call.memory[_BEGUN] = "yes"
    answer = await call.hands.run(call.host, _transfer_command(call), timeout=STATE_SECONDS + 5)
    if "older" in answer.stderr and answer.status not in (None, 0):
        if not _overwrites(call):
            # The site's own loop may have been quicker; whether it was is for the step's check to say.
            if exported := re.search(r"^DSLS-STATE .*generation=(\d+)", answer.stdout, re.MULTILINE):
                call.memory["generation offered"] = exported[1]
            told = f"{call['node']} holds a newer state than {call.host} and refuses the older one ({answer.said}). "
            advice = "If that newer state is to be lost, say so: dr-return takes newer=overwrite"
            raise Refused(told + (advice if "newer" in call.arguments else "Is the direction right?"))
        # Only this refusal is overruled: a damaged state stays refused.
        answer = await call.hands.run(call.host, _transfer_command(call, "-force"), timeout=STATE_SECONDS + 5)
    said = succeeded(answer)
    exported = re.search(r"^DSLS-STATE .*generation=(\d+)", said, re.MULTILINE)
    imported = re.search(r"^Imported:.*generation=(\d+)", said, re.MULTILINE | re.IGNORECASE)
    if not exported or not imported:
        raise Refused(f"the transfer did not say what it exported and imported: {said}")
    call.memory["generation exported"] = exported[1]
    return said


async def _state_arrived(call: Call) -> Checked:
    """Whether the DR node has verified a state at least as new as the one that was exported in this step."""
    exported = call.memory.get("generation exported") or call.memory.get("generation offered")
    if exported is None:
        # Of what another process did nothing is known for certain; to be certain it is transferred again.
        begun = _BEGUN in call.memory
        return Checked(False, "not transferred yet" if begun else "what was transferred before is not known here")
    try:
        sync = await fresh.dr_sync(call.hands, call.ground, call["node"])
    except fresh.NotRead as failure:
        return Checked(None, str(failure))
    words = f"{call['node']}: {sync.result}, generation {sync.generation}, exported was {exported}"
    if sync.generation is None:
        return Checked(None, words)
    return Checked(sync.result == "OK" and sync.generation >= int(exported), words)


async def _state_imported(call: Call) -> Checked:
    """Whether the import itself said that it took what was exported."""
    exported = call.memory.get("generation exported")
    return Checked(exported is not None, f"generation {exported} imported" if exported else "not transferred yet")


ACTIONS = generations.ACTIONS | {
    "copy-files": Action(lambda call: (copy_command(call, rehearse=False),), _copy),
    "transfer-state": Action(_transfer_commands, _transfer),
}
CHECKS: dict[str, Check] = generations.CHECKS | {
    "files-same": _same,
    "dr-state-verified": _state_arrived,
    "state-imported": _state_imported,
}
