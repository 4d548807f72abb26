"""Whether what an operation says at its end agrees with the truth of the practice estate."""

from collections.abc import Callable, Iterator
from typing import Any

from dslsconsole.lab.practice import Lab
from dslsconsole.lab.world.site import DR_LICENSES
from dslsconsole.runbooks.execution import StepOutcome
from dslsconsole.runbooks.plan import PlannedStep
from dslsconsole.runbooks.report import Report
from tests.estate import practising as p

Truth = dict[str, Any]
Wrong = Iterator[str]
"""What is not as it was said to be, in words; nothing where all is."""
SERVER_OF = {p.PRIMARY: "dsls-primary", p.BACKUP: "dsls-backup"}
SETTINGS = ("academic-ha", "academic-calendar", "load-balancing", "academic-balancing")


def stopped(truth: Truth, *nodes: str) -> Wrong:
    for node in nodes:
        if (unit := truth["nodes"][node]["unit"]) not in ("inactive", "failed"):
            yield f"the unit of {node} is {unit}"


def serves(truth: Truth, node: str) -> Wrong:
    """It serves, alone, where it can be reached."""
    if not truth["primaries"] == truth["serving"] == [node]:
        yield f"{truth['primaries']} are primary, {truth['serving']} serve, not {node}"
    if truth["nodes"][node]["power"] != "on" or node in truth["isolated"]:
        yield f"{node} serves nobody"


def set_to(truth: Truth, node: str, state: str) -> Wrong:
    """Its server is so on every load balancer of the main site, each of which runs."""
    for balancer in p.MAIN_BALANCERS:
        there = truth["load_balancers"][balancer]
        found = there["servers"][SERVER_OF[node]]["admin"]
        if found != state:
            yield f"{SERVER_OF[node]} is {found} on {balancer}, not {state}"
        if (there["power"], there["running"]) != ("on", True):
            yield f"{balancer} serves nobody"


def leads_to(truth: Truth, address: str) -> Wrong:
    if truth["dns"]["addresses"] != [address]:
        yield f"the record leads to {truth['dns']['addresses']}"


def looped(truth: Truth, state: str) -> Wrong:
    found = set(truth["nodes"][p.PRIMARY]["automation"].values())
    if found != {state}:
        yield f"the loops on {p.PRIMARY} are {found}"


class Beginning:
    """What was true before the operation began."""

    def __init__(self, lab: Lab) -> None:
        self.truth = lab.truth()
        self.standing = p.standing(lab)
        self.licenses = licenses(lab)
        self.pid = lab.world.nodes[p.BACKUP].unit.pid
        self.synced = synced(lab)


def licenses(lab: Lab) -> dict[str, bytes]:
    directory = lab.directory / "storage" / "licenses"
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def synced(lab: Lab) -> dict[str, float | None]:
    """When each DR node last took a state; the truth as it is told has whole seconds alone."""
    return {name: lab.world.nodes[name].server.last_sync for name in (p.DR_PRIMARY, p.DR_BACKUP)}


def _failover(lab: Lab, truth: Truth, before: Beginning) -> Wrong:
    yield from serves(truth, p.BACKUP)
    yield from stopped(truth, p.PRIMARY)
    yield from set_to(truth, p.PRIMARY, "maint")
    yield from set_to(truth, p.BACKUP, "ready")


def _failback(lab: Lab, truth: Truth, before: Beginning) -> Wrong:
    yield from serves(truth, p.PRIMARY)
    yield from set_to(truth, p.PRIMARY, "ready")
    yield from set_to(truth, p.BACKUP, "ready")
    yield from looped(truth, "active")


def _dr_activate(lab: Lab, truth: Truth, before: Beginning) -> Wrong:
    yield from serves(truth, p.DR_PRIMARY)
    yield from stopped(truth, *p.MAIN)
    yield from set_to(truth, p.PRIMARY, "maint")
    yield from set_to(truth, p.BACKUP, "maint")
    yield from leads_to(truth, p.DR_ADDRESS)
    if len(truth["notifications"]) != len(before.truth["notifications"]) + 1:
        yield "users were not told once"


def _dr_return(lab: Lab, truth: Truth, before: Beginning) -> Wrong:
    yield from serves(truth, p.PRIMARY)
    yield from stopped(truth, p.DR_PRIMARY, p.DR_BACKUP)
    yield from set_to(truth, p.PRIMARY, "ready")
    yield from set_to(truth, p.BACKUP, "ready")
    yield from leads_to(truth, p.MAIN_ADDRESS)
    if len(truth["notifications"]) != len(before.truth["notifications"]) + 1:
        yield "users were not told once"


def _tokens(lab: Lab, truth: Truth, before: Beginning) -> Wrong:
    wanted = before.truth["nodes"][p.PRIMARY]["generation"]
    if (found := truth["nodes"][p.BACKUP]["generation"]) < wanted:
        yield f"{p.BACKUP} holds generation {found}, and {wanted} was to come over"


def _dr_sync(lab: Lab, truth: Truth, before: Beginning) -> Wrong:
    for node in (p.DR_PRIMARY, p.DR_BACKUP):
        files = lab.world.hosts[node].files
        there = {name: files.read(f"{DR_LICENSES}/{name}") for name in files.names(DR_LICENSES)}
        if there not in (before.licenses, licenses(lab)):
            yield f"the licence files on {node} are {sorted(there)}"
        if synced(lab)[node] == before.synced[node]:
            yield f"{node} holds the state of before"


