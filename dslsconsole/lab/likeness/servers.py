"""Licence servers as they were: units, roles, epochs, automation, and who did not hear whom."""

from __future__ import annotations

from dslsconsole.lab.likeness.ground import Ground
from dslsconsole.lab.twin import needed
from dslsconsole.lab.world.server import SERVING
from dslsconsole.lab.world.world import Node
from dslsconsole.model.node import NodeReadings, Role

ALIVE = frozenset({"active", "activating", "reloading", "deactivating"})
"""ActiveState of a unit whose process is there."""
UNHEARD = "unreachable"
"""The state of a peer that does not answer."""
UNITS = {"token-sync": "dsls-token-sync.service", "dr-sync": "dsls-dr-sync.timer"}
"""What the practice estate has to stand for automation of these names."""


def put(ground: Ground) -> None:
    """Units, roles and epochs."""
    for server in ground.world.servers:
        server.members = tuple(name for name in server.members if name not in ground.twin.absent)
        if not server.plan.is_dr:
            server.needed = needed(ground.twin, len(server.members))
    for node, readings in ground.nodes():
        _server(ground, node, readings)
        _automation(ground, node, readings)


def _server(ground: Ground, node: Node, readings: NodeReadings) -> None:
    server, told, service = node.server, readings.cluster.value, readings.service.value
    usual = "inactive" if server.plan.is_dr else "active"
    active = service.active if service is not None else usual
    units = ground.world.units[server.name]
    if active not in ALIVE:
        if active == "failed":
            units.kill(node.unit)
        else:
            units.cease(node.unit)
    if told is not None and told.epoch is not None:
        server.epoch = told.epoch
    if told is not None and told.role is not None and told.role is not Role.NONE:
        server.configured = told.role
    # What starts reads this.
    server.save()
    if active in ALIVE:
        units.start(node.unit)
        server.state, server.role = "running", server.configured
        server.serves_without_quorum = told is not None and told.state == "running" and server.role in SERVING


def _automation(ground: Ground, node: Node, readings: NodeReadings) -> None:
    """The loops and timers of the primary's host that were off."""
    active = {service.unit: service.active == "active" for service in readings.automation.value or ()}
    units = ground.world.units[node.server.name]
    for one in ground.shape.automation:
        unit = units.find(UNITS.get(one.name, ""))
        if unit is not None and active.get(one.unit) is False:
            units.cease(unit)


def hear(ground: Ground) -> None:
    """Cut the way between servers of which one did not hear the other, though it was there."""
    answered = {
        node.server.name: readings
        for node, readings in ground.nodes()
        if readings.link.failure is None and node.unit.is_active
    }
    for name, readings in answered.items():
        for peer in readings.cluster.value.peers if readings.cluster.value is not None else ():
            for other in answered if peer.state == UNHEARD else ():
                if ground.is_of(peer, other):
                    ground.world.network.cut(name, other)
