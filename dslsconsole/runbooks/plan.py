"""A plan: a runbook's steps made concrete from an operation's facts, with the exact command texts, and its hash."""

import hashlib
import re
from collections.abc import Callable, Mapping

import msgspec
from msgspec import Struct

from dslsconsole.runbooks.schema import CheckUse, Runbook, StepUse, UndoUse
from dslsconsole.systems.acting import Action, Call, Check, Hands, Refused
from dslsconsole.systems.ground import Ground

Fact = str | bool | tuple[str, ...] | tuple[Mapping[str, str], ...]
"""One value, a yes or no, several values, or several groups of named values."""
Facts = Mapping[str, Fact]
_PLACE = re.compile(r"\{([a-z_]+)\}")


class Unplannable(Exception):  # noqa: N818
    """The facts don't say what a step needs; the text names the step."""


class PlannedCheck(Struct, frozen=True):
    check: str
    host: str
    arguments: dict[str, str]
    """Its own, on top of those of its step's action."""
    own: tuple[str, ...] = ()
    """The names of its own."""

    def is_answered_by(self, other: "PlannedCheck") -> bool:
        """Whether what the other one read answers this one too: the same was asked there, with nothing left out.

        A check with arguments of its own is about those: what its step's action takes besides may be about another
        host.
        """
        asked = {name: self.arguments[name] for name in self.own} or self.arguments
        return (self.check, self.host) == (other.check, other.host) and asked == other.arguments


class PlannedUndo(Struct, frozen=True):
    """How a step is taken back. Without an action, `why` says why not; `final` steps can't be."""

    action: str | None
    host: str
    arguments: dict[str, str]
    commands: tuple[str, ...]
    until: PlannedCheck | None
    within: float
    why: str = ""
    final: bool = False
    retry: bool = False

    @property
    def text(self) -> str:
        """For the person who confirms."""
        if self.action is not None:
            return f"{self.host}: {'; '.join(self.commands)}"
        return f"can't be taken back: {self.why}" if self.final else f"nothing to take back: {self.why}"


class PlannedStep(Struct, frozen=True):
    """One concrete step. Steps of the same `group` run together."""

    number: int
    group: int
    name: str
    host: str
    action: str
    arguments: dict[str, str]
    commands: tuple[str, ...]
    needs: tuple[PlannedCheck, ...]
    until: PlannedCheck | None
    within: float
    retry: bool
    undo: PlannedUndo
    holds: bool = False
    tells: bool = False
    settles: bool = False
    urgent: bool = False
    after_checkout: bool = False

    @property
    def command(self) -> str:
        return "\n".join(self.commands)


class Plan(Struct, frozen=True):
    runbook: str
    cluster: str
    steps: tuple[PlannedStep, ...]

    @property
    def hash(self) -> str:
        """SHA-256 of what will be done where: the same facts give the same plan."""
        text = msgspec.json.encode(msgspec.to_builtins(self), order="sorted")
        return hashlib.sha256(text).hexdigest()

    def changed_from(self, was: "Plan") -> str:
        """What a person who read `was` would not expect of this one, in words: steps by name and host."""
        told, meant = ({(step.name, step.host, step.commands) for step in plan.steps} for plan in (was, self))
        gone = _named(was, told - meant)
        new = _named(self, meant - told)
        words = [f"{word} {', '.join(steps)}" for word, steps in (("no longer", gone), ("now", new)) if steps]
        return "; ".join(words) or "the same steps, with other proofs or another way back"


def _named(plan: Plan, chosen: set[tuple[str, str, tuple[str, ...]]]) -> list[str]:
    return [f"“{step.name}” on {step.host}" for step in plan.steps if (step.name, step.host, step.commands) in chosen]


def filled(text: str, facts: Facts) -> str:
    """`text` with each `{name}` replaced by the fact of that name, once.

    Raises:
        Unplannable: there is no such fact, or it is not a single value.
    """

    def value(match: re.Match[str]) -> str:
        fact = facts.get(match[1])
        if not isinstance(fact, str):
            raise Unplannable(f"it is not known what {match[1].replace('_', ' ')} is")
        return fact

    return _PLACE.sub(value, text)


