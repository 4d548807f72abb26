"""Is a licence server dead? What each observer says, and what that proves.

Not reached is not dead: one cut-off observer proves nothing. The host's own word that its unit is inactive and its
server does not run is proof; else two independent observers must say that it does not answer, and none that it does.
"""

from enum import StrEnum

from msgspec import Struct

from dslsconsole.model.balancer import ServerState
from dslsconsole.model.reading import FailureKind
from dslsconsole.runbooks.survey import Survey
from dslsconsole.systems.dslicsrv.fresh import Life
from dslsconsole.systems.ground import Ground

OBSERVERS_NEEDED = 2
_SILENT = (FailureKind.UNREACHABLE, FailureKind.NO_ANSWER)


class Says(StrEnum):
    DEAD = "dead"
    ALIVE = "alive"
    NOTHING = "nothing"


class Observation(Struct, frozen=True):
    """What one observer says of a node's licence server. `own` marks the host's own word, `late` one that lags."""

    observer: str
    says: Says
    text: str
    own: bool = False
    late: bool = False


class Evidence(Struct, frozen=True):
    """All that is said of one node."""

    node: str
    observations: tuple[Observation, ...]

    @property
    def alive(self) -> tuple[Observation, ...]:
        return tuple(one for one in self.observations if one.says is Says.ALIVE)

    @property
    def directly_alive(self) -> tuple[Observation, ...]:
        """Those who were answered just now; a load balancer's last check may be as old as its interval."""
        return tuple(one for one in self.alive if not one.late)

    @property
    def dead(self) -> tuple[Observation, ...]:
        return tuple(one for one in self.observations if one.says is Says.DEAD)

    @property
    def proven(self) -> bool:
        """Whether it is proven that the server does not serve. A check that may lag by minutes is no objection."""
        if any(one.own for one in self.dead) and not self.directly_alive:
            return True
        return len(self.dead) >= OBSERVERS_NEEDED and not self.directly_alive

    @property
    def text(self) -> str:
        return "; ".join(one.text for one in self.observations)


def evidence(survey: Survey, ground: Ground, node: str) -> Evidence:
    """What the survey's observers say of a node: the console, the other nodes of both sites, the load balancers."""
    return Evidence(node, (_own(survey, node), *_nodes(survey, node), *_balancers(survey, ground, node)))


def _own(survey: Survey, node: str) -> Observation:
    seen = survey.nodes[node]
    if not seen.reached:
        failure = seen.hostname.failure
        why = failure.text if failure else "not asked"
        # A refused login or a closed SSH port says that the host lives, and nothing of its licence server.
        says = Says.DEAD if failure and failure.kind in _SILENT else Says.NOTHING
        return Observation("console", says, f"console: {node} is not reached by SSH ({why})")
    if seen.stopped:
        return Observation(node, Says.DEAD, f"{node} itself: {seen.unit.value}, its server does not run", own=True)
    if seen.life.life is Life.ANSWERS or seen.cluster.value is not None:
        return Observation(node, Says.ALIVE, seen.life.text)
    unit = str(seen.unit.value) if seen.unit.value else "its unit could not be read"
    return Observation(node, Says.NOTHING, f"{node} itself: {unit}; {seen.life.text}")


def _nodes(survey: Survey, node: str) -> tuple[Observation, ...]:
    told = []
    for observer, views in survey.views.items():
        sign = views.get(node)
        if sign is None:
            continue
        says = {Life.ANSWERS: Says.ALIVE, Life.STOPPED: Says.DEAD}.get(sign.life, Says.NOTHING)
        told.append(Observation(observer, says, sign.text))
    return tuple(told)


def _balancers(survey: Survey, ground: Ground, node: str) -> tuple[Observation, ...]:
    told = []
    for name, balancer in survey.balancers.items():
        server = balancer.server(ground.server_name(name, node))
        if server is None:
            continue
        says = Says.NOTHING
        if server.state is ServerState.DOWN:
            says = Says.DEAD
        elif server.state is ServerState.UP and not server.detail and not server.checking:
            says = Says.ALIVE
        words = f"{name}: {server.name} is {server.status}" + (f" ({server.check})" if server.check else "")
        told.append(Observation(name, says, words, late=True))
    return tuple(told)
