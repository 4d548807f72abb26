"""Bringing token state to the backups, and everything to the DR site."""

from collections.abc import Mapping

from dslsconsole.runbooks.evidence import wants_word
from dslsconsole.runbooks.facts import common, words
from dslsconsole.runbooks.plan import Fact
from dslsconsole.runbooks.survey import Survey
from dslsconsole.systems.ground import Ground


def conclude(survey: Survey, ground: Ground, params: Mapping[str, str], attested: frozenset[str]) -> dict[str, Fact]:
    """`primary` is the only node that serves; `targets` the backups; `copies` what goes to which DR node."""
    facts: dict[str, Fact] = {"attestable": wants_word(survey, ground, ground.dr_nodes, attested)}
    alive = survey.primaries()
    primary = alive[0] if len(alive) == 1 and alive[0] in ground.main_nodes else None
    common.put(facts, "primary", primary)
    asked = params.get("target")
    backups = tuple(name for name in common.backups(survey, ground) if name != primary and asked in (None, "", name))
    facts["targets"] = backups
    common.put(facts, "target", backups[0] if backups else None)
    facts["keeps"] = bool(ground.cluster.dr and ground.cluster.dr.sync.generations_directory)
    sites = tuple(name for name in ground.dr_nodes if survey.nodes[name].reached)
    facts["dr_nodes"] = sites
    sync = ground.cluster.dr.sync if ground.cluster.dr else None
    facts["copies"] = tuple(
        {"node": node, "files": str(number), "source": files.from_, "place": files.to}
        for node in sites
        for number, files in enumerate(sync.files if sync else ())
    )
    facts["held"] = (
        f"{words.listed(sites)} hold{'s' if len(sites) == 1 else ''} {primary}'s state"
        + (" and files, verified." if facts["copies"] else ", verified.")
        + (f" Left out: {words.listed(left)}." if (left := [n for n in ground.dr_nodes if n not in sites]) else "")
    )
    common.put(facts, "site", ground.cluster.dr.site if ground.cluster.dr else None)
    facts["acts_on"] = tuple(name for name in (primary, *backups) if name is not None)
    loops = common.loops(survey, ground, active=True)
    facts["running_loops"] = loops
    facts["loops_to_resume"] = loops
    return facts
