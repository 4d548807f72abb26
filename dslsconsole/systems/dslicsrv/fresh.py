"""One question to a licence server, asked now over a connection of its own: what actions and guards rely on."""

from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

from msgspec import Struct

from dslsconsole.model.node import ClusterStatus, DrSync, ServerStatus, TokenState
from dslsconsole.model.reading import Failure, FailureKind
from dslsconsole.ssh.cleaning import clean
from dslsconsole.systems.acting import Answer, Hands, Unfinished, Unreached
from dslsconsole.systems.dslicsrv.read import (
    Unreadable,
    parse_cluster_status,
    parse_status,
    parse_tokens,
    parse_validate,
    parse_verify_dr_sync,
)
from dslsconsole.systems.ground import Ground

T = TypeVar("T")
KNOCK_SECONDS = 2.0
"""How long the console itself waits for a licence port to accept, and then to answer. A lost packet is sent again after
one second and then after three: a third second would hear no more than the second one."""
_DOES_NOT_RUN = 3
"""Exit status of DSLicSrv where no server runs, or none is reached."""
ASK_SECONDS = 5.0
"""How long one question may take on the far side."""


class NotRead(Exception):  # noqa: N818 - it says that there is no reading
    """There is no answer to rely on; `stopped` where the host itself answered that the server does not run."""

    def __init__(self, failure: Failure, *, stopped: bool = False) -> None:
        super().__init__(failure.text)
        self.failure = failure
        self.stopped = stopped


class Life(StrEnum):
    """Whether a licence server answers."""

    ANSWERS = "answers"
    STOPPED = "stopped"
    """It said itself, or the host it runs on did, that it does not run, or nobody listens on its port."""
    UNKNOWN = "unknown"


class Sign(Struct, frozen=True):
    """A sign of life, or of none, in words."""

    life: Life
    text: str
    refused: bool = False
    """The far host, or its server, answered that it does not run: more than silence."""


async def cluster_status(hands: Hands, ground: Ground, host: str) -> ClusterStatus:
    """The server's own view of its cluster. Raises NotRead."""
    return await _ask(hands, ground, host, ("-cluster-status",), parse_cluster_status)


async def tokens(hands: Hands, ground: Ground, host: str) -> TokenState:
    """The server's token state. Raises NotRead."""
    return await _ask(hands, ground, host, ("-tokens", "-format", "json"), parse_tokens)


async def validated(hands: Hands, ground: Ground, host: str, now: float) -> ServerStatus:
    """The licence's validity on a node, whether its server runs or not. Raises NotRead."""
    return await _ask(hands, ground, host, ("-validate",), parse_validate, failing_is_answer=True)


async def dr_sync(hands: Hands, ground: Ground, host: str) -> DrSync:
    """What a DR node knows of its copy. Raises NotRead."""
    return await _ask(hands, ground, host, ("-verify-dr-sync",), parse_verify_dr_sync, failing_is_answer=True)


async def status(hands: Hands, ground: Ground, host: str, now: float) -> ServerStatus:
    """The server's status. Raises NotRead, also where it does not run."""
    return await _ask(hands, ground, host, ("-status",), lambda text: parse_status(text, now))


async def life(hands: Hands, ground: Ground, asked_on: str, of: str, now: float) -> Sign:
    """Whether the licence server of node `of` answers when it is asked on host `asked_on`."""
    own = asked_on == of
    arguments = ("-status",) if own else ("-status", "-server", ground.licence_port(of))
    try:
        answer = await hands.run(
            asked_on, ground.licence_server(*arguments, seconds=ASK_SECONDS), timeout=ASK_SECONDS + 2
        )
    except (Unreached, Unfinished) as failure:
        return Sign(Life.UNKNOWN, f"{asked_on} could not be asked: {failure}")
    if answer.status == _DOES_NOT_RUN:
        if own:
            return Sign(Life.STOPPED, f"{asked_on}: its server does not run")
        if "connection refused" in answer.said.lower():
            return Sign(Life.STOPPED, f"{asked_on}: {of} refuses the connection", refused=True)
        return Sign(Life.STOPPED, f"{asked_on}: {of} is not reached")
    try:
        said = parse_status(answer.stdout, now)
    except Unreadable:
        return Sign(Life.UNKNOWN, f"{asked_on}: no readable answer about {of} (status {answer.status})")
    if said.status.lower() == "stopped":
        return Sign(Life.STOPPED, f"{asked_on}: {of} says it is stopped", refused=True)
    return Sign(Life.ANSWERS, f"{asked_on}: {of} answers “{clean(said.status)}”")


