"""Alerts told to webhooks: one POST when an alert is raised, one when it is cleared.

Only a process that was started for it sends them, so that several open consoles do not tell the same thing several
times. What holds when that process starts is told again: its memory is its own. `id` lets a receiver recognise a
message that came twice, as one may when an answer is lost.
"""

import asyncio
import ipaddress
import os
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import msgspec
import tenacity

from dslsconsole.model.verdict import Alert, Severity
from dslsconsole.settings.schema import Notification
from dslsconsole.ssh.cleaning import clean

ATTEMPTS = 6
"""Over about a minute and a half."""
TIMEOUT_S = 10.0
MOST_WAITING = 200
"""Messages that wait for one webhook; further ones are dropped, and that is said."""
_BUSY = frozenset({408, 425, 429})
_GRAVITY = {Severity.WARNING: 0, Severity.CRITICAL: 1}

Key = tuple[str, str, str]
"""Cluster, alert and subject."""
Say = Callable[[str], None]
Pause = Callable[[float], Awaitable[None]]
Unseen = Callable[[Alert], object]
"""Whether (as a truth value) nobody can see now whether an alert holds."""


def all_is_seen(_alert: Alert) -> bool:
    """For where whatever is not told does not hold."""
    return False


class Message(msgspec.Struct, frozen=True):
    """What is posted, as JSON. Times are seconds since the epoch."""

    id: str
    state: str
    """raised or cleared."""
    cluster: str
    alert: str
    severity: str
    subject: str
    summary: str
    since: float
    advice: str
    evidence: tuple[str, ...]
    at: float


class NotSent(Exception):  # noqa: N818 - it says what became of the message
    """The webhook did not take the message; the text says why and holds no secret."""


class _Again(NotSent):
    """It may take it later."""


class Webhook:
    """One receiver: what it has been told, and what it still must be.

    Args:
        clock: seconds since the epoch.
        say: told, in a sentence, what could not be delivered.
        pause: sleeps between two attempts.
    """

    def __init__(
        self,
        notification: Notification,
        client: httpx.AsyncClient,
        *,
        clock: Callable[[], float],
        say: Say,
        pause: Pause = asyncio.sleep,
    ) -> None:
        self._notification = notification
        self._client = client
        self._clock = clock
        self._say = say
        self._pause = pause
        self._least = _GRAVITY[Severity(notification.when)]
        self._told: dict[Key, Alert] = {}
        self._waiting: asyncio.Queue[Message] = asyncio.Queue(MOST_WAITING)

    def observe(self, alerts: Iterable[Alert], unseen: Unseen = all_is_seen) -> None:
        """Queue what is new in the alerts that hold now. An alert that grew or lost in severity is raised again.

        One that is gone because nobody can see any more whether it holds is not cleared, until somebody can.
        """
        wanted = {
            (alert.cluster, alert.id, alert.subject): alert
            for alert in alerts
            if _GRAVITY[alert.severity] >= self._least
        }
        hidden: dict[Key, Alert] = {}
        for key, alert in self._told.items():
            if key in wanted:
                continue
            if unseen(alert):
                hidden[key] = alert
            else:
                self._queue("cleared", alert)
        for key, alert in wanted.items():
            before = self._told.get(key)
            if before is None or before.severity is not alert.severity:
                self._queue("raised", alert)
        self._told = hidden | wanted

    async def run(self) -> None:
        """Deliver what is queued, in order, until cancelled."""
        while True:
            message = await self._waiting.get()
            try:
                await self._delivered(message)
            except NotSent as failure:
                self._say(f"{message.alert} of {message.subject} ({message.state}) was not told: {failure}")

    async def tell(self, alert: Alert) -> None:
        """Tell one thing now, once, whatever is queued. Raises NotSent."""
        await self._post(_message("raised", alert, self._clock()))

    def _queue(self, state: str, alert: Alert) -> None:
        message = _message(state, alert, self._clock())
        try:
            self._waiting.put_nowait(message)
        except asyncio.QueueFull:
            where = host_of(self._notification)
            what = f"{alert.id} of {alert.subject} ({state})"
            self._say(f"{what} was not told: {MOST_WAITING} messages wait for {where} already")

    async def _delivered(self, message: Message) -> None:
        """Raises NotSent."""
        attempts = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception_type(_Again),
            stop=tenacity.stop_after_attempt(ATTEMPTS),
            wait=tenacity.wait_exponential_jitter(initial=1, max=60, jitter=2),
            sleep=self._pause,
            reraise=True,
        )
        async for attempt in attempts:
            with attempt:
                await self._post(message)

    async def _post(self, message: Message) -> None:
        where = host_of(self._notification)
        headers = {"Content-Type": "application/json", **_authorization(self._notification)}
        body = msgspec.json.encode(message)
        try:
            async with (
                asyncio.timeout(TIMEOUT_S),
                self._client.stream("POST", self._notification.webhook, content=body, headers=headers) as response,
            ):
                status = response.status_code
        except (TimeoutError, httpx.TimeoutException):
            raise _Again(f"{where} did not answer within {TIMEOUT_S:g} s") from None
        except httpx.InvalidURL:
            raise NotSent(f"the webhook at {where} has no address that can be used; look at the estate file") from None
        except (httpx.HTTPError, OSError) as error:
            raise _Again(f"{where}: {clean(str(error), 160) or type(error).__name__}") from None
        if status >= 500 or status in _BUSY:
            raise _Again(f"{where} answers HTTP {status}")
        if not 200 <= status < 300:
            raise NotSent(f"{where} answers HTTP {status}; look at the webhook's address and token")


