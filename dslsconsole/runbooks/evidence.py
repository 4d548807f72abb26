"""Is a licence server dead? What each observer says, from which vantage, and what that proves.

Not reached is not dead: a cut line looks the same from everywhere behind it. Observers behind the same line are one
*vantage*: the console is one, another site's nodes together are one, each node and load balancer of the node's own site
is one. That the host's kernel answers and nobody listens ("refused") is strong; silence is weak.

A host that answers SSH and lets nobody in (it refuses our key, or shows a host key that we don't trust) is *not read*:
it lives, so nothing that others miss proves it dead, and nobody's word does.

Proven dead is a host that says so itself; or one of which two vantages say so and nobody was answered just now, where
one of the two is of its own site or met a refusal. Silence from outside its site alone proves nothing: the site may
only be cut off.
"""

from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct

from dslsconsole.model.balancer import BackendServer, ServerState
from dslsconsole.model.reading import LETS_NOBODY_IN, Failure, FailureKind
from dslsconsole.runbooks.survey import Survey
from dslsconsole.systems.dslicsrv.fresh import Life
from dslsconsole.systems.ground import Ground

VANTAGES_NEEDED = 2
CONSOLE = "console"
CUT_OFF = "nobody at its own site could look: it may only be cut off"
_SILENT = (FailureKind.UNREACHABLE, FailureKind.NO_ANSWER)


class Says(StrEnum):
    DEAD = "dead"
    ALIVE = "alive"
    NOTHING = "nothing"


class Observation(Struct, frozen=True):
    """What one observer says of a node's licence server.

    `own` marks the host's own word, `near` an observer of the node's own site, `strong` one that met a refusal rather
    than silence, `late` one that tells of a check which may be as old as its interval, `lives` one that says nothing of
    the server but that its host is there.
    """

    observer: str
    says: Says
    text: str
    vantage: str = ""
    own: bool = False
    near: bool = False
    strong: bool = False
    late: bool = False
    lives: bool = False


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
    def still_up(self) -> tuple[str, ...]:
        """The load balancers whose last check found it good."""
        return tuple(one.observer for one in self.alive if one.late)

    @property
    def unread(self) -> bool:
        """Whether its host lives and lets nobody in, so that nothing is known of its server."""
        return any(one.lives for one in self.observations)

    @property
    def dead(self) -> tuple[Observation, ...]:
        return tuple(one for one in self.observations if one.says is Says.DEAD)

    @property
    def vantages(self) -> frozenset[str]:
        """Those that say it is dead."""
        return frozenset(one.vantage for one in self.dead)

    @property
    def proven(self) -> bool:
        """Whether it is proven that the server does not serve. A check that may lag by minutes is no objection."""
        if self.directly_alive or self.unread:
            return False
        if any(one.own for one in self.dead):
            return True
        return len(self.vantages) >= VANTAGES_NEEDED and any(one.near or one.strong for one in self.dead)

    @property
    def only_from_afar(self) -> bool:
        """Whether nobody of its own site was reached, and what the others met is silence."""
        return not any(one.near or one.strong for one in self.observations)

    @property
    def text(self) -> str:
        told = "; ".join(one.text for one in self.observations)
        return f"{told}; {CUT_OFF}" if self.only_from_afar and not self.alive else told


def evidence(survey: Survey, ground: Ground, node: str) -> Evidence:
    """What the survey's observers say of a node: the console, the other nodes of both sites, the load balancers."""
    return Evidence(node, (*_own(survey, node), *_nodes(survey, ground, node), *_balancers(survey, ground, node)))


def accounted(survey: Survey, ground: Ground, node: str, attested: frozenset[str]) -> bool:
    """Whether the node does not serve beyond doubt, or nobody was answered by it and the operator vouches for that."""
    return evidence(survey, ground, node).proven or (node in attested and attestable(survey, ground, node))


def attestable(survey: Survey, ground: Ground, node: str) -> bool:
    """Whether a word for its death can count: nothing of it answers."""
    seen = evidence(survey, ground, node)
    return not survey.nodes[node].reached and not seen.directly_alive and not seen.unread


