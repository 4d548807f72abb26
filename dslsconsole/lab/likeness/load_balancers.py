"""Load balancers as they were: what was set at run time, which servers were down, who held the address."""

from __future__ import annotations

from dslsconsole.lab.likeness.ground import Ground
from dslsconsole.lab.world import keepalived, site
from dslsconsole.lab.world.haproxy.process import FALL, RISE, Admin, Probe, Server
from dslsconsole.lab.world.world import Balancer
from dslsconsole.model.balancer import BackendServer, BalancerReadings, ServerState
from dslsconsole.model.shape import BalancersShape

ADMIN = {ServerState.MAINT: Admin.MAINT, ServerState.DRAIN: Admin.DRAIN}


def put(ground: Ground) -> None:
    """Servers of each, and the address."""
    for balancer, readings in ground.balancers():
        _servers(ground, balancer, readings)
    _address(ground)
    _record(ground)


def _site_of(ground: Ground, balancer: Balancer) -> BalancersShape | None:
    if balancer.plan.vip == site.VIP:
        return ground.shape.balancers
    return ground.shape.dr.balancers if ground.shape.dr is not None else None


def _servers(ground: Ground, balancer: Balancer, readings: BalancerReadings) -> None:
    shape, backend = _site_of(ground, balancer), readings.backend.value
    if shape is None or backend is None:
        return
    read = {server.name: server for server in backend.servers}
    for line in balancer.process.servers.values():
        found = read.get(shape.servers.get(ground.twin.stands_for.get(line.node, ""), ""))
        if found is not None:
            _server(line, found)


def _server(line: Server, read: BackendServer) -> None:
    line.admin = ADMIN.get(read.state, Admin.READY)
    line.drains = line.admin is Admin.DRAIN
    if read.weight is not None:
        line.weight = read.weight
    is_down = read.state in (ServerState.DOWN, ServerState.NOLB)
    line.health, line.probe = (0, Probe.REFUSED) if is_down else (RISE + FALL - 1, Probe.PASSED)


def _address(ground: Ground) -> None:
    """Give the holder the higher priority, so that it holds the address here too."""
    shape = ground.shape.balancers
    pair = [balancer for balancer in ground.world.balancers.values() if balancer.plan.vip == site.VIP]
    if shape is None or shape.vip is None or len(pair) < 2:
        return
    holds = {
        balancer.plan.name for balancer, readings in ground.balancers() if shape.vip in (readings.addresses.value or ())
    }
    first, second = (balancer.router for balancer in pair[:2])
    if holds == {second.host.name}:
        first.priority, second.priority = second.priority, first.priority
        for router in (first, second):
            router.host.write(keepalived.PATH, router.configuration())


def _record(ground: Ground) -> None:
    """Let the service's name lead where it led."""
    dr = ground.shape.dr
    if dr is None or dr.record is None:
        return
    answers = [answer for _, readings in ground.nodes() if (answer := readings.dns.value) is not None]
    here = {dr.main_address: site.VIP, dr.dr_address: site.DR_VIP}
    for answer in answers[:1]:
        led = {here[address] for address in answer.addresses if address in here}
        ground.world.names.set_addresses(site.RECORD, led)