async def tell_once(
    notifications: Sequence[Notification], alert: Alert, *, clock: Callable[[], float]
) -> tuple[str, ...]:
    """Tell every webhook of something at once, one attempt each; a sentence for each that was not told."""
    troubles: list[str] = []
    trust = ssl.create_default_context()

    async def tell(one: Notification) -> None:
        if (why := _refused(one)) is not None:
            troubles.append(why)
            return
        async with httpx.AsyncClient(
            verify=trust, trust_env=not _is_loopback(one), follow_redirects=False, timeout=TIMEOUT_S
        ) as client:
            try:
                await Webhook(one, client, clock=clock, say=troubles.append).tell(alert)
            except NotSent as failure:
                troubles.append(str(failure))

    async with asyncio.TaskGroup() as tasks:
        for one in notifications:
            tasks.create_task(tell(one))
    return tuple(troubles)


class Courier:
    """Tells every webhook of an estate."""

    def __init__(self, webhooks: Sequence[Webhook]) -> None:
        self._webhooks = webhooks

    def observe(self, alerts: Iterable[Alert], unseen: Unseen = all_is_seen) -> None:
        """Take note of the alerts that hold now, and whose absence means nothing; called again and again."""
        held = tuple(alerts)
        for webhook in self._webhooks:
            webhook.observe(held, unseen)

    async def run(self) -> None:
        """Deliver until cancelled: each webhook for itself, so that one that hangs holds up no other."""
        async with asyncio.TaskGroup() as tasks:
            for webhook in self._webhooks:
                tasks.create_task(webhook.run())


@asynccontextmanager
async def couriers(
    notifications: Sequence[Notification], *, clock: Callable[[], float], say: Say, pause: Pause = asyncio.sleep
) -> AsyncIterator[Courier]:
    """The courier of an estate's notifications; its connections end with the context.

    Certificates are checked against the system's trust store (`SSL_CERT_FILE` is honoured), and a proxy from the
    environment is used for whatever is not this machine.
    """
    trust = ssl.create_default_context()
    async with AsyncExitStack() as stack:
        webhooks = []
        for one in notifications:
            if (why := _refused(one)) is not None:
                say(why)
                continue
            client = httpx.AsyncClient(
                verify=trust, trust_env=not _is_loopback(one), follow_redirects=False, timeout=TIMEOUT_S
            )
            await stack.enter_async_context(client)
            webhooks.append(Webhook(one, client, clock=clock, say=say, pause=pause))
        yield Courier(webhooks)


def host_of(notification: Notification) -> str:
    """The webhook as it may be shown: its host alone, since the path of many a webhook is a secret."""
    parts = urlsplit(notification.webhook)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _message(state: str, alert: Alert, at: float) -> Message:
    return Message(
        id=f"{alert.cluster}/{alert.id}/{alert.subject}/{alert.since:.0f}/{alert.severity}/{state}",
        state=state,
        cluster=alert.cluster,
        alert=alert.id,
        severity=alert.severity,
        subject=alert.subject,
        summary=alert.summary,
        since=alert.since,
        advice=alert.advice,
        evidence=alert.evidence,
        at=at,
    )


def _refused(notification: Notification) -> str | None:
    """Why nothing is sent to the webhook at all; None if it is."""
    has_token = notification.token_env is not None or notification.token_file is not None
    if has_token and urlsplit(notification.webhook).scheme != "https" and not _is_loopback(notification):
        return (
            f"no alert is told to {host_of(notification)}: its token would cross the network in the clear; "
            "write https in the estate file's notifications"
        )
    return None


def _is_loopback(notification: Notification) -> bool:
    host = urlsplit(notification.webhook).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _authorization(notification: Notification) -> Mapping[str, str]:
    """The secret, read when it is used so that it can be changed. Raises NotSent: it is not there."""
    token = ""
    if notification.token_env is not None:
        token = os.environ.get(notification.token_env, "").strip()
        if not token:
            raise NotSent(f"the environment variable {notification.token_env} with the webhook's token is not set")
    elif notification.token_file is not None:
        try:
            token = Path(os.path.expandvars(notification.token_file)).expanduser().read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no text"
            raise NotSent(f"the webhook's token in {notification.token_file} can't be read: {why}") from None
        if not token:
            raise NotSent(f"the webhook's token file {notification.token_file} is empty")
    if not token:
        return {}
    if not (token.isascii() and token.isprintable()):
        raise NotSent("the webhook's token holds characters that no HTTP header may hold")
    return {"Authorization": f"Bearer {token}"}
