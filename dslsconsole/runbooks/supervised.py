"""`token-sync --every`: a loop that keeps the backups at the primary's tokens, one small operation a round.

A round compares parsed states and does nothing where they are the same. Where a backup is behind, the runbook is run
like by hand: guards, lock, step, check. It never forces. A backup that stays different while the primary's own state
stands still is told. The lock is held for the pushing round alone, so that other operations find their way in between.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from enum import StrEnum

from msgspec import Struct

from dslsconsole.model.node import Mode, Role, TokenState
from dslsconsole.runbooks.execution import Ending, Log
from dslsconsole.runbooks.report import Report
from dslsconsole.systems.acting import Hands
from dslsconsole.systems.dslicsrv import fresh
from dslsconsole.systems.dslicsrv.sync import same
from dslsconsole.systems.ground import Ground

SUMMARY_SECONDS = 3600.0
"""How often the journal is told how many rounds went well."""


REASON_SECONDS = 60.0
"""How often another reason for the same trouble is told, at most."""
PATIENT_ROUNDS = 20
"""For so many rounds another operation may hold the lock before that counts as a difference."""


class Standing(StrEnum):
    """How source and backups stand to each other in a round."""

    SAME = "same"
    BEHIND = "behind"
    DIFFERENT = "different"
    """The source stood still, and a backup is ahead of it, or has the same generation with other figures."""
    UNKNOWN = "unknown"


class Compared(Struct, frozen=True):
    standing: Standing
    text: str


async def compare(hands: Hands, ground: Ground) -> Compared:
    """How the token states stand now, by each node's own word.

    The source is read before and after the others: that tells whether it stood still meanwhile.
    """
    candidates = [name for name, node in ground.main_nodes.items() if node.mode is not Mode.ARBITRATOR]
    async with asyncio.TaskGroup() as tasks:
        asked = {name: tasks.create_task(_role(hands, ground, name)) for name in candidates}
    roles = {name: task.result()[0] for name, task in asked.items()}
    troubles = [trouble for task in asked.values() if (trouble := task.result()[1])]
    sources = [name for name, role in roles.items() if role is Role.PRIMARY]
    targets = [name for name, role in roles.items() if role is Role.BACKUP]
    if len(sources) != 1 or not targets:
        who = f"{len(sources)} primaries and {len(targets)} backups answer"
        return Compared(Standing.UNKNOWN, "; ".join([who, *troubles]))
    try:
        first = await fresh.tokens(hands, ground, sources[0])
        there = dict(
            zip(targets, await asyncio.gather(*(fresh.tokens(hands, ground, name) for name in targets)), strict=True)
        )
        last = await fresh.tokens(hands, ground, sources[0])
    except fresh.NotRead as failure:
        return Compared(Standing.UNKNOWN, str(failure))
    return _judged(sources[0], first, last, there)


async def _role(hands: Hands, ground: Ground, name: str) -> tuple[Role | None, str]:
    """A node's role; or none, and why it can't be told."""
    try:
        return (await fresh.cluster_status(hands, ground, name)).role, ""
    except fresh.NotRead as failure:
        return None, str(failure)


def _judged(source: str, first: TokenState, last: TokenState, there: dict[str, TokenState]) -> Compared:
    told = ", ".join(f"{name} {state.generation}" for name, state in there.items())
    words = f"{source} has generation {last.generation}, {told}"
    generations = [first.generation, last.generation, *(state.generation for state in there.values())]
    if first.generation is None or last.generation is None or None in generations:
        return Compared(Standing.UNKNOWN, words)
    if all(same(last, state) or same(first, state) for state in there.values()):
        return Compared(Standing.SAME, words)
    if any(state.generation is not None and state.generation < first.generation for state in there.values()):
        return Compared(Standing.BEHIND, words)
    if first.generation != last.generation:
        return Compared(Standing.SAME, f"{words}; the source moved on while it was read")
    return Compared(Standing.DIFFERENT, words)


class Counts(Struct):
    """What the loop did."""

    rounds: int = 0
    pushed: int = 0
    unread: int = 0
    failed: int = 0
    different: int = 0
    """Rounds in a row that ended with a difference."""
    blind: int = 0
    """Rounds in a row in which the states could not be read."""
    told: int = 0
    """How often a difference was told."""


class Supervised:
    """The loop. `push` runs the runbook once; `say` tells the person or the service's own log."""

    def __init__(
        self,
        *,
        every: float,
        mismatches: int,
        compare: Callable[[], Awaitable[Compared]],
        push: Callable[[int], Awaitable[Report]],
        log: Log,
        say: Callable[[str], None],
        clock: Callable[[], float],
        stop: asyncio.Event,
    ) -> None:
        self.counts = Counts()
        self._every = every
        self._mismatches = mismatches
        self._compare = compare
        self._push = push
        self._log = log
        self._say = say
        self._clock = clock
        self._stop = stop
        self._last = self._last_text = ""
        self._locked = 0
        """Rounds in a row in which another operation had the lock."""
        self._told_at = clock()
        self._summed_at = clock()

    async def run(self) -> Ending:
        """Go round until stopped. Needs a person where it ends with a difference that was told, else it is done.

        Raises:
            NotWritten: the journal can't be written; nothing is pushed any more.
        """
        self._log.append("note", text=f"synchronising tokens every {self._every:g} s", every=self._every)
        while not self._stop.is_set():
            began = self._clock()
            await self._round()
            self._sum_up()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, self._every - (self._clock() - began))):
                    await self._stop.wait()
        stuck = max(self.counts.different, self.counts.blind) >= self._mismatches
        self._log.append("note", text=f"stopped: {self.words}")
        return Ending.NEEDS_PERSON if stuck else Ending.DONE

    @property
    def words(self) -> str:
        one = self.counts
        return (
            f"{one.rounds} rounds, {one.pushed} times pushed, {one.failed} times refused or failed, "
            f"{one.unread} times not readable"
        )

    async def _round(self) -> None:
        self.counts.rounds += 1
        found = await self._compare()
        if found.standing is not Standing.UNKNOWN:
            self.counts.blind = 0
        if found.standing is Standing.BEHIND:
            report = await self._push(self.counts.rounds)
            if report.outcome is Ending.DONE:
                self.counts.pushed += 1
                self._settled("in step", found.text)
                return
            self.counts.failed += 1
            # Another operation may take its time; a lock that nobody lets go of any more is a difference all the same.
            self._locked = self._locked + 1 if report.outcome is Ending.LOCKED else 0
            if not self._locked or self._locked > PATIENT_ROUNDS:
                self._differs(f"{found.text}; {report.sentence}")
            self._tell(f"not pushed ({report.outcome.value})", report.sentence)
        elif found.standing is Standing.SAME:
            self._settled("in step", found.text)
        elif found.standing is Standing.UNKNOWN:
            self.counts.unread += 1
            self.counts.blind += 1
            self._tell("not readable", found.text)
            if self.counts.blind == self._mismatches:
                words = f"{self.counts.blind} rounds in a row nothing could be synchronised: {found.text}"
                self._log.append("note", text=words, mismatch=True)
                self._say(words)
        else:
            self._differs(found.text)
            self._tell("different", found.text)

    def _settled(self, state: str, text: str) -> None:
        self.counts.different = self._locked = 0
        self._tell(state, text)

    def _differs(self, text: str) -> None:
        """Count a difference; the one that makes enough of them is told, and that again only after a good round."""
        self.counts.different += 1
        if self.counts.different == self._mismatches:
            self.counts.told += 1
            words = (
                f"{self.counts.different} rounds in a row the backups' tokens differ: {text}. Nothing is forced: look "
                "at both servers; force-sync overwrites a backup by hand"
            )
            self._log.append("note", text=words, mismatch=True)
            self._say(words)

    def _tell(self, state: str, text: str) -> None:
        """Write a change of state down; while it stays the same, only what is not well: once in a while, and sooner
        where the reason is another one."""
        since = self._clock() - self._told_at
        again = since >= (SUMMARY_SECONDS if text == self._last_text else REASON_SECONDS)
        if state != self._last or (again and state != "in step"):
            self._last, self._last_text, self._told_at = state, text, self._clock()
            self._log.append("note", text=f"{state}: {text}")
            self._say(f"{state}: {text}")

    def _sum_up(self) -> None:
        if self._clock() - self._summed_at >= SUMMARY_SECONDS:
            self._summed_at = self._clock()
            self._log.append("note", text=self.words)


class QuietLog:
    """The journal of one round: its guards and plan are written only where it does not end well, its step always before
    it runs, in one line."""

    def __init__(self, log: Log, round_: int) -> None:
        self._log = log
        self._round = round_
        self._held: list[tuple[str, dict[str, object]]] = []

    def append(self, event: str, **data: object) -> None:
        if event == "step-started":
            said = {key: data[key] for key in ("name", "host", "command") if key in data}
            self._log.append("round", round=self._round, **said)
        elif event == "outcome" and data.get("outcome") not in (Ending.DONE.value, Ending.LOCKED.value):
            for _, guard in (one for one in self._held if one[0] == "guard" and one[1].get("result") != "pass"):
                self._log.append("guard", **guard)
            self._log.append("round", round=self._round, **data)
        else:
            self._held.append((event, data))
