"""HAProxy's statistics page: read over HTTP, bounded in size and time, its password read when it is used."""

import asyncio
import os
import ssl
from collections.abc import Callable
from pathlib import Path

import httpx

from dslsconsole.model.balancer import Process
from dslsconsole.model.reading import FailureKind
from dslsconsole.settings.schema import Balancer
from dslsconsole.ssh.errors import failed
from dslsconsole.systems.haproxy.read import parse_page_head

PAGE_LIMIT = 1_048_576
HEAD_LIMIT = 65_536
"""Of the page for people: pid and uptime stand in its first 8 KiB or so, after its style sheet."""


def page_client() -> httpx.AsyncClient:
    """For all pages: no proxy from the environment, no redirect followed (a POST would be sent twice).

    Certificates are checked against the system's trust store; `SSL_CERT_FILE` is honoured.
    """
    trust = ssl.create_default_context()
    agent = {"User-Agent": "dslsconsole"}
    return httpx.AsyncClient(verify=trust, follow_redirects=False, trust_env=False, headers=agent)


async def read_page(client: httpx.AsyncClient, host: str, settings: Balancer, timeout: float) -> str:
    """The page as CSV.

    Raises:
        SshError: there is none, and why (the same kinds as for hosts).
    """
    where = f"{host}: the statistics page {settings.stats_url}"
    url = f"{settings.stats_url}".rstrip(";") + ";csv"
    body = await _fetched(client, host, settings, url, timeout, lambda body: len(body) > PAGE_LIMIT)
    if len(body) > PAGE_LIMIT:
        raise failed(FailureKind.GARBLED, f"{where} is longer than {PAGE_LIMIT // 1024} KiB")
    return body.decode(errors="replace")


async def read_process(
    client: httpx.AsyncClient, host: str, settings: Balancer, now: float, timeout: float
) -> Process | None:
    """Which process serves the page, from the head of the page for people; None where that does not tell.

    Raises:
        SshError: as `read_page`.
    """

    def found(body: bytearray) -> bool:
        return len(body) > HEAD_LIMIT or parse_page_head(body.decode(errors="replace"), now) is not None

    url = f"{settings.stats_url}".rstrip(";")
    body = await _fetched(client, host, settings, url, timeout, found)
    return parse_page_head(body[:HEAD_LIMIT].decode(errors="replace"), now)


async def _fetched(
    client: httpx.AsyncClient,
    host: str,
    settings: Balancer,
    url: str,
    timeout: float,
    enough: Callable[[bytearray], bool],
) -> bytearray:
    """What the address serves, until there is enough of it. Raises SshError."""
    where = f"{host}: the statistics page {settings.stats_url}"
    body = bytearray()
    try:
        async with (
            asyncio.timeout(timeout),
            client.stream("GET", url, auth=_credentials(host, settings), timeout=timeout) as response,
        ):
            _accept(where, response)
            async for chunk in response.aiter_bytes():
                body += chunk
                if enough(body):
                    break
    except (TimeoutError, httpx.TimeoutException):
        raise failed(FailureKind.NO_ANSWER, f"{where} did not answer within {timeout:g} s") from None
    except httpx.ConnectError as error:
        if "refused" in str(error).lower() or "attempts failed" in str(error).lower():
            raise failed(
                FailureKind.REFUSED, f"{where}: the connection is refused: HAProxy does not run there"
            ) from None
        raise failed(FailureKind.UNREACHABLE, f"{where} can't be reached: {error}") from None
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise failed(FailureKind.LOST, f"{where}: {error or type(error).__name__}") from None
    return body


def _accept(where: str, response: httpx.Response) -> None:
    status = response.status_code
    if status == 200:
        return
    if status in (401, 403):
        text = f"{where} does not accept the username and password (HTTP {status}); look at username, password_env and "
        raise failed(FailureKind.PERMISSION, text + "password_file in the estate file")
    if status in (404, 503):
        text = f"{where} is not served at that path (HTTP {status}); look at stats_url and at `stats uri` in HAProxy"
        raise failed(FailureKind.ABSENT, text)
    raise failed(FailureKind.FAILED, f"{where} answers HTTP {status}")


def _credentials(host: str, settings: Balancer) -> httpx.BasicAuth | None:
    """Raises SshError: the password is not where the estate file says."""
    if settings.username is None:
        return None
    password = ""
    if settings.password_env is not None:
        found = os.environ.get(settings.password_env)
        if found is None:
            text = f"{host}: the environment variable {settings.password_env} with the page's password is not set"
            raise failed(FailureKind.PERMISSION, text)
        password = found
    elif settings.password_file is not None:
        try:
            password = Path(os.path.expandvars(settings.password_file)).expanduser().read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no text"
            text = f"{host}: the page's password in {settings.password_file} can't be read: {reason}"
            raise failed(FailureKind.PERMISSION, text) from None
    return httpx.BasicAuth(settings.username, password)
