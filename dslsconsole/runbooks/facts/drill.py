"""Testing high availability for real: who is moved, cut off and started, and which tests are wished for."""

from collections.abc import Mapping

from dslsconsole.runbooks.facts import common, disaster, switch, words
from dslsconsole.runbooks.plan import Fact
from dslsconsole.runbooks.survey import Survey
from dslsconsole.systems.ground import Ground

TESTS = {
    "failover": "planned failover and failback",
    "failure": "failure of the primary",
    "partition": "partition and recovery",
    "dr": "start of the DR site",
}


def conclude(survey: Survey, ground: Ground, params: Mapping[str, str], attested: frozenset[str]) -> dict[str, Fact]:
    """What moving the primary role and activating the DR site conclude, and `test_…` for each test that is wished."""
    wished = tuple(test for test in TESTS if params.get(test) != "skip" and (test != "dr" or ground.cluster.dr))
    site = disaster.conclude(survey, ground, {}, attested) if ground.cluster.dr else {}
    kept = ("dr_primary", "dr_backups", "dr_balancers", "record", "main_address", "dns", "dns_host", "site")
    facts = {name: site[name] for name in kept if name in site}
    facts |= switch.conclude(survey, ground, {}, attested)
    facts["loops_to_resume_all"] = facts.get("running_loops", ())
    facts |= {f"test_{test}": test in wished for test in TESTS}
    facts["filters"] = "failure" in wished or "partition" in wished
    facts["moves"] = "failover" in wished or "failure" in wished
    facts["dns_checked"] = "dr" in wished and bool(facts.get("dns"))
    facts["wished"] = words.listed(TESTS[test] for test in wished)
    acts = facts.get("acts_on")
    on_main = acts if isinstance(acts, tuple) else ()
    dr_nodes = tuple(name for name in ground.dr_nodes if "dr" in wished and survey.nodes[name].reached)
    facts["acts_on"] = (*(name for name in on_main if isinstance(name, str)), *dr_nodes)
    primary, target = facts.get("primary"), facts.get("target")
    facts["filtered"] = tuple(
        node for node, test in ((primary, "failure"), (target, "partition")) if isinstance(node, str) and test in wished
    )
    common.put(facts, "arbitrator", _witness(ground, primary, target))
    return facts


def _witness(ground: Ground, *others: object) -> str | None:
    """A node of the main site that takes part in neither move."""
    return next((name for name in ground.main_nodes if name not in others), None)
