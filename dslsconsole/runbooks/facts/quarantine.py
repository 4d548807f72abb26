"""Taking one licence node out of service, and letting it in again."""

from collections.abc import Mapping

from dslsconsole.model.node import Mode
from dslsconsole.runbooks.facts import common, single, words
from dslsconsole.runbooks.plan import Fact
from dslsconsole.runbooks.survey import Survey
from dslsconsole.systems.ground import Ground


def conclude(survey: Survey, ground: Ground, params: Mapping[str, str], attested: frozenset[str]) -> dict[str, Fact]:
    """As for a single node, which must be named; with the loops that run on it, and what is said at the end."""
    if not params.get("node"):
        return {"acts_on": ()}
    facts = single.conclude(survey, ground, params, attested)
    node = facts.get("node")
    if not isinstance(node, str):
        return facts
    facts["leaving"] = node
    facts["kill"] = params.get("stop") == "kill"
    facts["of_main"] = node in ground.main_nodes
    facts["loops_here"] = tuple(loop for loop in common.loops(survey, ground, active=True) if loop["node"] == node)
    arbitrates = ground.nodes[node].mode is Mode.ARBITRATOR
    facts["role"] = {True: "arbitrator", False: "backup"}[arbitrates]
    facts["joins"] = node in ground.main_nodes
    facts["waits"] = node not in ground.main_nodes
    facts["holds_tokens"] = node in ground.main_nodes and not arbitrates
    names = ground.main_balancers if node in ground.main_nodes else ground.dr_balancers
    known = tuple(name for name in names if ground.server_name(name, node) is not None)
    facts["wanted_balancers"] = known
    changed = facts.get("balancers")
    changed = tuple(str(name) for name in changed) if isinstance(changed, tuple) else ()
    drawing = common.drawing(survey, ground, known, node)
    if drawing and (servers := facts.get("servers")) and isinstance(servers, tuple):
        ready = tuple(one for one in servers if isinstance(one, Mapping) and one["balancer"] not in drawing)
        facts["let_back"] = ready
    else:
        facts["let_back"] = facts.get("servers", ())
    waits = f" Its server stays as it is on {words.listed(drawing)} until failback: it would send clients to a backup."
    facts["waits_for_failback"] = waits if drawing else ""
    facts["kept_out"] = words.of_balancers(known, changed, "Its server is in maintenance on {}.")
    let_in = tuple(name for name in known if name not in drawing)
    facts["let_in"] = words.of_balancers(let_in, (n for n in changed if n in let_in), "Its server is ready on {}.")
    waiting = [loop["loop"] for loop in common.loops(survey, ground, active=False) if loop["node"] == node]
    facts["not_started"] = f" Not started again: {words.listed(waiting)}." if waiting else ""
    return facts
