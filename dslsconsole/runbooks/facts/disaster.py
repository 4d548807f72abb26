"""Moving the service to the DR site, and back."""

from collections.abc import Mapping

from dslsconsole.model.node import Mode
from dslsconsole.runbooks.evidence import wants_word
from dslsconsole.runbooks.facts import common, words
from dslsconsole.runbooks.plan import Fact
from dslsconsole.runbooks.survey import Survey
from dslsconsole.systems.ground import Ground


def conclude(survey: Survey, ground: Ground, params: Mapping[str, str], attested: frozenset[str]) -> dict[str, Fact]:
    """`dr_primary` takes over; `main_serving` is the main site's primary, `main_to_stop` what else runs there."""
    facts: dict[str, Fact] = {"attested": " ".join(sorted(attested)), "is_attested": bool(attested)}
    facts["newer"] = params.get("newer", "")
    facts["overwrite"] = params.get("newer") == "overwrite"
    dr = ground.cluster.dr
    if dr is None:
        return facts
    facts["site"] = dr.site
    dr_primary = next((name for name, node in ground.dr_nodes.items() if node.mode is Mode.DR_PRIMARY), None)
    common.put(facts, "dr_primary", dr_primary)
    common.put(facts, "target", dr_primary)
    others = tuple(name for name in ground.dr_nodes if name != dr_primary)
    backups = tuple(name for name in others if survey.nodes[name].reached)
    facts["dr_backups"] = backups
    first = ({"it": dr_primary, "starts_as": "dr-backup dr-primary backup primary"},) if dr_primary else ()
    facts["dr_to_start"] = (*first, *({"it": name, "starts_as": "dr-backup backup"} for name in backups))
    facts["features"] = ground.cluster.checkout_features
    known = common.epoch(survey, ground.nodes)
    facts["epoch"] = str(known) if known is not None else "0"
    _main(facts, survey, ground, attested)
    _balancers(facts, survey, ground, dr_primary)
    _loops(facts, survey, ground)
    _dns(facts, survey, ground)
    facts["notify"] = dr.notify is not None
    facts["verified"] = words.verified(ground)
    return facts


def _main(facts: dict[str, Fact], survey: Survey, ground: Ground, attested: frozenset[str]) -> None:
    reached = tuple(name for name in ground.main_nodes if survey.nodes[name].reached)
    facts["main_reached"] = reached
    serving = tuple(name for name in reached if survey.nodes[name].serves)
    facts["main_serving"] = serving
    facts["main_to_stop"] = tuple(name for name in reached if not survey.nodes[name].stopped and name not in serving)
    facts["dr_reached"] = tuple(name for name in ground.dr_nodes if survey.nodes[name].reached)
    facts["acts_on"] = (*reached, *(name for name in ground.dr_nodes if survey.nodes[name].reached))
    facts["dr_others_to_stop"] = tuple(
        name
        for name in ground.dr_nodes
        if name != facts.get("dr_primary") and survey.nodes[name].reached and not survey.nodes[name].stopped
    )
    dead = tuple(name for name in ground.main_nodes if name not in reached)
    facts["dead"] = " ".join(dead)
    facts["stopped"] = " ".join(reached)
    facts["attestable"] = wants_word(survey, ground, ground.nodes, attested)
    facts["still_up"] = words.still_up(survey, ground, dead)
    first = common.configured_primary(ground)
    common.put(facts, "main_primary", first)
    facts["main_others"] = tuple(name for name in ground.main_nodes if name != first)


def _balancers(facts: dict[str, Fact], survey: Survey, ground: Ground, dr_primary: str | None) -> None:
    candidates = common.candidates(ground)
    main = tuple(name for name in ground.main_balancers if survey.balancers[name].channel is not None)
    facts["main_balancers"] = main
    facts["main_servers"] = common.servers(survey, ground, main, *candidates)
    dr = common.changeable(survey, ground, ground.dr_balancers, *((dr_primary,) if dr_primary else ()))
    facts["dr_balancers"] = dr
    facts["main_left"] = words.of_balancers(
        ground.main_balancers,
        (server["balancer"] for server in common.servers(survey, ground, main, *candidates)),
        "The main site's servers are out of {} until dr-return.",
    )
    facts["main_back"] = words.of_balancers(
        ground.main_balancers,
        (server["balancer"] for server in common.servers(survey, ground, main, *candidates)),
        "The main site's servers are ready again on {}.",
    )
    facts["dr_left"] = words.of_balancers(ground.dr_balancers, dr, "")
    facts["dr_servers"] = common.servers(survey, ground, dr, *((dr_primary,) if dr_primary else ()))


def _loops(facts: dict[str, Fact], survey: Survey, ground: Ground) -> None:
    running = common.loops(survey, ground, active=True)
    facts["running_loops"] = running
    paused = words.listed(loop["loop"] for loop in running)
    facts["main_paused"] = (f" Paused until dr-return: {paused}." if paused else "") + words.unpaused(survey, ground)
    loops_to_start = tuple(
        loop
        for loop in (*common.loops(survey, ground, active=True), *common.loops(survey, ground, active=False))
        if survey.nodes[loop["node"]].reached
    )
    facts["loops_to_start"] = loops_to_start
    facts["resumed"] = words.resumed(ground, loops_to_start)


def _dns(facts: dict[str, Fact], survey: Survey, ground: Ground) -> None:
    dns = ground.cluster.dr.dns if ground.cluster.dr else None
    if dns is None:
        return
    hosts = dns.run_on or tuple(ground.dr_nodes)
    updater = next((host for host in hosts if host in survey.nodes and survey.nodes[host].reached), None)
    common.put(facts, "dns_host", updater)
    facts["dns"] = True
    facts["record"] = dns.record
    facts["main_address"] = dns.main_address
    facts["dr_address"] = dns.dr_address
