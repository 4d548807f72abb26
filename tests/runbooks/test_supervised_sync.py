"""The supervised loop that keeps tokens in step: what it does in a round, what it tells, and how it ends."""

import asyncio
import signal
import sys

import pytest

from dslsconsole.journal import read, verify
from dslsconsole.lab.practice import Lab
from dslsconsole.model.node import Pool, TokenState
from dslsconsole.runbooks.execution import Ending
from dslsconsole.runbooks.record import directory_of
from dslsconsole.runbooks.report import Report
from dslsconsole.runbooks.supervised import (
    PATIENT_ROUNDS,
    SUMMARY_SECONDS,
    Compared,
    QuietLog,
    Standing,
    Supervised,
    _judged,
)
from dslsconsole.settings import load
from tests.estate import practising as p
from tests.estate.conftest import lab as lab


class Written:
    """A journal in memory."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, object]]] = []

    def append(self, event: str, **data: object) -> None:
        self.lines.append((event, data))

    def texts(self) -> list[str]:
        return [str(data.get("text", "")) for event, data in self.lines if event == "note"]


def report(ending: Ending) -> Report:
    return Report("token-sync", "c", "o", ending, sentence=f"it ended {ending.value}")


async def looped(rounds: list[tuple[Standing, Ending]], mismatches: int = 3) -> tuple[Ending, Supervised, Written]:
    """A loop over these rounds; `Ending` is how a push ends where there is one."""
    stop, log, left = asyncio.Event(), Written(), list(rounds)

    async def compared() -> Compared:
        standing, _ = left[0]
        if standing is not Standing.BEHIND:
            left.pop(0)
        if not left:
            stop.set()
        return Compared(standing, "words")

    async def push(number: int) -> Report:
        _, ending = left.pop(0)
        if not left:
            stop.set()
        return report(ending)

    loop = Supervised(
        every=0.001, mismatches=mismatches, compare=compared, push=push, log=log, say=lambda text: None,
        clock=lambda: 0.0, stop=stop,
    )  # fmt: skip
    async with asyncio.timeout(10):
        return await loop.run(), loop, log


SAME, BEHIND, DIFFERENT = (
    (Standing.SAME, Ending.DONE),
    (Standing.BEHIND, Ending.DONE),
    (Standing.DIFFERENT, Ending.DONE),
)
REFUSED, LOCKED = (Standing.BEHIND, Ending.REFUSED), (Standing.BEHIND, Ending.LOCKED)


async def test_rounds_that_go_well_are_not_written_one_by_one() -> None:
    ending, loop, log = await looped([SAME, BEHIND] * 20)
    assert ending is Ending.DONE
    assert (loop.counts.rounds, loop.counts.pushed) == (40, 20)
    assert len(log.lines) == 3  # that it begins, that all is in step, that it ends


async def test_a_difference_is_told_once_it_stays_and_again_after_a_good_round() -> None:
    ending, loop, log = await looped([DIFFERENT, REFUSED] * 4 + [SAME] + [DIFFERENT] * 2)
    assert (ending, loop.counts.told) == (Ending.DONE, 1)
    assert sum("Nothing is forced" in text for text in log.texts()) == 1
    ending, loop, log = await looped([DIFFERENT] * 3 + [SAME] + [REFUSED] * 3)
    assert (ending, loop.counts.told) == (Ending.NEEDS_PERSON, 2)


async def test_what_is_locked_or_not_readable_is_no_difference() -> None:
    ending, loop, _ = await looped([LOCKED] * 5 + [(Standing.UNKNOWN, Ending.DONE)] * 2)
    assert (ending, loop.counts.told, loop.counts.unread) == (Ending.DONE, 0, 2)


async def test_a_loop_that_can_read_nothing_for_long_says_so_and_does_not_end_well() -> None:
    unread = (Standing.UNKNOWN, Ending.DONE)
    ending, _, log = await looped([unread] * 5)
    assert ending is Ending.NEEDS_PERSON
    assert sum("3 rounds in a row nothing could be synchronised" in text for text in log.texts()) == 1
    ending, _, log = await looped([unread] * 5 + [SAME])
    assert ending is Ending.DONE


async def test_a_lock_that_nobody_lets_go_of_any_more_is_told_in_the_end() -> None:
    ending, loop, log = await looped([LOCKED] * (PATIENT_ROUNDS + 3))
    assert (ending, loop.counts.told) == (Ending.NEEDS_PERSON, 1)
    assert any("it ended locked" in text for text in log.texts())


async def test_what_stays_bad_is_said_again_once_in_a_while() -> None:
    log, said, now = Written(), list[str](), 0.0
    stop = asyncio.Event()

    async def compared() -> Compared:
        nonlocal now
        now += SUMMARY_SECONDS / 2
        if now > 2 * SUMMARY_SECONDS:
            stop.set()
        return Compared(Standing.UNKNOWN, "nobody answers")

    async def push(number: int) -> Report:
        raise AssertionError

    await Supervised(
        every=0.001, mismatches=3, compare=compared, push=push, log=log, say=said.append, clock=lambda: now, stop=stop
    ).run()
    assert [text for text in said if text.startswith("not readable")] == ["not readable: nobody answers"] * 3


def state(generation: int | None, used: int = 5) -> TokenState:
    return TokenState(generation, (Pool("academic", 10, used),))


@pytest.mark.parametrize(
    ("first", "last", "there", "standing"),
    [
        (state(7), state(7), state(7), Standing.SAME),
        (state(7), state(9), state(9), Standing.SAME),
        (state(7), state(7), state(6), Standing.BEHIND),
        (state(7), state(7), state(8), Standing.DIFFERENT),
        (state(7), state(7), state(7, used=6), Standing.DIFFERENT),
        (state(7), state(9), state(8), Standing.SAME),  # the source moved on: nothing can be said
        (state(7), state(7), state(None), Standing.UNKNOWN),
        (state(None), state(7), state(7), Standing.UNKNOWN),
    ],
)
def test_states_are_compared_by_generation_and_pools(
    first: TokenState, last: TokenState, there: TokenState, standing: Standing
) -> None:
    assert _judged("p", first, last, {"b": there}).standing is standing


def test_of_a_round_that_goes_well_one_line_is_written_before_it_pushes() -> None:
    log = Written()
    quiet = QuietLog(log, 4)
    quiet.append("guard", name="identity", result="fail")
    quiet.append("step-started", name="push", host="p", command=["x"], step=1)
    assert log.lines == [("round", {"round": 4, "name": "push", "host": "p", "command": ["x"]})]
    quiet.append("outcome", outcome="done")
    assert len(log.lines) == 1
    quiet.append("outcome", outcome="refused", sentence="no")
    assert [event for event, _ in log.lines] == ["round", "guard", "round"]


async def test_as_a_service_it_syncs_what_is_behind_and_ends_when_told(lab: Lab) -> None:
    # The practice estate's own loop is stopped, so that this one has something to do.
    await lab.world.units[p.PRIMARY].stop(lab.world.units[p.PRIMARY].units["dsls-token-sync.service"])
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "dslsconsole", "-c", str(lab.estate_path)),
        *("run", "token-sync", p.CLUSTER, "--every", "1s", "--reason", "test", "--confirm", p.CLUSTER),
        *("--operation", "loop"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    directory = directory_of(load(lab.estate_path))
    try:
        await p.eventually(
            lambda: directory.exists() and any(one.event == "round" for one in read(directory, operation="loop")), 40.0
        )
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, err.decode()
    assert b"Stopped: " in out
    assert not p.locks(lab)
    assert not verify(directory)
    events = [one.event for one in read(directory)]
    assert set(events) == {"note", "round"}, events