async def through(hands: Hands, ground: Ground, asked_on: str, balancer: str, now: float) -> Sign:
    """Whether a licence server answers a host that asks as clients do: at the licence port of a load balancer."""
    address = ground.address(balancer)
    where = f"{f'[{address}]' if ':' in address else address}:{ground.estate.dslicsrv.port}"
    command = ground.licence_server("-status", "-server", where, seconds=ASK_SECONDS)
    try:
        answer = await hands.run(asked_on, command, timeout=ASK_SECONDS + 2)
        said = parse_status(answer.stdout, now)
    except (Unreached, Unfinished, Unreadable):
        return Sign(Life.UNKNOWN, f"{asked_on}: no licence server answers through {balancer}")
    if answer.status != 0 or said.status.lower() == "stopped":
        return Sign(Life.UNKNOWN, f"{asked_on}: no licence server answers through {balancer}")
    return Sign(Life.ANSWERS, f"{asked_on}: through {balancer} a licence server answers “{clean(said.status)}”")


async def knock(hands: Hands, ground: Ground, of: str) -> Sign:
    """Whether the licence port of node `of` answers the console itself, over TCP, as it does a load balancer's check.

    A refusal is strong, silence is weak; a port that accepts and says nothing readable proves neither life nor death.
    """
    port = ground.nodes[of].port or ground.estate.dslicsrv.port
    try:
        answer = await hands.greet(of, port, "STATUS", timeout=KNOCK_SECONDS)
        said = parse_status(answer, 0.0)
    except Unreached as failure:
        refused = failure.failure.kind is FailureKind.REFUSED
        silent = failure.failure.kind is FailureKind.UNREACHABLE
        words = "refuses the connection" if refused else "is silent" if silent else f"can't be asked ({failure})"
        text = f"console: the licence port of {of} {words}"
        return Sign(Life.STOPPED if refused or silent else Life.UNKNOWN, text, refused=refused)
    except (Unfinished, Unreadable):
        return Sign(Life.UNKNOWN, f"console: the licence port of {of} accepts, and gives no readable answer")
    if said.status.lower() == "stopped":
        return Sign(Life.STOPPED, f"console: {of} says it is stopped", refused=True)
    return Sign(Life.ANSWERS, f"console: {of} answers “{clean(said.status)}”")


async def _ask(
    hands: Hands,
    ground: Ground,
    host: str,
    arguments: tuple[str, ...],
    parse: Callable[[str], T],
    *,
    failing_is_answer: bool = False,
) -> T:
    command = ground.licence_server(*arguments, seconds=ASK_SECONDS)
    try:
        answer = await hands.run(host, command, timeout=ASK_SECONDS + 2)
    except Unreached as failure:
        raise NotRead(failure.failure) from failure
    except Unfinished as failure:
        raise NotRead(Failure(FailureKind.NO_ANSWER, f"{host}: DSLicSrv {arguments[0]}: {failure}")) from failure
    if answer.status != 0 and not (failing_is_answer and answer.status == 1):
        raise NotRead(Failure(*_why(host, arguments[0], answer)), stopped=answer.status == _DOES_NOT_RUN)
    try:
        return parse(answer.stdout)
    except Unreadable as unreadable:
        text = f"{host}: DSLicSrv {arguments[0]} printed nothing readable: {unreadable}"
        raise NotRead(Failure(FailureKind.GARBLED, text)) from unreadable


def _why(host: str, verb: str, answer: Answer) -> tuple[FailureKind, str]:
    if answer.status == _DOES_NOT_RUN:
        return FailureKind.REFUSED, f"{host}: its licence server does not run"
    if answer.status in (124, 137, None):
        return FailureKind.NO_ANSWER, f"{host}: DSLicSrv {verb} did not answer within {ASK_SECONDS:g} s"
    return FailureKind.FAILED, f"{host}: DSLicSrv {verb} failed: {clean(answer.said) or f'status {answer.status}'}"
