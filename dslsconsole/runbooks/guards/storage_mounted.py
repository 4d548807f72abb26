"""Is the shared storage mounted on the node that takes over?"""

from dslsconsole.runbooks.guard import Case, Judged, failed, passed, unknown

NEEDED = "each storage path is a mount of its own, of the right type and source, and answers"
OVERRIDABLE = False
_TYPES = {"nfs": ("nfs", "nfs4"), "gfs2": ("gfs2",)}


async def judge(case: Case) -> Judged:
    target = case.text("target")
    if target is None:
        return unknown("no node that takes over is known", "See the guard about the target.")
    return mounted_on(case, target)


def mounted_on(case: Case, name: str) -> Judged:
    """Whether a node has all of the estate's storage paths mounted as they should be."""
    storage, reading = case.ground.cluster.storage, case.node(name).mounts
    if storage is None:
        return passed("the estate file names no storage")
    if reading.value is None:
        why = reading.failure.text if reading.failure else f"{name} was not asked"
        return unknown(why, f"Read /proc/self/mountinfo on {name}.")
    wrong = []
    for mount in reading.value:
        types = (storage.fstype,) if storage.fstype else _TYPES.get(storage.kind, ())
        if not mount.mounted:
            wrong.append(f"{mount.path} is not mounted")
        elif types and mount.fstype not in types:
            wrong.append(f"{mount.path} is {mount.fstype}, not {' or '.join(types)}")
        elif storage.source and mount.source != storage.source:
            wrong.append(f"{mount.path} comes from {mount.source}, not {storage.source}")
        elif mount.answers is False:
            wrong.append(f"{mount.path} does not answer: what touches it waits")
    if not wrong and any(mount.answers is None for mount in reading.value):
        return unknown(f"{name}: whether the storage answers could not be told", f"Try stat -f on {name}.")
    if wrong:
        return failed(f"{name}: {'; '.join(wrong)}", f"Mount the storage on {name} first.")
    return passed(f"{name}: {', '.join(f'{mount.path} ({mount.fstype})' for mount in reading.value)}")