def _quarantine(lab: Lab, truth: Truth, before: Beginning) -> Wrong:
    yield from stopped(truth, p.BACKUP)
    yield from set_to(truth, p.BACKUP, "maint")
    if (state := lab.world.nodes[p.BACKUP].unit.file_state) != "disabled":
        yield f"the unit is {state}"


def _quarantine_end(lab: Lab, truth: Truth, before: Beginning) -> Wrong:
    yield from set_to(truth, p.BACKUP, "ready")
    if truth["nodes"][p.BACKUP]["role"] != "backup":
        yield f"{p.BACKUP} has the role {truth['nodes'][p.BACKUP]['role']}"
    if (state := lab.world.nodes[p.BACKUP].unit.file_state) != "enabled":
        yield f"the unit is {state}"


def _vip_move(lab: Lab, truth: Truth, before: Beginning) -> Wrong:
    first, second = p.MAIN_BALANCERS
    if not truth["load_balancers"][second]["holds_vip"]:
        yield f"{second} does not hold the address"
    if lab.world.units[first].units["keepalived.service"].is_active:
        yield f"keepalived runs on {first}"


def _drill(lab: Lab, truth: Truth, before: Beginning) -> Wrong:
    found = p.standing(lab)
    # A loop that was started meanwhile, and that no estate file names, is nobody's to stop.
    found["nodes"] = {
        name: (unit, role, {loop: state for loop, state in loops.items() if loop in before.standing["nodes"][name][2]})
        for name, (unit, role, loops) in found["nodes"].items()
    }
    yield from (f"{key} is {found[key]}, was {was}" for key, was in before.standing.items() if found[key] != was)


def _checkout(lab: Lab, truth: Truth, before: Beginning) -> Wrong:
    yield from serves(truth, p.PRIMARY)


def _runs(lab: Lab, truth: Truth, before: Beginning) -> Wrong:
    unit = lab.world.nodes[p.BACKUP].unit
    if unit.active != "active" or unit.pid == before.pid:
        yield f"the unit of {p.BACKUP} is {unit.active}, pid {unit.pid}"


def _set_on_both(book: str) -> Callable[[Lab, Truth, Beginning], Wrong]:
    def wrong(lab: Lab, truth: Truth, before: Beginning) -> Wrong:
        for node in (p.PRIMARY, p.BACKUP):
            if not lab.world.hosts[node].files.exists(f"/opt/dsls/state/{book}.conf"):
                yield f"{node} was told nothing"

    return wrong


DONE: dict[str, Callable[[Lab, Truth, Beginning], Wrong]] = {
    "failover": _failover,
    "failback": _failback,
    "dr-activate": _dr_activate,
    "dr-return": _dr_return,
    "dr-sync": _dr_sync,
    "token-sync": _tokens,
    "force-sync": _tokens,
    "checkout-test": _checkout,
    "ha-drill": _drill,
    "vip-move": _vip_move,
    "quarantine": _quarantine,
    "quarantine-end": _quarantine_end,
    "lb-drain": lambda lab, truth, before: set_to(truth, p.BACKUP, "drain"),
    "lb-maint": lambda lab, truth, before: set_to(truth, p.BACKUP, "maint"),
    "lb-ready": lambda lab, truth, before: set_to(truth, p.BACKUP, "ready"),
    "service-stop": lambda lab, truth, before: stopped(truth, p.BACKUP),
    "service-start": _runs,
    "service-restart": _runs,
    **{book: _set_on_both(book) for book in SETTINGS},
}
"""By runbook, what is not so where it says that it is done."""


def named(report: Report) -> Wrong:
    """Steps that were done and that a person who must look at them is not told of."""
    outcomes = {step.outcome for step in report.steps}
    if not report.card:
        yield "the card is empty"
    if outcomes <= {StepOutcome.DONE, StepOutcome.SKIPPED}:
        return  # The card says what of it does not stand.
    for step in report.steps:
        if step.outcome is StepOutcome.DONE and not any(step.name in line for line in report.card):
            yield f"“{step.name}” was done, and the card does not tell it"
        if step.outcome in (StepOutcome.FAILED, StepOutcome.UNKNOWN) and not any(
            step.name in text for text in (report.sentence, *report.card)
        ):
            yield f"“{step.name}” is {step.outcome}, and nothing tells it"


def claims(report: Report, steps: tuple[PlannedStep, ...], truth: Truth) -> Wrong:
    """What a card says to be standing that does not."""
    standing = [line for line in report.card if line.startswith("Done and standing: ")]
    for step in steps:
        if f"Done and standing: {step.name} ({step.host})." not in standing:
            continue
        if step.action == "promote" and step.host not in truth["primaries"]:
            yield f"{step.host} is not primary"
        if step.action == "service-stop" and not step.arguments.get("unit") and step.host in truth["nodes"]:
            yield from stopped(truth, step.host)
        if step.action == "server-maint" and (server := SERVER_OF.get(step.arguments["node"])):
            found = truth["load_balancers"][step.host]["servers"][server]["admin"]
            if found != step.arguments["state"].lower():
                yield f"{server} is {found} on {step.host}"


def apart(standing: dict[str, Any], hosts: frozenset[str]) -> dict[str, Any]:
    """The same without what belongs to some hosts."""
    return {
        **standing,
        "nodes": {name: node for name, node in standing["nodes"].items() if name not in hosts},
        "balancers": {name: servers for name, servers in standing["balancers"].items() if name not in hosts},
        "primaries": [name for name in standing["primaries"] if name not in hosts],
    }
