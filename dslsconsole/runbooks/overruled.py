"""Which steps of a plan need not stand any more, because a later one is about the same thing.

A runbook that takes a server out brings it back in the end, and one that stops a service may start it again. What a
step brought about is read again, after an operation was cut off, only where nothing later was meant to change it.
"""

from collections.abc import Collection
from enum import StrEnum

from dslsconsole.runbooks.plan import Plan, PlannedStep


class _Thing(StrEnum):
    """What a step is about."""

    SERVICE = "service"
    BOOT = "boot"  # whether a unit starts with its host
    SERVER = "server"
    RECORD = "record"
    FILTER = "filter"
    REMOVAL = "removal"
    STATE = "state"  # what one licence server holds of another's
    FILES = "files"


_ABOUT = {
    "unit-active": _Thing.SERVICE,
    "unit-inactive": _Thing.SERVICE,
    "server-answers": _Thing.SERVICE,
    "stopped-for-certain": _Thing.SERVICE,
    "role-is": _Thing.SERVICE,
    "serves-again": _Thing.SERVICE,
    "not-serving": _Thing.SERVICE,
    "unit-enabled": _Thing.BOOT,
    "unit-disabled": _Thing.BOOT,
    "server-state": _Thing.SERVER,
    "record-is": _Thing.RECORD,
    "filter-there": _Thing.FILTER,
    "filter-gone": _Thing.FILTER,
    "removal-timed": _Thing.REMOVAL,
    "removal-not-timed": _Thing.REMOVAL,
    "tokens-in-sync": _Thing.STATE,
    "dr-state-verified": _Thing.STATE,
    "state-imported": _Thing.STATE,
    "files-same": _Thing.FILES,
}
"""The checks that tell of a state which stays, and of what. Others remember what their step did."""
_OF_THE_LICENCE_SERVER = ""
_KEYS = {
    _Thing.SERVICE: ("unit",),
    _Thing.BOOT: ("unit",),
    _Thing.SERVER: ("node",),
    _Thing.RECORD: (),
    _Thing.FILTER: ("chain",),
    _Thing.REMOVAL: ("chain",),
    _Thing.STATE: ("target", "node"),
    _Thing.FILES: ("node", "files"),
}
"""The arguments that tell one thing on a host from another of its kind."""
_Subject = tuple[str, ...]


def lasts(step: PlannedStep) -> bool:
    """Whether what the step brought about stays, so that its check can be asked again at any time."""
    return step.until is not None and step.until.check in _ABOUT and step.action != "observe"


def leaves_the_service(step: PlannedStep, loops: Collection[str]) -> bool:
    """Whether the step touches no licence server's service, its role or the way to it, but at most the units of
    `loops`, a load balancer's server, or what one server holds of another's."""
    if step.until is None:
        return not step.undo.final
    thing = _ABOUT.get(step.until.check)
    if thing is _Thing.SERVICE:
        return step.arguments.get("unit", _OF_THE_LICENCE_SERVER) in loops
    return thing in (_Thing.SERVER, _Thing.STATE, _Thing.FILES)


def stands(step: PlannedStep) -> bool:
    """Whether it lasts, and nothing but an operator's hand ends it: tokens and files move on by themselves."""
    return lasts(step) and step.until is not None and _ABOUT[step.until.check] not in (_Thing.STATE, _Thing.FILES)


def overruled(plan: Plan, step: PlannedStep, begun: Collection[int]) -> bool:
    """Whether one of the later steps that were begun is about the same thing."""
    about = _subjects(step)
    return any(
        later.number > step.number and later.number in begun and lasts(later) and about & _subject_of(later)
        for later in plan.steps
    )


def _subject_of(step: PlannedStep) -> frozenset[_Subject]:
    assert step.until is not None
    thing = _ABOUT[step.until.check]
    words = (step.arguments.get(key, "") for key in _KEYS[thing])
    return frozenset({(thing.value, step.until.host, *words)})


def _subjects(step: PlannedStep) -> frozenset[_Subject]:
    """What may overrule the step. A state that was passed on counts no more once either server is stopped or promoted:
    then it has been taken from the one and is the other's own."""
    if not lasts(step):
        return frozenset()
    found = _subject_of(step)
    if step.until is not None and _ABOUT[step.until.check] is _Thing.STATE:
        ends = (step.host, step.arguments.get("target") or step.arguments.get("node", ""))
        found |= {(_Thing.SERVICE.value, end, _OF_THE_LICENCE_SERVER) for end in ends}
    return found
