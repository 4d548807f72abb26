"""Hosts are asked each in its own rhythm, and what one does is never another's trouble."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest

from dslsconsole.model.node import Link, NodeReadings
from dslsconsole.model.reading import FailureKind, Reading
from dslsconsole.watch.poller import Answer, Poller, answer_of

NOW = 1000.0
ANSWER = NodeReadings(link=Reading(value=Link(since=1.0), at=NOW, tried_at=NOW))


class Host:
    """A source that does what a test says."""

    empty: Answer = NodeReadings()

    def __init__(self, key: str, act: Callable[[], Awaitable[NodeReadings]]) -> None:
        self.key = key
        self.asked = 0
        self._act = act

    async def read(self) -> Answer:
        self.asked += 1
        return await self._act()


async def at_once() -> NodeReadings:
    return ANSWER


async def never() -> NodeReadings:
    await asyncio.Event().wait()
    raise AssertionError("unreachable")


async def broken() -> NodeReadings:
    raise RuntimeError("a fault")


class Inbox:
    """What a poller delivered, to be waited for."""

    def __init__(self) -> None:
        self.answers: list[tuple[str, Answer]] = []
        self._changed = asyncio.Event()

    def deliver(self, key: str, answer: Answer) -> None:
        self.answers.append((key, answer))
        self._changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    def count(self, key: str) -> int:
        return sum(name == key for name, _ in self.answers)


@asynccontextmanager
async def polling(*hosts: Host, interval: float = 0.02, patience: float = 1.0) -> AsyncIterator[Inbox]:
    inbox = Inbox()
    poller = Poller(hosts, interval=interval, patience=patience, clock=lambda: NOW, deliver=inbox.deliver)
    task = asyncio.create_task(poller.run())
    try:
        yield inbox
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_hosts_are_asked_again_and_again() -> None:
    async with polling(Host("c/a", at_once), Host("c/b", at_once)) as inbox:
        await inbox.until(lambda: inbox.count("c/a") >= 3 and inbox.count("c/b") >= 3)


async def test_a_host_that_hangs_holds_up_nobody_and_is_not_asked_twice_at_once() -> None:
    hung = Host("c/hung", never)
    async with polling(hung, Host("c/well", at_once)) as inbox:
        await inbox.until(lambda: inbox.count("c/well") >= 5)
        assert hung.asked == 1


async def test_an_attempt_is_given_up_in_time_and_made_again() -> None:
    hung = Host("c/hung", never)
    async with polling(hung, patience=0.01) as inbox:
        await inbox.until(lambda: inbox.count("c/hung") >= 2)
    failure = inbox.answers[0][1].link.failure
    assert failure is not None
    assert failure.kind is FailureKind.NO_ANSWER
    assert "hung did not answer within 0.01 s" in failure.text


async def test_a_fault_of_our_own_costs_that_host_s_reading_alone(capsys: pytest.CaptureFixture[str]) -> None:
    answer = await answer_of(Host("c/odd", broken), 1.0, lambda: NOW)
    assert answer.link.failure is not None
    assert "fault in dslsconsole" in answer.link.failure.text
    assert answer.link.tried_at == NOW
    assert "a fault" in capsys.readouterr().err
    async with polling(Host("c/odd", broken), Host("c/well", at_once)) as inbox:
        await inbox.until(lambda: inbox.count("c/well") >= 3 and inbox.count("c/odd") >= 3)


async def test_once_asks_every_host_a_single_time() -> None:
    hosts = [Host(f"c/{number}", at_once) for number in range(5)]
    inbox = Inbox()
    await Poller(hosts, interval=1.0, patience=1.0, clock=lambda: NOW, deliver=inbox.deliver).once()
    assert [host.asked for host in hosts] == [1] * 5
    assert len(inbox.answers) == 5


async def test_turns_keep_their_phase_whatever_an_answer_takes() -> None:
    starts: list[float] = []
    loop = asyncio.get_running_loop()

    async def slow() -> NodeReadings:
        starts.append(loop.time())
        await asyncio.sleep(0.03)
        return ANSWER

    async with polling(Host("c/slow", slow), interval=0.02) as inbox:
        await inbox.until(lambda: inbox.count("c/slow") >= 3)
    # A turn that is still out is skipped: the next one begins at a multiple of the interval.
    assert all(later - earlier >= 0.035 for earlier, later in pairwise(starts))
