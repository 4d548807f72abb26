"""Shared storage that is gone, hangs or is empty, and a DR site that falls behind."""

from __future__ import annotations

from dslsconsole.lab.faults import FaultError, Mend, fault
from dslsconsole.lab.filesystem import Mount
from dslsconsole.lab.practice import Lab
from dslsconsole.lab.world.site import STORAGE

STALE = 3600.0


def mounts_of(lab: Lab, host: str) -> list[Mount]:
    """The shared mounts of a host. Raises `FaultError` where it has none."""
    found = [mount for mount in lab.world.hosts[host].mounts if mount.point in STORAGE.values()]
    if not found:
        raise FaultError(f"{host} has nothing mounted from the shared storage")
    return found


@fault("storage-unmounted", "the shared storage is not mounted on the host", "dsls-primary-01")
def storage_unmounted(lab: Lab, host: str) -> Mend:
    files = lab.world.hosts[host].files
    taken = [files.unmount(mount.point) for mount in mounts_of(lab, host)]

    def mend() -> None:
        for mount in taken:
            files.mount(mount)

    return mend


@fault("storage-hanging", "whatever touches the shared storage on the host waits for ever", "dsls-primary-01")
def storage_hanging(lab: Lab, host: str) -> Mend:
    mounts = mounts_of(lab, host)
    for mount in mounts:
        mount.hang()

    def mend() -> None:
        for mount in mounts:
            mount.resume()

    return mend


@fault("storage-empty", "the licence files are gone from the shared storage")
def storage_empty(lab: Lab) -> Mend:
    directory = lab.world.storage.directory / "licenses"
    kept = {path: path.read_bytes() for path in directory.iterdir()}
    for path in kept:
        path.unlink()

    def mend() -> None:
        for path, data in kept.items():
            path.write_bytes(data)

    return mend


@fault("dr-stale", "nothing was copied to the DR site for an hour, and nothing is")
def dr_stale(lab: Lab) -> Mend:
    job = next(job for job, kind in lab.world.automation if kind == "dr-sync")
    due, job.due = job.due, float("inf")
    for server in lab.world.servers:
        if server.plan.is_dr and server.last_sync is not None:
            server.last_sync -= STALE
            server.save()

    def mend() -> None:
        job.due = due

    return mend
