"""Licence servers that die, hang, lie or refuse."""

from __future__ import annotations

from dslsconsole.lab.faults import FaultError, Mend, fault
from dslsconsole.lab.practice import Lab
from dslsconsole.lab.world.licenses import EXPIRES, license_files
from dslsconsole.lab.world.world import Node

EXPIRED = "2020-01-01"
GARBAGE = b'\x1b]0;owned\x07\x1b[2J\xff\xfe\x00{"node": [[[' + bytes(range(128, 256)) + b"\n"
DEMAND = 2.5


def node_of(lab: Lab, host: str) -> Node:
    """The licence server's node. Raises `FaultError` where the host has none."""
    node = lab.world.nodes.get(host)
    if node is None:
        raise FaultError(f"{host} has no licence server; there is one on {', '.join(lab.world.nodes)}")
    return node


@fault("service-killed", "the licence server's process died and its unit failed", "dsls-primary-01")
def service_killed(lab: Lab, host: str) -> Mend:
    node = node_of(lab, host)
    units = lab.world.units[host]
    units.kill(node.unit)

    def mend() -> None:
        if node.host.is_up:
            units.start(node.unit)

    return mend


@fault("service-hung", "the licence server accepts connections and answers nothing", "dsls-primary-01")
def service_hung(lab: Lab, host: str) -> Mend:
    server = node_of(lab, host).server
    server.is_hung = True

    def mend() -> None:
        server.is_hung = False

    return mend


@fault("service-will-not-stop", "the licence server ignores the signal to stop", "dsls-primary-01")
def service_will_not_stop(lab: Lab, host: str) -> Mend:
    node = node_of(lab, host)
    node.unit.ignores_stop = True

    def mend() -> None:
        node.unit.ignores_stop = False
        lab.world.units[host].finish_stop(node.unit)

    return mend


@fault("service-will-not-start", "the licence server's unit fails when it is started", "dsls-backup-01")
def service_will_not_start(lab: Lab, host: str) -> Mend:
    unit = node_of(lab, host).unit
    unit.fails_to_start = True

    def mend() -> None:
        unit.fails_to_start = False

    return mend


@fault("command-hangs", "DSLicSrv on the host never answers", "dsls-backup-01")
def command_hangs(lab: Lab, host: str) -> Mend:
    server = node_of(lab, host).server
    server.commands_hang = True

    def mend() -> None:
        server.commands_hang = False

    return mend


@fault("garbage-output", "DSLicSrv on the host prints escapes and nonsense", "dsls-backup-01")
def garbage_output(lab: Lab, host: str) -> Mend:
    server = node_of(lab, host).server
    server.garbage = GARBAGE

    def mend() -> None:
        server.garbage = None

    return mend


@fault("promote-refused", "the server refuses to become primary", "dsls-backup-01")
def promote_refused(lab: Lab, host: str) -> Mend:
    server = node_of(lab, host).server
    server.refuses_promotion = True

    def mend() -> None:
        server.refuses_promotion = False

    return mend


@fault("replication-stuck", "token changes no longer reach the backup", "dsls-backup-01")
def replication_stuck(lab: Lab, host: str) -> Mend:
    server = node_of(lab, host).server
    server.replication_stuck = True

    def mend() -> None:
        server.replication_stuck = False

    return mend


@fault("tokens-exhausted", "far more people want licences than there are")
def tokens_exhausted(lab: Lab) -> Mend:
    lab.world.users.demand = DEMAND

    def mend() -> None:
        lab.world.users.demand = 1.0

    return mend


def _licenses(lab: Lab, expires: str) -> None:
    for name, text in license_files(expires).items():
        (lab.world.storage.directory / "licenses" / name).write_text(text, encoding="utf-8")


@fault("license-expired", "the licence files on the shared storage have expired")
def license_expired(lab: Lab) -> Mend:
    _licenses(lab, EXPIRED)
    return lambda: _licenses(lab, EXPIRES)


@fault("license-invalid", "one licence file on the shared storage is damaged")
def license_invalid(lab: Lab) -> Mend:
    name = next(iter(license_files()))
    (lab.world.storage.directory / "licenses" / name).write_text("product=?\n", encoding="utf-8")
    return lambda: _licenses(lab, EXPIRES)
