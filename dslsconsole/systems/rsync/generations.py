"""What a sync replaces at the DR site, kept there for a while to go back to: files of each part, and the state.

A generation is named by the second it was made, in UTC, e.g. `20270118T120000Z`; nothing else is ever removed.
"""

import posixpath

from dslsconsole.settings.schema import DrSyncing
from dslsconsole.ssh.quoting import bounded, command
from dslsconsole.systems.acting import (
    Action,
    Call,
    Check,
    Checked,
    Refused,
    Unfinished,
    Unreached,
    command_action,
    succeeded,
)
from dslsconsole.systems.answers import whole
from dslsconsole.systems.ground import Ground

NOW = "date -u +%Y%m%dT%H%M%SZ"
"""The command that names a generation."""
KEEP_SECONDS = 60.0
_NAME = "^[0-9]{8}T[0-9]{6}Z$"
STATE = "state"


def _syncing(ground: Ground) -> DrSyncing | None:
    dr = ground.cluster.dr
    return dr.sync if dr is not None and dr.sync.generations_directory is not None else None


def of_files(ground: Ground, number: int) -> str | None:
    """Where the generations of one synced directory lie on a DR node; None where none are kept."""
    sync = _syncing(ground)
    if sync is None or sync.generations_directory is None:
        return None
    part = posixpath.basename(sync.files[number].from_.rstrip("/")) or "root"
    return posixpath.join(sync.generations_directory, f"{number}-{part}")


def _directory(call: Call) -> str:
    sync = _syncing(call.ground)
    if sync is None or sync.generations_directory is None:
        raise Refused("the estate file names no generations_directory")
    return sync.generations_directory.rstrip("/")


def _keep_command(call: Call) -> str:
    """Keep the state that a DR node has; one that has none yet has nothing to keep."""
    place = command(f"{_directory(call)}/{STATE}")
    export = call.ground.licence_words("-export-state")
    script = (
        f"umask 077; mkdir -p {place} || exit 1; f={place}/$({NOW}); "
        f'if {export} >"$f.part"; then mv "$f.part" "$f" && echo "kept $f"; '
        'else rm -f "$f.part"; echo "it has no state to keep"; fi'
    )
    return bounded(["sh", "-c", script], KEEP_SECONDS)


def _each_part(call: Call, rest: str) -> str:
    """A script over the parts' directories, `$p`, each of whose generations come newest first."""
    names = f"ls -1 \"$p\" | grep -E '{_NAME}' | sort -r"
    return f'for p in {command(_directory(call))}/*/; do [ -d "$p" ] || continue; {names} | {rest}; done'


def _prune_command(call: Call) -> str:
    sync = _syncing(call.ground)
    beyond = (sync.generations if sync else 0) + 1
    remove = 'while read -r g; do rm -rf -- "$p$g" && echo "removed $p$g"; done'
    return bounded(["sh", "-c", _each_part(call, f"tail -n +{beyond} | {remove}")], KEEP_SECONDS)


async def _bounded_number(call: Call) -> Checked:
    """Whether no part has more generations than are to be kept."""
    sync = _syncing(call.ground)
    limit = sync.generations if sync else 0
    asked = bounded(["sh", "-c", _each_part(call, "wc -l")], 10)
    try:
        answer = succeeded(await call.hands.run(call.host, asked, timeout=13))
    except (Unreached, Unfinished) as failure:
        return Checked(None, f"{call.host}: {failure}")
    except Refused as refusal:
        return Checked(False, f"{call.host}: {refusal}")
    counts = [count for word in answer.split() if (count := whole(word)) is not None]
    words = f"{call.host}: {', '.join(map(str, counts)) or 'no'} generations, {limit} are kept of each part"
    return Checked(all(count <= limit for count in counts), words)


ACTIONS: dict[str, Action] = {
    "keep-state": command_action(_keep_command, timeout=KEEP_SECONDS + 3),
    "prune-generations": command_action(_prune_command, timeout=KEEP_SECONDS + 3),
}
CHECKS: dict[str, Check] = {"generations-bounded": _bounded_number}
