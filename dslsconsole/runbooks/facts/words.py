"""What an operation may say at its end: only what it did, and what it left alone by name."""

from collections.abc import Iterable, Mapping

from dslsconsole.runbooks.evidence import evidence
from dslsconsole.runbooks.plan import Fact
from dslsconsole.runbooks.survey import Survey
from dslsconsole.systems.ground import Ground


def listed(names: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`; each once."""
    *first, last = dict.fromkeys(names) or [""]
    return f"{', '.join(first)} and {last}" if first else last


def verified(ground: Ground) -> str:
    """To follow a statement that licences are served; empty where no checkout is tested."""
    return ", verified by test checkouts" if ground.cluster.checkout_features else ""


def untested(features: Iterable[str]) -> str:
    """To follow what was done, where a checkout could not be tested; empty where all were."""
    return f" Not tested, because none was free: {names}." if (names := listed(features)) else ""


def of_balancers(known: Iterable[str], changed: Iterable[str], sentence: str) -> str:
    """` SENTENCE`, with `{}` for those that are changed, and who is left as it was; empty where there are none."""
    changed = tuple(dict.fromkeys(changed))
    left = [name for name in known if name not in changed]
    told = f" {sentence.format(listed(changed))}" if changed and sentence else ""
    if left:
        told += f" Not changed, so look at where it sends users: {listed(left)}."
    return told


def unpaused(survey: Survey, ground: Ground) -> str:
    """The loops that nobody could look at or pause, because their host is not reached; empty where there are none."""
    names = [
        f"{loop.name} on {loop.node}"
        for loop in ground.cluster.automation
        if loop.node not in survey.nodes or not survey.nodes[loop.node].reached
    ]
    return f" Not paused, because its host did not answer: {listed(names)}." if names else ""


def resumed(ground: Ground, loops: Iterable[Mapping[str, str]]) -> str:
    """Which loops run again, and which of the estate file's do not."""
    running = [loop["loop"] for loop in loops]
    left = [loop.name for loop in ground.cluster.automation if loop.name not in running]
    told = f" Running again: {listed(running)}." if running else ""
    return told + (f" Not started: {listed(left)}." if left else "")


def still_up(survey: Survey, ground: Ground, nodes: Iterable[str]) -> Fact:
    """Which load balancers' last check still finds nodes good that are taken for dead; empty where none does."""
    told = []
    for node in nodes:
        if not survey.nodes[node].stopped and (finding := evidence(survey, ground, node).still_up):
            told.append(f"{listed(finding)} still find{'s' if len(finding) == 1 else ''} {node} UP")
    return "; ".join(told)
