"""Hosts that are set up wrong: nothing fails yet, or not by itself."""

from __future__ import annotations

from dslsconsole.lab.faults import FaultError, Mend, fault
from dslsconsole.lab.faults.balancers import balancer_of
from dslsconsole.lab.faults.services import node_of
from dslsconsole.lab.faults.storage import mounts_of
from dslsconsole.lab.practice import Lab
from dslsconsole.lab.world import keepalived
from dslsconsole.lab.world.haproxy import configuration
from dslsconsole.lab.world.systemd import Unit

SLOW = 30.0
"""Seconds between checks, as in the guide."""
OTHER_ROUTER = 52


@fault("haproxy-slow-checks", "HAProxy checks its servers every 30 s", "haproxy-01")
def haproxy_slow_checks(lab: Lab, host: str) -> Mend:
    balancer = balancer_of(lab, host)
    ports = {name: node.server.port for name, node in lab.world.nodes.items()}

    def check_every(inter: float) -> None:
        balancer.process.inter = inter
        for server in balancer.process.servers.values():
            server.inter = inter
        balancer.host.write(configuration.PATH, configuration.text(balancer.plan, ports, inter))

    before = balancer.process.inter
    check_every(SLOW)
    return lambda: check_every(before)


@fault("keepalived-strangers", "keepalived on the host does not hear the other load balancer's", "haproxy-02")
def keepalived_strangers(lab: Lab, host: str) -> Mend:
    router = balancer_of(lab, host).router

    def listen_to(router_id: int) -> None:
        router.router_id = router_id
        router.host.write(keepalived.PATH, router.configuration())

    before = router.router_id
    listen_to(OTHER_ROUTER)
    return lambda: listen_to(before)


@fault("keepalived-unreadable", "the probe user may not read keepalived.conf", "haproxy-01")
def keepalived_unreadable(lab: Lab, host: str) -> Mend:
    files = balancer_of(lab, host).host.files
    files.change_mode(keepalived.PATH, 0o600)
    return lambda: files.change_mode(keepalived.PATH, 0o644)


@fault("dr-starts-by-itself", "the DR server's unit is enabled, so that it starts with its host", "dr-dsls-01")
def dr_starts_by_itself(lab: Lab, host: str) -> Mend:
    node = node_of(lab, host)
    if not node.server.plan.is_dr:
        raise FaultError(f"{host} is no host of the DR site")
    before, node.unit.file_state = node.unit.file_state, "enabled"

    def mend() -> None:
        node.unit.file_state = before

    return mend


@fault("storage-soft", "the shared storage is mounted soft on the host", "dsls-backup-01")
def storage_soft(lab: Lab, host: str) -> Mend:
    mounts = mounts_of(lab, host)
    before = [mount.super_options for mount in mounts]
    for mount in mounts:
        mount.super_options = mount.super_options.replace("hard", "soft")

    def mend() -> None:
        for mount, options in zip(mounts, before, strict=True):
            mount.super_options = options

    return mend


@fault("token-loop-twice", "the token loop runs on the host too", "dsls-backup-01")
def token_loop_twice(lab: Lab, host: str) -> Mend:
    units = lab.world.units[node_of(lab, host).host.name]
    name = "dsls-token-sync.service"
    if name in units.units:
        raise FaultError(f"the token loop of {host} is the one that should run")
    units.start(units.add(Unit(name, "Keep the backup's tokens those of the primary")))

    def mend() -> None:
        del units.units[name]
        lab.world.hosts[host].files.remove(f"/etc/systemd/system/{name}")

    return mend