def applies(facts: Facts, when: str | None, unless: str | None) -> bool:
    """Whether a part of a runbook is meant under these facts. An unknown fact is no."""
    return (when is None or bool(facts.get(when))) and (unless is None or not facts.get(unless))


class Planner:
    """Makes the steps of a runbook concrete. Reaches no host."""

    def __init__(
        self,
        ground: Ground,
        hands: Hands,
        actions: Mapping[str, Action],
        checks: Mapping[str, Check],
        clock: Callable[[], float],
    ) -> None:
        self._ground = ground
        self._hands = hands
        self._actions = actions
        self._checks = checks
        self._clock = clock

    def plan(self, runbook: Runbook, facts: Facts, memory: dict[str, str]) -> Plan:
        """The plan.

        Raises:
            Unplannable: a step needs a fact that is not known, or an action that nobody offers.
        """
        steps: list[PlannedStep] = []
        for group, use in enumerate(runbook.steps):
            if not applies(facts, use.when, use.unless):
                continue
            for place in self._places(use, facts):
                try:
                    steps.append(self._step(len(steps) + 1, group, use, place, memory))
                except (Unplannable, Refused, KeyError) as missing:
                    raise Unplannable(f"step “{use.name}”: {missing}") from missing
        return Plan(runbook.name, self._ground.name, tuple(steps))

    def _places(self, use: StepUse, facts: Facts) -> list[Facts]:
        if use.each is None:
            return [facts]
        items = facts.get(use.each)
        if not isinstance(items, tuple):
            raise Unplannable(f"step “{use.name}”: it is not known what {use.each.replace('_', ' ')} are")
        return [{**facts, **item} if isinstance(item, Mapping) else {**facts, "it": item} for item in items]

    def _step(self, number: int, group: int, use: StepUse, facts: Facts, memory: dict[str, str]) -> PlannedStep:
        host = filled(use.on or "{it}", facts)
        arguments = {key: filled(value, facts) for key, value in use.with_.items()}
        return PlannedStep(
            number=number,
            group=group,
            name=filled(use.name, facts),
            host=host,
            action=use.do,
            arguments=arguments,
            commands=self._commands(use.do, host, arguments, memory),
            needs=tuple(self._check(need, host, arguments, facts) for need in use.needs),
            until=self._check(use.until, host, arguments, facts) if use.until else None,
            within=use.within,
            retry=use.retry,
            undo=self._undo(use.undo, host, arguments, facts, memory),
            holds=use.holds,
            tells=use.tells,
            settles=use.settles,
            urgent=use.urgent,
            after_checkout=use.after_checkout,
        )

    def _commands(self, action: str, host: str, arguments: dict[str, str], memory: dict[str, str]) -> tuple[str, ...]:
        if action not in self._actions:
            raise Unplannable(f"there is no action called {action}")
        call = Call(self._hands, self._ground, host, arguments, self._clock, memory)
        return self._actions[action].commands(call)

    def _check(self, use: CheckUse, host: str, arguments: dict[str, str], facts: Facts) -> PlannedCheck:
        if use.check not in self._checks:
            raise Unplannable(f"there is no check called {use.check}")
        own = {key: filled(value, facts) for key, value in use.with_.items()}
        return PlannedCheck(
            use.check, filled(use.on, facts) if use.on else host, {**arguments, **own}, tuple(sorted(own))
        )

    def _undo(
        self, use: UndoUse, host: str, arguments: dict[str, str], facts: Facts, memory: dict[str, str]
    ) -> PlannedUndo:
        if use.do is None:
            why = filled(use.none or use.unneeded or "", facts)
            return PlannedUndo(None, host, {}, (), None, use.within, why, final=use.none is not None)
        where = filled(use.on, facts) if use.on else host
        own = {**arguments, **{key: filled(value, facts) for key, value in use.with_.items()}}
        until = self._check(use.until, where, own, facts) if use.until else None
        commands = self._commands(use.do, where, own, memory)
        return PlannedUndo(use.do, where, own, commands, until, use.within, retry=use.retry)
