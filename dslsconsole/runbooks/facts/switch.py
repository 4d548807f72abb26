"""Moving the primary role within the main site: failover, planned or in an emergency, and failback."""

from collections.abc import Mapping

from dslsconsole.model.node import Role
from dslsconsole.runbooks.evidence import wants_word
from dslsconsole.runbooks.facts import common, words
from dslsconsole.runbooks.plan import Fact
from dslsconsole.runbooks.survey import Survey
from dslsconsole.systems.ground import Ground


def conclude(survey: Survey, ground: Ground, params: Mapping[str, str], attested: frozenset[str]) -> dict[str, Fact]:
    """`primary` is who serves now, or who served last; `target` takes over.

    Where every node that could serve answers, and says that it does not (`idle`), nobody is dead: `primary` is then
    the node that stands back for `target`, and goes on running as backup.
    """
    facts: dict[str, Fact] = {"kill": params.get("stop") == "kill"}
    alive = survey.primaries(tuple(ground.main_nodes))
    idle = not alive and all(survey.nodes[name].role is not None for name in common.candidates(ground))
    facts["planned"] = len(alive) == 1
    facts["emergency"] = not alive
    facts["idle"] = idle
    facts["bereft"] = not alive and not idle
    facts["starts_target"] = params.get("target") == "configured"
    primary = alive[0] if len(alive) == 1 else _last_primary(survey, ground) if facts["bereft"] else None
    target = _target(survey, ground, params, primary, idle=idle)
    if idle:
        primary = _standing_back(ground, target)
    common.put(facts, "primary", primary)
    common.put(facts, "target", target)
    facts["way_back"] = "another failover" if target == common.configured_primary(ground) else "failback"
    common.put(facts, "target_unfit", _unfit(survey, ground, params.get("target"), None if idle else primary))
    asked = (*((primary,) if primary and not alive else ()), *(common.candidates(ground) if not alive else ()))
    asked += (*ground.dr_nodes, *(loop.node for loop in ground.cluster.automation if loop.node in survey.nodes))
    facts["attestable"] = wants_word(survey, ground, dict.fromkeys(asked), attested)
    if primary is None or target is None:
        return facts
    facts["dead"] = "" if idle else primary
    facts["leaving"] = "" if idle else primary
    facts["still_up"] = words.still_up(survey, ground, (primary,) if facts["bereft"] else ())
    known = common.epoch(survey, ground.main_nodes)
    facts["epoch"] = str(known) if known is not None else "0"
    facts["primary_port"] = ground.licence_port(primary)
    facts["configured_primary"] = common.configured_primary(ground) or primary
    balancers = common.changeable(survey, ground, ground.main_balancers, primary, target)
    facts["balancers"] = balancers
    taken_out = [name for name in balancers if not idle or _draws(survey, ground, name, primary)]
    facts["primary_servers"] = common.servers(survey, ground, taken_out, primary)
    facts["target_servers"] = common.servers(survey, ground, balancers, target)
    facts["features"] = ground.cluster.checkout_features
    facts["acts_on"] = tuple(name for name in (primary, target) if survey.nodes[name].reached)
    node = survey.nodes[primary]
    facts["primary_answers"] = node.reached
    facts["primary_hangs"] = bool(facts["bereft"]) and node.reached and not node.stopped
    facts["primary_to_kill"] = not idle and node.reached and not node.stopped and bool(facts["kill"])
    facts["is_attested"] = not idle and primary in attested
    facts["attested"] = primary if facts["is_attested"] else ""
    # Stopped already, or stopped by this operation before the promotion: its own host says so then.
    facts["is_certain"] = bool(facts["bereft"]) and node.reached
    facts["certain"] = primary if facts["is_certain"] else ""
    facts["rest_is_lost"] = bool(facts["bereft"]) and not node.reached
    # A target that is only started by the plan begins to keep up in the middle of it.
    keeps_up = not facts["starts_target"] and common.keeps_up(survey, ground, primary, target)
    facts["leaves_rest"] = facts["is_certain"] or (len(alive) == 1 and not keeps_up)
    facts["target_stopped"] = survey.nodes[target].stopped
    running = common.loops(survey, ground, active=True)
    facts["running_loops"] = running
    loops_to_start = tuple(
        loop for loop in (*running, *common.loops(survey, ground, active=False)) if survey.nodes[loop["node"]].reached
    )
    facts["loops_to_start"] = loops_to_start
    # Nothing is left to fail back then: what an earlier operation left paused would stay so for ever.
    as_configured = idle and target == common.configured_primary(ground)
    to_resume = loops_to_start if as_configured else running
    facts["loops_to_resume"] = tuple(loop for loop in to_resume if loop["node"] != primary)
    left = ", ".join(loop["loop"] for loop in running if loop["node"] == primary)
    facts["left_paused"] = f" Paused until failback: {left}." if left else ""
    facts["not_paused"] = words.unpaused(survey, ground)
    facts["stays_out"] = words.of_balancers(
        ground.main_balancers,
        balancers,
        f"{primary} stays out of {words.listed(taken_out)} until failback." if taken_out else "",
    )
    facts["as_configured"] = words.of_balancers(
        ground.main_balancers, balancers, "Both servers are ready again on {}."
    ) + words.resumed(ground, loops_to_start)
    return facts


