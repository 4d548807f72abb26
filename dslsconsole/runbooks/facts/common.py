"""Conclusions that several kinds of operation share."""

from collections.abc import Iterable, Mapping

from dslsconsole.model.node import Mode, Peer, Role
from dslsconsole.runbooks.plan import Fact
from dslsconsole.runbooks.survey import Survey
from dslsconsole.systems.ground import Ground

ACTIVE = ("active", "activating", "reloading")


def candidates(ground: Ground) -> tuple[str, ...]:
    """The main site's nodes that can serve: all but arbitrators."""
    return tuple(name for name, node in ground.main_nodes.items() if node.mode is not Mode.ARBITRATOR)


def configured_primary(ground: Ground) -> str | None:
    return next((name for name, node in ground.main_nodes.items() if node.mode is Mode.PRIMARY), None)


def backups(survey: Survey, ground: Ground) -> tuple[str, ...]:
    """The main site's nodes that say they run as backup now."""
    return tuple(
        name for name in candidates(ground) if survey.nodes[name].role is Role.BACKUP and survey.nodes[name].reached
    )


def changeable(survey: Survey, ground: Ground, among: Iterable[str], *nodes: str) -> tuple[str, ...]:
    """The load balancers that can be changed and have a server for every one of `nodes`."""
    return tuple(
        name
        for name in among
        if survey.balancers[name].channel is not None
        and all(survey.balancers[name].server(ground.server_name(name, node)) for node in nodes)
    )


def drawing(survey: Survey, ground: Ground, among: Iterable[str], node: str) -> tuple[str, ...]:
    """The load balancers on which `node`'s server, once it is ready, would draw clients from the one that serves.

    HAProxy leaves servers with `backup` alone as long as another takes connections; all others share them.
    """
    site = ground.main_nodes if node in ground.main_nodes else ground.dr_nodes
    if survey.nodes[node].serves or not any(survey.nodes[other].serves for other in site if other != node):
        return ()
    found = ((name, survey.balancers[name].server(ground.server_name(name, node))) for name in among)
    return tuple(name for name, server in found if server is not None and not server.backup)


def servers(survey: Survey, ground: Ground, among: Iterable[str], *nodes: str) -> tuple[Mapping[str, str], ...]:
    """The nodes' servers on the load balancers that can be changed: `it` or `balancer`, `server_of`, and what was set
    for it: `was` and the state that proves it, `was_state`, to which an undo goes back."""
    return tuple(
        {"it": name, "balancer": name, "server_of": node, "was": _SET.get(state, "ready"), "was_state": state}
        for name in among
        if survey.balancers[name].channel is not None
        for node in nodes
        if (server := survey.balancers[name].server(ground.server_name(name, node)))
        for state in [server.state.value if server.state.value in _SET else "READY"]
    )


_SET = {"MAINT": "maint", "DRAIN": "drain"}


def loops(survey: Survey, ground: Ground, *, active: bool) -> tuple[Mapping[str, str], ...]:
    """The automation that runs now (or, with `active` False, does not run but is enabled), as far as it is known."""
    found = []
    for loop in ground.cluster.automation:
        node = survey.nodes.get(loop.node)
        units = {unit.name: unit for unit in (node.automation.value or ())} if node else {}
        unit = units.get(loop.unit)
        if unit is None or not unit.known:
            continue
        if (unit.active in ACTIVE) is active and (active or unit.enabled not in ("disabled", "masked")):
            found.append({"loop": loop.name, "node": loop.node, "unit": loop.unit})
    return tuple(found)


def epoch(survey: Survey, nodes: Iterable[str]) -> int | None:
    """The highest epoch that any of the nodes knows of."""
    known = [
        status.epoch
        for name in nodes
        if (status := survey.nodes[name].cluster.value) is not None and status.epoch is not None
    ]
    return max(known) if known else None


def peer_of(survey: Survey, ground: Ground, primary: str, node: str) -> Peer | None:
    """What the primary says of another node as its peer."""
    status = survey.nodes[primary].cluster.value
    names = (node, ground.address(node))
    return next((peer for peer in status.peers if peer.node in names), None) if status else None


def keeps_up(survey: Survey, ground: Ground, primary: str, node: str) -> bool:
    """Whether the primary says that its token state reaches a backup, no later than `token_sync.max_lag`."""
    peer = peer_of(survey, ground, primary, node)
    if peer is None or peer.lag_s is None:
        return False
    return peer.lag_s <= ground.cluster.token_sync.max_lag and peer.sync in (None, "ok")


def lockable(survey: Survey, ground: Ground) -> tuple[str, ...]:
    """The nodes that carry the lock: the main site's that answer; where none does, the DR site's as well."""
    main = tuple(name for name in ground.main_nodes if survey.nodes[name].reached)
    dr = tuple(name for name in ground.dr_nodes if survey.nodes[name].reached)
    return main if len(main) * 2 > len(ground.main_nodes) else main + dr


def put(facts: dict[str, Fact], name: str, value: Fact | None) -> None:
    """Keep a fact if it is known."""
    if value is not None:
        facts[name] = value
