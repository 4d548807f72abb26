"""Whether every host can be reached as each user, and whether what is needed there is allowed. Nothing is changed."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterable

import httpx

from dslsconsole.audit.console import own_trials
from dslsconsole.audit.trial import Trial as Trial
from dslsconsole.audit.trial import User
from dslsconsole.settings.hosts import HostAddress, HostKind, hosts_of
from dslsconsole.settings.schema import Balancer, Estate
from dslsconsole.ssh.access import Access
from dslsconsole.ssh.cleaning import clean
from dslsconsole.ssh.connection import Connection
from dslsconsole.ssh.errors import SshError
from dslsconsole.ssh.pool import Pool
from dslsconsole.systems.acting import Refused
from dslsconsole.systems.haproxy.fresh import page_request
from dslsconsole.systems.haproxy.read import parse_level
from dslsconsole.systems.node import probe
from dslsconsole.systems.readers import target_of

TIMEOUT_S = 5.0
PAGE_LIMIT = 4 * 1024 * 1024


async def trials(estate: Estate, clock: Callable[[], float] = time.time) -> tuple[Trial, ...]:
    """Everything tried, all hosts at the same time, each attempt bounded; in the estate file's order."""
    hosts = [host for cluster in hosts_of(estate) for host in cluster.all]
    probing = Pool(Access.probe(estate.ssh), clock, back_off=False)
    operating = Pool(Access.operate(estate.ssh), clock, back_off=False) if estate.ssh.operate_user else None
    try:
        async with httpx.AsyncClient(follow_redirects=False, trust_env=False, timeout=TIMEOUT_S) as http:
            work = [_Host(estate, host, probing, operating, http).trials() for host in hosts]
            async with asyncio.TaskGroup() as tasks:
                running = [tasks.create_task(_all(one)) for one in work]
            hosts_trials = tuple(trial for task in running for trial in task.result())
            return (*hosts_trials, *await own_trials(estate, operating))
    finally:
        await probing.close()
        if operating is not None:
            await operating.close()


async def _all(found: AsyncIterator[Trial]) -> list[Trial]:
    return [trial async for trial in found]


