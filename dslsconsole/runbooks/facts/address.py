"""Moving the service address of the main site to another load balancer."""

from collections.abc import Mapping

from dslsconsole.runbooks.facts import common, words
from dslsconsole.runbooks.plan import Fact
from dslsconsole.runbooks.survey import Survey
from dslsconsole.systems.ground import Ground

READS_ADDRESSES = True


def conclude(survey: Survey, ground: Ground, params: Mapping[str, str], attested: frozenset[str]) -> dict[str, Fact]:
    """`holder` has the address now, `target` gets it, and keepalived of all `others` gives way."""
    group = ground.cluster.load_balancers
    facts: dict[str, Fact] = {"again": params.get("after") != "leave", "left": params.get("after") == "leave"}
    serving = survey.primaries(tuple(ground.main_nodes))
    primary = serving[0] if len(serving) == 1 else None
    common.put(facts, "primary", primary)
    facts["acts_on"] = ()
    if group is None or group.vip is None:
        return facts
    facts["vip"] = group.vip
    holders = tuple(name for name in ground.main_balancers if survey.balancers[name].holds_address)
    holder = holders[0] if len(holders) == 1 else None
    common.put(facts, "holder", holder)
    target = _target(ground, params.get("to", ""), holder)
    common.put(facts, "target", target)
    if target is None or holder is None:
        return facts
    others = tuple(name for name in ground.main_balancers if name != target)
    facts["others"] = others
    facts["bystanders"] = tuple(name for name in others if name != holder)
    facts["moves"] = holder != target
    facts["their"] = words.listed(others)
    facts["way_back"] = f"vip-move with to={holder}" if holder != target else "another vip-move"
    return facts


def _target(ground: Ground, asked: str, holder: str | None) -> str | None:
    """The load balancer that is asked for; else the one after the holder."""
    names = ground.main_balancers
    if asked:
        return asked if asked in names else None
    if holder is None or len(names) < 2:
        return None
    return names[(names.index(holder) + 1) % len(names)]
