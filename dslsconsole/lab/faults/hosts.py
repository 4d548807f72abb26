"""Hosts that are off, hung, unreachable, or not what they seem."""

from __future__ import annotations

from dslsconsole.lab import keys
from dslsconsole.lab.accounts import OPERATOR
from dslsconsole.lab.faults import FaultError, Mend, fault
from dslsconsole.lab.practice import Lab

SKEW = 7200.0


@fault("node-down", "the host has lost its power", "dsls-primary-01")
async def node_down(lab: Lab, host: str) -> Mend:
    await lab.world.power_off(host)
    return lambda: lab.world.power_on(host)


@fault("node-hung", "the host keeps its connections and answers nothing", "dsls-primary-01")
def node_hung(lab: Lab, host: str) -> Mend:
    lab.world.hosts[host].freeze()
    return lab.world.hosts[host].thaw


@fault("partition", "no packet passes between the two hosts", "dsls-primary-01", "dsls-arbitrator-01")
def partition(lab: Lab, one: str, other: str) -> Mend:
    lab.world.network.cut(one, other)
    return lambda: lab.world.network.mend(one, other)


@fault("isolate", "no packet leaves or reaches the host", "dsls-primary-01")
def isolate(lab: Lab, host: str) -> Mend:
    lab.world.network.isolate(host)
    return lambda: lab.world.network.rejoin(host)


@fault("clock-skew", "the host's clock is two hours ahead", "dsls-backup-01")
def clock_skew(lab: Lab, host: str) -> Mend:
    lab.world.skew[host] = SKEW

    def mend() -> None:
        lab.world.skew.pop(host, None)

    return mend


@fault("disk-full", "the host's root file system is full", "dsls-primary-01")
def disk_full(lab: Lab, host: str) -> Mend:
    volume = lab.world.hosts[host].files.root_volume
    free, volume.is_full, volume.free_blocks = volume.free_blocks, True, 0

    def mend() -> None:
        volume.is_full, volume.free_blocks = False, free

    return mend


@fault("sshd-dead", "nothing listens on the host's SSH port", "dsls-backup-01")
async def sshd_dead(lab: Lab, host: str) -> Mend:
    await lab.sshds[host].stop()
    return lab.sshds[host].start


@fault("host-key-changed", "the host answers with another host key", "dsls-backup-01")
async def host_key_changed(lab: Lab, host: str) -> Mend:
    sshd = lab.sshds[host]
    before = sshd.key
    await sshd.change_key(keys.created(lab.directory / "keys" / f"foreign-{host}", "root@elsewhere"))
    return lambda: sshd.change_key(before)


@fault("key-refused", "the host accepts none of the user's keys any more", "dsls-backup-01", OPERATOR.name, text=True)
async def key_refused(lab: Lab, host: str, user: str) -> Mend:
    machine, sshd = lab.world.hosts[host], lab.sshds[host]
    if user not in machine.accounts:
        raise FaultError(f"{host} has no user {user}; it has {', '.join(machine.accounts)}")
    path = f"{machine.accounts[user].home}/.ssh/authorized_keys"
    keys_before = machine.files.read(path)

    async def write(data: bytes) -> None:
        machine.write(path, data.decode(), owner=user, mode=0o600)
        await sshd.stop()
        await sshd.start()

    await write(b"")
    return lambda: write(keys_before)