class _Host:
    """One host, tried as each user."""

    def __init__(
        self, estate: Estate, host: HostAddress, probing: Pool, operating: Pool | None, http: httpx.AsyncClient
    ) -> None:
        self._estate = estate
        self._host = host
        self._probing = probing
        self._operating = operating
        self._http = http
        self._target = target_of(host)

    async def trials(self) -> AsyncIterator[Trial]:
        balancer = self._balancer()
        connection, login = await self._login(self._probing, User.PROBE)
        yield login
        if connection is not None:
            yield await self._probe(connection)
            if balancer is not None and balancer.socket and not balancer.stats_url:
                yield await self._socket(connection, balancer.socket, User.PROBE)
        if self._operating is not None:
            connection, login = await self._login(self._operating, User.OPERATE)
            yield login
            if connection is not None and self._host.kind is HostKind.NODE:
                yield await self._lock_directory(connection)
            if connection is not None and balancer is not None and balancer.socket:
                yield await self._socket(connection, balancer.socket, User.OPERATE, page=balancer.stats_url is not None)
        if balancer is not None and balancer.stats_url:
            yield await self._page(balancer)

    def _balancer(self) -> Balancer | None:
        cluster = self._estate.clusters[self._host.cluster]
        for group in (cluster.load_balancers, cluster.dr.load_balancers if cluster.dr else None):
            if self._host.kind is HostKind.BALANCER and group is not None and self._host.name in group.hosts:
                return group.hosts[self._host.name]
        return None

    def _trial(self, user: User, what: str, ok: bool, text: str) -> Trial:
        return Trial(self._host.cluster, self._host.name, user, what, ok, clean(text))

    async def _login(self, pool: Pool, user: User) -> tuple[Connection | None, Trial]:
        try:
            connection = await pool.connection(self._target)
        except SshError as error:
            return None, self._trial(user, "login", False, error.failure.text)
        return connection, self._trial(user, "login", True, f"as {connection.user}")

    async def _probe(self, connection: Connection) -> Trial:
        try:
            shell = await connection.shell(probe.sent(self._estate.dslicsrv))
        except (SshError, FileNotFoundError) as error:
            return self._trial(User.PROBE, "probe", False, str(error))
        try:
            answer = await probe.ask(shell, ("identity",), TIMEOUT_S)
        finally:
            shell.close()
        identity = answer.sections.get("identity")
        if identity is None:
            why = answer.shortfall.failure.text if answer.shortfall else "it answered without saying what host it is"
            return self._trial(User.PROBE, "probe", False, f"the probe does not answer: {why}")
        name = next((line[5:] for line in identity.body.splitlines() if line.startswith("host=")), "a nameless host")
        return self._trial(User.PROBE, "probe", True, f"answers from {name}")

    async def _lock_directory(self, connection: Connection) -> Trial:
        """A file of a new name is made and removed again: what a lock needs, and a directory's mode alone can't say."""
        directory = self._estate.lock_directory.rstrip("/")
        path = f"{directory}/.check-{secrets.token_hex(8)}"
        try:
            await connection.create_exclusively(path, b"")
            await connection.remove(path)
        except SshError as error:
            advice = f"make {directory} on the node, owned by {connection.user}, with mode 0711"
            return self._trial(User.OPERATE, "lock directory", False, f"{error.failure.text}; {advice}")
        return self._trial(User.OPERATE, "lock directory", True, f"{directory} can be written")

    async def _socket(self, connection: Connection, path: str, user: User, *, page: bool = False) -> Trial:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                reader, writer = await connection.open_socket(path)
                try:
                    writer.write(b"show cli level\n")
                    said = (await reader.read(4096)).decode(errors="replace")
                finally:
                    writer.close()
        except (SshError, OSError, TimeoutError) as error:
            text = str(error) or f"{path} gave no answer in {TIMEOUT_S:g} s"
            return self._trial(user, "socket", page, text + ("; the statistics page is used instead" if page else ""))
        level = parse_level(said)
        if level is None:
            return self._trial(user, "socket", False, f"{path} answers {clean(said, 60)!r} instead of its level")
        if user is User.OPERATE and level != "admin":
            advice = (
                "the statistics page is used instead"
                if page
                else "add `level admin` to its `stats socket` line in haproxy.cfg, or give stats_url"
            )
            return self._trial(
                user, "socket", page, f"{path} has level {level}, so nothing can be changed by it; {advice}"
            )
        return self._trial(user, "socket", True, f"{path} has level {level}")

    async def _page(self, settings: Balancer) -> Trial:
        """A GET, and a POST that names no server and no action: it is refused alike, and tells whether one may act."""
        try:
            csv = page_request(settings, "GET", suffix=";csv")
        except Refused as refusal:
            return self._trial(User.CONSOLE, "page", False, str(refusal))
        auth = httpx.BasicAuth(csv.user, csv.password or "") if csv.user is not None else None
        try:
            async with asyncio.timeout(2 * TIMEOUT_S):
                status, text, _ = await self._fetch("GET", csv.url, auth)
                if status != 200 or not text.lstrip("# ").startswith("pxname,"):
                    return self._trial(User.CONSOLE, "page", False, _page_refusal(settings, status))
                _, _, location = await self._fetch("POST", str(settings.stats_url), auth)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            why = str(error) or f"no answer in {TIMEOUT_S:g} s"
            return self._trial(User.CONSOLE, "page", False, f"{settings.stats_url} can't be read: {why}")
        may_act = "st=" in location and "st=DENY" not in location
        if not may_act and settings.socket is None and self._operating is not None:
            advice = "add `stats admin` to its section in haproxy.cfg, or give a socket with level admin"
            return self._trial(
                User.CONSOLE, "page", False, f"it can be read, but nothing can be changed by it; {advice}"
            )
        return self._trial(User.CONSOLE, "page", True, "can be read" + (" and acted on" if may_act else ""))

    async def _fetch(self, method: str, url: str, auth: httpx.BasicAuth | None) -> tuple[int, str, str]:
        async with self._http.stream(method, url, auth=auth) as answer:
            body = b""
            async for chunk in answer.aiter_bytes():
                body += chunk
                if len(body) > PAGE_LIMIT:
                    break
            return answer.status_code, body.decode(errors="replace"), answer.headers.get("location", "")


def _page_refusal(settings: Balancer, status: int) -> str:
    if status == 401:
        return f"{settings.stats_url} asks for a user and a password; give username and password_env or password_file"
    if status == 200:
        return f"{settings.stats_url} is no statistics page of HAProxy; look at its `stats uri`"
    return f"{settings.stats_url} answers with HTTP status {status}; look at its `stats uri`"


def failed(found: Iterable[Trial]) -> tuple[Trial, ...]:
    """Those that need something done."""
    return tuple(trial for trial in found if not trial.ok)
