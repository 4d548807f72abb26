"""Moving the primary role within the main site: failover, planned or in an emergency, and failback."""

from collections.abc import Mapping

from dslsconsole.model.node import Role
from dslsconsole.runbooks.evidence import wants_word
from dslsconsole.runbooks.facts import common, words
from dslsconsole.runbooks.plan import Fact
from dslsconsole.runbooks.survey import Survey
from dslsconsole.systems.ground import Ground


def conclude(survey: Survey, ground: Ground, params: Mapping[str, str], attested: frozenset[str]) -> dict[str, Fact]:
    """`primary` is who serves now, or who served last; `target` takes over."""
    facts: dict[str, Fact] = {"kill": params.get("stop") == "kill"}
    alive = survey.primaries(tuple(ground.main_nodes))
    facts["planned"] = len(alive) == 1
    facts["emergency"] = not alive
    primary = alive[0] if len(alive) == 1 else _last_primary(survey, ground) if not alive else None
    common.put(facts, "primary", primary)
    target = _target(survey, ground, params, primary)
    common.put(facts, "target", target)
    common.put(facts, "target_unfit", _unfit(survey, ground, params.get("target"), primary))
    asked = (*((primary,) if primary and not alive else ()), *(common.candidates(ground) if not alive else ()))
    asked += (*ground.dr_nodes, *(loop.node for loop in ground.cluster.automation if loop.node in survey.nodes))
    facts["attestable"] = wants_word(survey, ground, dict.fromkeys(asked), attested)
    if primary is None or target is None:
        return facts
    facts["dead"] = primary
    facts["still_up"] = words.still_up(survey, ground, () if alive else (primary,))
    known = common.epoch(survey, ground.main_nodes)
    facts["epoch"] = str(known) if known is not None else "0"
    facts["primary_port"] = ground.licence_port(primary)
    facts["configured_primary"] = common.configured_primary(ground) or primary
    balancers = common.changeable(survey, ground, ground.main_balancers, primary, target)
    facts["balancers"] = balancers
    facts["primary_servers"] = common.servers(survey, ground, balancers, primary)
    facts["target_servers"] = common.servers(survey, ground, balancers, target)
    facts["features"] = ground.cluster.checkout_features
    facts["acts_on"] = tuple(name for name in (primary, target) if survey.nodes[name].reached)
    node = survey.nodes[primary]
    facts["primary_answers"] = node.reached
    facts["primary_hangs"] = not alive and node.reached and not node.stopped
    facts["primary_to_kill"] = node.reached and not node.stopped and bool(facts["kill"])
    facts["attested"] = " ".join(sorted(attested & {primary}))
    facts["is_attested"] = primary in attested
    # Stopped already, or stopped by this operation before the promotion: its own host says so then.
    facts["certain"] = primary if not alive and node.reached else ""
    facts["is_certain"] = not alive and node.reached
    facts["target_stopped"] = survey.nodes[target].stopped
    running = common.loops(survey, ground, active=True)
    facts["running_loops"] = running
    facts["loops_to_resume"] = tuple(loop for loop in running if loop["node"] != primary)
    left = ", ".join(loop["loop"] for loop in running if loop["node"] == primary)
    facts["left_paused"] = f" Paused until failback: {left}." if left else ""
    facts["not_paused"] = words.unpaused(survey, ground)
    loops_to_start = tuple(
        loop for loop in (*running, *common.loops(survey, ground, active=False)) if survey.nodes[loop["node"]].reached
    )
    facts["loops_to_start"] = loops_to_start
    facts["stays_out"] = words.of_balancers(
        ground.main_balancers, balancers, f"{primary} stays out of {{}} until failback."
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


def _target(survey: Survey, ground: Ground, params: Mapping[str, str], primary: str | None) -> str | None:
    asked = params.get("target")
    if asked == "configured":
        return common.configured_primary(ground)
    if asked:
        return asked if asked in common.candidates(ground) and asked != primary else None
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