def wants_word(survey: Survey, ground: Ground, nodes: Iterable[str], attested: frozenset[str]) -> tuple[str, ...]:
    """Which of the nodes can't be asked and are not proven dead, so that only the operator's word (--attest) helps."""
    return tuple(
        node for node in nodes if attestable(survey, ground, node) and not accounted(survey, ground, node, attested)
    )


def lets_nobody_in(survey: Survey, node: str) -> Failure | None:
    """Why a node that answers SSH could not be read; None where it was, or does not answer."""
    failure = survey.nodes[node].hostname.failure
    return failure if failure is not None and failure.kind in LETS_NOBODY_IN else None


def _site(ground: Ground, node: str) -> str:
    return "the DR site" if node in ground.dr_nodes else "the main site"


def _own(survey: Survey, node: str) -> tuple[Observation, ...]:
    seen = survey.nodes[node]
    if not seen.reached:
        return _from_console(survey, node)
    if seen.stopped:
        text = f"{node} itself: {seen.unit.value}, its server does not run"
        return (Observation(node, Says.DEAD, text, node, own=True, near=True),)
    if seen.life.life is Life.ANSWERS or seen.cluster.value is not None:
        return (Observation(node, Says.ALIVE, seen.life.text, node, own=True, near=True),)
    unit = str(seen.unit.value) if seen.unit.value else "its unit could not be read"
    return (Observation(node, Says.NOTHING, f"{node} itself: {unit}; {seen.life.text}", node, own=True, near=True),)


def _from_console(survey: Survey, node: str) -> tuple[Observation, ...]:
    seen = survey.nodes[node]
    failure = seen.hostname.failure
    # A refused login or a closed SSH port says that the host lives, and nothing of its licence server.
    silent = failure is not None and failure.kind in _SILENT
    why = failure.text if failure else "not asked"
    lives = lets_nobody_in(survey, node) is not None
    text = f"console: {node} is not {'read' if lives else 'reached'} by SSH ({why})"
    by_ssh = Observation(CONSOLE, Says.DEAD if silent else Says.NOTHING, text, CONSOLE, lives=lives)
    says = {Life.ANSWERS: Says.ALIVE, Life.STOPPED: Says.DEAD}.get(seen.port.life, Says.NOTHING)
    # A host that refuses one port and is silent on another is more likely a firewall in between.
    strong = says is Says.DEAD and seen.port.refused and not silent
    return by_ssh, Observation(CONSOLE, says, seen.port.text, CONSOLE, strong=strong)


def _nodes(survey: Survey, ground: Ground, node: str) -> tuple[Observation, ...]:
    told = []
    for observer, views in survey.views.items():
        sign = views.get(node)
        if sign is None:
            continue
        says = {Life.ANSWERS: Says.ALIVE, Life.STOPPED: Says.DEAD}.get(sign.life, Says.NOTHING)
        near = _site(ground, observer) == _site(ground, node)
        vantage = observer if near else _site(ground, observer)
        told.append(Observation(observer, says, sign.text, vantage, near=near, strong=sign.refused))
    return tuple(told)


def _balancers(survey: Survey, ground: Ground, node: str) -> tuple[Observation, ...]:
    told = []
    for name, balancer in survey.balancers.items():
        server = balancer.server(ground.server_name(name, node))
        if server is None:
            continue
        words = f"{name}: {server.name} is {server.status}" + (f" ({server.check})" if server.check else "")
        told.append(Observation(name, _checked(server), words, name, near=True, late=True))
    return tuple(told)


def _checked(server: BackendServer) -> Says:
    """What a load balancer's last check says. A check that was answered, however wrongly, tells of no death."""
    if server.state is ServerState.DOWN:
        unanswered = server.check is not None and (server.check.startswith("L4") or server.check.endswith("TOUT"))
        return Says.DEAD if unanswered and server.check != "L4OK" else Says.NOTHING
    if server.state is ServerState.UP and not server.detail and not server.checking:
        return Says.ALIVE
    return Says.NOTHING