def _last_primary(survey: Survey, ground: Ground) -> str | None:
    """Who served last, as the others remember it; else the one candidate that is not running as backup."""
    silent = [name for name in common.candidates(ground) if survey.nodes[name].role is None]
    for node in survey.nodes.values():
        for peer in node.cluster.value.peers if node.cluster.value else ():
            if peer.role == Role.PRIMARY.value and peer.node in silent:
                return peer.node
    configured = common.configured_primary(ground)
    if configured in silent:
        return configured
    return silent[0] if len(silent) == 1 else None


def _standing_back(ground: Ground, target: str | None) -> str | None:
    """Who stands back for `target` where nobody serves: the configured primary before all others."""
    others = [name for name in common.candidates(ground) if name != target]
    configured = common.configured_primary(ground)
    return configured if configured in others else next(iter(others), None)


def _draws(survey: Survey, ground: Ground, balancer: str, node: str) -> bool:
    """Whether a node's server would draw clients from another that serves: HAProxy spares those with `backup`."""
    server = survey.balancers[balancer].server(ground.server_name(balancer, node))
    return server is None or not server.backup


def _newest(survey: Survey, ground: Ground) -> str | None:
    """The backup with the newest token state; of several the configured primary."""
    configured = common.configured_primary(ground)

    def rank(name: str) -> tuple[int, bool]:
        tokens = survey.nodes[name].tokens.value
        return (tokens.generation if tokens and tokens.generation is not None else -1), name == configured

    return max(common.backups(survey, ground), key=rank, default=None)


def _target(
    survey: Survey, ground: Ground, params: Mapping[str, str], primary: str | None, *, idle: bool
) -> str | None:
    asked = params.get("target")
    if asked == "configured":
        return common.configured_primary(ground)
    if asked:
        return asked if asked in common.candidates(ground) and asked != primary else None
    if idle:
        return _newest(survey, ground)
    return next((name for name in common.backups(survey, ground) if name != primary), None)


def _unfit(survey: Survey, ground: Ground, asked: str | None, primary: str | None) -> str | None:
    """Why the node that was asked for by name can't take over, and which can; None where it may."""
    if not asked or asked == "configured" or (asked in common.candidates(ground) and asked != primary):
        return None
    others = [name for name in common.backups(survey, ground) if name != primary]
    who = f"{' and '.join(others)} can" if others else "no other node runs as backup now"
    if asked == primary:
        return f"{asked} is the primary itself; {who}"
    if asked in ground.main_nodes:
        return f"{asked} is an arbitrator and can't take over; {who}"
    if asked in ground.dr_nodes:
        return f"{asked} is of the DR site, which only dr-activate lets serve; {who}"
    return f"{asked} is no node of {ground.name}; {who}"
