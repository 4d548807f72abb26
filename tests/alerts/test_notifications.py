"""Alerts told to a webhook: what is posted, how often, and what happens where it is not taken."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from dslsconsole.alerts.notifications import ATTEMPTS, MOST_WAITING, Courier, couriers
from dslsconsole.model.verdict import Alert, Severity
from dslsconsole.settings.schema import Notification
from tests.webhook_receiver import Receiver

DEADLINE_S = 10.0
NOW = 1_800_000_000.0
ALERT = Alert("no_primary", Severity.CRITICAL, "c", "c", "no node is primary", NOW - 5, ("n1 says backup",), "Press F.")
LOW = Alert("tokens_low", Severity.WARNING, "c", "p", "pool p: 95 %", NOW - 9)


class Said:
    """What the courier said of failures."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.heard = asyncio.Event()

    def __call__(self, text: str) -> None:
        self.texts.append(text)
        self.heard.set()

    async def first(self) -> str:
        async with asyncio.timeout(DEADLINE_S):
            await self.heard.wait()
        return self.texts[0]


async def at_once(_seconds: float) -> None:
    await asyncio.sleep(0)


@asynccontextmanager
async def courier(receiver: Receiver, said: Callable[[str], None], **more: Any) -> AsyncIterator[Courier]:
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook/secret-path"
    notification = Notification.model_validate({"webhook": receiver.url, **more})
    async with server, couriers((notification,), clock=lambda: NOW, say=said, pause=at_once) as made:
        delivering = asyncio.ensure_future(made.run())
        try:
            yield made
        finally:
            delivering.cancel()
            await asyncio.gather(delivering, return_exceptions=True)


async def test_an_alert_is_told_once_when_it_is_raised_and_once_when_it_is_cleared() -> None:
    receiver = Receiver()
    async with courier(receiver, Said()) as made:
        for alerts in ((), (ALERT,), (ALERT,), (), ()):
            made.observe(alerts)
        raised, cleared = await receiver.got(2)
    assert {
        name: raised[name] for name in ("cluster", "alert", "severity", "subject", "summary", "since", "state")
    } == {
        "cluster": "c",
        "alert": "no_primary",
        "severity": "critical",
        "subject": "c",
        "summary": "no node is primary",
        "since": NOW - 5,
        "state": "raised",
    }
    assert (raised["advice"], raised["evidence"]) == ("Press F.", ["n1 says backup"])
    assert cleared["state"] == "cleared"
    assert cleared["id"] != raised["id"]


async def test_an_alert_that_nobody_can_see_any_more_is_cleared_when_somebody_sees_that_it_is_over() -> None:
    receiver = Receiver()
    async with courier(receiver, Said()) as made:
        made.observe((ALERT,))
        made.observe((), lambda alert: alert == ALERT)
        made.observe((ALERT,))
        made.observe((), lambda alert: alert == ALERT)
        made.observe((replace(LOW, severity=Severity.CRITICAL),), lambda alert: alert == ALERT)
        made.observe(())
        told = await receiver.got(4)
    states = [(one["alert"], one["state"]) for one in told]
    assert states[:2] == [("no_primary", "raised"), ("tokens_low", "raised")]
    assert sorted(states[2:]) == [("no_primary", "cleared"), ("tokens_low", "cleared")]


async def test_only_what_is_grave_enough_is_told_and_growing_worse_is() -> None:
    worse = replace(LOW, severity=Severity.CRITICAL)
    receiver = Receiver()
    async with courier(receiver, Said(), when="critical") as made:
        made.observe((LOW,))
        made.observe((worse,))
        made.observe((LOW,))
        told = await receiver.got(2)
    assert [(one["severity"], one["state"]) for one in told] == [("critical", "raised"), ("critical", "cleared")]


async def test_warnings_are_told_where_they_are_asked_for() -> None:
    receiver = Receiver()
    async with courier(receiver, Said(), when="warning") as made:
        made.observe((LOW,))
        assert [one["alert"] for one in await receiver.got(1)] == ["tokens_low"]


async def test_a_receiver_in_trouble_is_asked_again() -> None:
    receiver, said = Receiver(503, 429), Said()
    async with courier(receiver, said) as made:
        made.observe((ALERT,))
        told = await receiver.got(3)
    assert {one["id"] for one in told} == {told[0]["id"]}
    assert said.texts == []


async def test_a_receiver_that_stays_in_trouble_is_given_up_in_words() -> None:
    receiver, said = Receiver(*[500] * ATTEMPTS), Said()
    async with courier(receiver, said) as made:
        made.observe((ALERT,))
        text = await said.first()
        made.observe(())
        told = await receiver.got(ATTEMPTS + 1)
    assert "no_primary of c (raised) was not told" in text
    assert "HTTP 500" in text
    assert "secret-path" not in text
    assert told[-1]["state"] == "cleared"


async def test_a_refusal_is_said_at_once_and_not_repeated() -> None:
    receiver, said = Receiver(403), Said()
    async with courier(receiver, said) as made:
        made.observe((ALERT,))
        assert "HTTP 403" in await said.first()
    assert len(receiver.received) == 1


async def test_the_token_goes_to_the_receiver_and_nowhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "token").write_text("s3cret\n")
    receiver, said = Receiver(403), Said()
    async with courier(receiver, said, token_file=str(tmp_path / "token")) as made:
        made.observe((ALERT,))
        assert "s3cret" not in await said.first()
    assert receiver.received[0][0] == "Bearer s3cret"
    monkeypatch.delenv("HOOK_TOKEN", raising=False)
    receiver, said = Receiver(), Said()
    async with courier(receiver, said, token_env="HOOK_TOKEN") as made:
        made.observe((ALERT,))
        assert "HOOK_TOKEN" in await said.first()
    assert receiver.received == []


async def test_a_token_never_crosses_a_network_in_the_clear(tmp_path: Path) -> None:
    said = Said()
    notification = Notification.model_validate(
        {"webhook": "http://hooks.example.com/x", "token_file": str(tmp_path / "token")}
    )
    async with couriers((notification,), clock=lambda: NOW, say=said):
        assert "in the clear" in await said.first()


async def test_messages_that_nobody_takes_do_not_pile_up() -> None:
    said = Said()
    alerts = [replace(ALERT, subject=f"n{number}") for number in range(MOST_WAITING + 3)]
    notification = Notification.model_validate({"webhook": "http://127.0.0.1:9/"})
    async with couriers((notification,), clock=lambda: NOW, say=said) as made:
        made.observe(alerts)
    assert len(said.texts) == 3
    assert f"{MOST_WAITING} messages wait" in said.texts[0]
