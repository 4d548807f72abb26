"""Acting on one server or one load balancer that the operator names."""

from collections.abc import Mapping

from dslsconsole.runbooks.evidence import wants_word
from dslsconsole.runbooks.facts import common, words
from dslsconsole.runbooks.plan import Fact
from dslsconsole.runbooks.survey import Survey
from dslsconsole.systems.ground import Ground


def conclude(survey: Survey, ground: Ground, params: Mapping[str, str], attested: frozenset[str]) -> dict[str, Fact]:
    """`node` as named, or else the one that serves; `balancers` those that know it and can be changed."""
    facts: dict[str, Fact] = {"features": ground.cluster.checkout_features}
    serving = survey.primaries()
    primary = serving[0] if len(serving) == 1 else None
    common.put(facts, "primary", primary)
    node = params.get("node") or primary
    if node not in ground.nodes:
        return facts
    facts["node"] = node
    tested = ", ".join(ground.cluster.checkout_features)
    untested = f"Nothing was tested: the estate file names no checkout_features, so {node} was not asked."
    facts["granted"] = f"{node} grants licences ({tested})." if tested else untested
    facts["target"] = node
    facts["acts_on"] = (node,)
    main = node in ground.main_nodes
    facts["attestable"] = wants_word(survey, ground, ground.dr_nodes if main else ground.main_nodes, attested)
    names = ground.main_balancers if main else ground.dr_balancers
    asked = params.get("balancer")
    wanted = tuple(name for name in names if asked in (None, "", name))
    balancers = common.changeable(survey, ground, wanted, node)
    facts["balancers"] = balancers
    facts["servers"] = common.servers(survey, ground, balancers, node)
    facts["wanted_balancers"] = wanted
    facts["drawing"] = common.drawing(survey, ground, wanted, node)
    facts["not_changed"] = words.of_balancers(wanted, balancers, "That is so on {}.")
    facts["leaving"] = node
    status = survey.nodes[node].cluster.value
    facts["votes"] = main and status is not None and status.state == "running"
    facts["serves"] = survey.nodes[node].serves
    return facts
