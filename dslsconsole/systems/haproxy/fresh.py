"""A load balancer read now, over the channel that it can also be changed over."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Literal, TypeVar

from dslsconsole.model.balancer import Backend, BackendServer, Process
from dslsconsole.model.reading import Failure, FailureKind
from dslsconsole.settings.schema import Balancer
from dslsconsole.systems.acting import Hands, Refused, Request, Unfinished, Unreached
from dslsconsole.systems.dslicsrv.fresh import NotRead
from dslsconsole.systems.ground import Ground
from dslsconsole.systems.haproxy.read import Traffic, Unreadable, parse_info, parse_stat, parse_traffic

Channel = Literal["socket", "page"]
ASK_SECONDS = 5.0
T = TypeVar("T")


async def ask(hands: Hands, ground: Ground, host: str, line: str) -> str:
    """What the runtime socket answers to one line. Raises NotRead."""
    path = ground.balancer(host).socket
    if path is None:
        raise NotRead(Failure(FailureKind.ABSENT, f"{host}: the estate file names no runtime socket"))
    try:
        return await hands.ask_socket(host, path, line, timeout=ASK_SECONDS)
    except Unreached as failure:
        raise NotRead(failure.failure) from failure
    except (Unfinished, Refused) as failure:
        raise NotRead(Failure(FailureKind.NO_ANSWER, f"{host}: {path}: {failure}")) from failure


async def page(hands: Hands, ground: Ground, host: str) -> str:
    """The statistics page as CSV. Raises NotRead."""
    settings = ground.balancer(host)
    try:
        answer = await hands.request(page_request(settings, "GET", suffix=";csv"), timeout=ASK_SECONDS)
    except Unreached as failure:
        raise NotRead(failure.failure) from failure
    except (Unfinished, Refused) as failure:
        raise NotRead(Failure(FailureKind.NO_ANSWER, f"{host}: statistics page: {failure}")) from failure
    if answer.status != 200:
        kind = FailureKind.PERMISSION if answer.status in (401, 403) else FailureKind.FAILED
        raise NotRead(Failure(kind, f"{host}: the statistics page answers with HTTP status {answer.status}"))
    return answer.body


def page_request(settings: Balancer, method: str, *, suffix: str = "", form: dict[str, str] | None = None) -> Request:
    """A request to the statistics page; its password is read at use.

    Raises:
        Refused: the password is not where the estate file says.
    """
    password = None
    if settings.password_env is not None:
        password = os.environ.get(settings.password_env)
        if password is None:
            raise Refused(f"the environment variable {settings.password_env} with the page's password is not set")
    elif settings.password_file is not None:
        try:
            password = Path(os.path.expandvars(settings.password_file)).expanduser().read_text().strip()
        except OSError as error:
            raise Refused(f"the page's password can't be read: {error}") from error
    return Request(
        method,
        f"{settings.stats_url}{suffix}",
        form=tuple(form.items()) if form is not None else None,
        user=settings.username,
        password=password,
    )


async def process(hands: Hands, ground: Ground, host: str, now: float) -> Process:
    """Which HAProxy process answers the socket. Raises NotRead."""
    text = await ask(hands, ground, host, "show info")
    return _parsed(host, lambda: parse_info(text, now))


async def level(hands: Hands, ground: Ground, host: str) -> str:
    """What the socket lets one do: user, operator, admin. Raises NotRead."""
    return (await ask(hands, ground, host, "show cli level")).strip()


async def backend(hands: Hands, ground: Ground, host: str, channel: Channel, now: float) -> Backend:
    """The licence servers' backend as the load balancer sees it now. Raises NotRead."""
    text = await _table(hands, ground, host, channel)
    name = ground.balancers_of(host).backend
    found = _parsed(host, lambda: {backend.name: backend for backend in parse_stat(text, now)})
    if name not in found:
        raise NotRead(Failure(FailureKind.ABSENT, f"{host}: HAProxy has no backend {name}"))
    return found[name]


async def traffic(hands: Hands, ground: Ground, host: str, channel: Channel) -> dict[str, Traffic]:
    """What has gone through each server of the licence backend until now. Raises NotRead."""
    text = await _table(hands, ground, host, channel)
    return _parsed(host, lambda: parse_traffic(text, ground.balancers_of(host).backend))


async def _table(hands: Hands, ground: Ground, host: str, channel: Channel) -> str:
    if channel == "socket":
        return await ask(hands, ground, host, "show stat")
    try:
        return await page(hands, ground, host)
    except Refused as refusal:
        raise NotRead(Failure(FailureKind.PERMISSION, f"{host}: {refusal}")) from refusal


def server_of(backend: Backend, name: str) -> BackendServer | None:
    return next((server for server in backend.servers if server.name == name), None)


def _parsed(host: str, parse: Callable[[], T]) -> T:
    try:
        return parse()
    except Unreadable as unreadable:
        text = f"{host}: HAProxy's answer is not readable: {unreadable}"
        raise NotRead(Failure(FailureKind.GARBLED, text)) from unreadable
