"""What running a plan promises, whatever the hosts and the journal do."""

import asyncio
from dataclasses import dataclass, field
from typing import cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from dslsconsole.model.reading import Failure, FailureKind
from dslsconsole.runbooks.execution import Ended, Ending, Execution, NotWritten, Progress, StepOutcome, StepResult
from dslsconsole.runbooks.plan import Plan, PlannedCheck, PlannedStep, PlannedUndo
from dslsconsole.systems.acting import Action, Call, Checked, Hands, Refused, Unfinished, Unreached, Untested
from dslsconsole.systems.ground import Ground

BEHAVIOURS = ("works", "refuses", "lost-done", "lost-undone", "unreached", "no-effect", "works-silent", "lost-silent")
"""`silent`: afterwards nobody can read what became of it."""


@dataclass
class World:
    """Switches that steps turn on and undo turns off, each with a behaviour of its own."""

    behaviours: dict[str, str] = field(default_factory=dict)
    undo_behaviours: dict[str, str] = field(default_factory=dict)
    on: set[str] = field(default_factory=set)
    ran: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    log: list[dict[str, object]] = field(default_factory=list)
    writes_left: int = 10_000
    now: float = 1000.0
    bound: float | None = None
    """Seconds after which a command certainly goes on no more."""
    forgetful: dict[str, int] = field(default_factory=dict)
    """How often a switch falls back at once, and tells so."""
    barred_from: str | None = None
    barred_after: int | None = None
    """So many commands."""

    def append(self, event: str, **data: object) -> None:
        if self.writes_left <= 0:
            raise NotWritten("no space left on the disk")
        self.writes_left -= 1
        self.log.append({"event": event, **data})

    def clock(self) -> float:
        return self.now

    async def pause(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)

    async def turn_on(self, call: Call) -> str:
        return self._turn(call["switch"], True, self.behaviours.get(call["switch"], "works"))

    async def turn_off(self, call: Call) -> str:
        return self._turn(call["switch"], False, self.undo_behaviours.get(call["switch"], "works"))

    def _turn(self, switch: str, wanted: bool, behaviour: str) -> str:
        if behaviour == "untested":
            raise Untested("none is free")
        if behaviour == "unreached":
            raise Unreached(Failure(FailureKind.UNREACHABLE, "no route"))
        self.ran.append(f"{'on' if wanted else 'off'} {switch}")
        if wanted and self.forgetful.get(switch, 0) > 0:
            self.forgetful[switch] -= 1
            return "done"
        if behaviour == "refuses":
            raise Refused("no")
        if behaviour not in ("lost-undone", "no-effect"):
            (self.on.add if wanted else self.on.discard)(switch)
        if behaviour.startswith("lost"):
            raise Unfinished("the connection ended")
        return "done"

    async def is_on(self, call: Call) -> Checked:
        return self._checked(call["switch"], True)

    async def is_off(self, call: Call) -> Checked:
        return self._checked(call["switch"], False)

    def _checked(self, switch: str, wanted: bool) -> Checked:
        self.asked.append(switch)
        silent = self.behaviours.get(switch, "").endswith("silent") and f"on {switch}" in self.ran
        if silent:
            return Checked(None, "no answer")
        ok = (switch in self.on) is wanted
        forgotten = not ok and switch in self.forgetful and f"on {switch}" in self.ran
        return Checked(ok, f"{switch} is {'on' if switch in self.on else 'off'}", forgotten)

    async def barrier(self, step: PlannedStep) -> str | None:
        late = self.barred_after is not None and len(self.ran) >= self.barred_after
        is_barred = late or step.arguments["switch"] == self.barred_from
        return "another console has taken it over" if is_barred else None

    def execution(
        self,
        plan: Plan,
        stop: asyncio.Event | None = None,
        *,
        earlier: dict[int, StepOutcome] | None = None,
        progress: Progress = lambda step, result: None,
    ) -> Execution:
        def commands(call: Call) -> tuple[str, ...]:
            return (f"turn {call['switch']}",)

        return Execution(
            plan,
            hands=cast(Hands, None),
            ground=cast(Ground, None),
            actions={
                "on": Action(commands, self.turn_on, self.bound),
                "off": Action(commands, self.turn_off),
                "test-checkout": Action(commands, self.turn_on),
            },
            checks={"is-on": self.is_on, "is-off": self.is_off},
            log=self,
            clock=self.clock,
            pause=self.pause,
            stop=stop,
            before_step=self.barrier,
            earlier=earlier,
            progress=progress,
        )

    def run(self, plan: Plan, stop: asyncio.Event | None = None) -> tuple[Ended, Execution]:
        execution = self.execution(plan, stop)
        return asyncio.run(execution.run()), execution

    def events(self, event: str) -> list[dict[str, object]]:
        return [entry for entry in self.log if entry["event"] == event]


def step(
    number: int,
    switch: str,
    *,
    group: int | None = None,
    undo: str = "off",
    needs: str | None = None,
    holds: bool = False,
    urgent: bool = False,
) -> PlannedStep:
    arguments = {"switch": switch}
    check = PlannedCheck("is-on", "h", arguments)
    back = PlannedUndo("off", "h", arguments, (f"turn off {switch}",), PlannedCheck("is-off", "h", arguments), 2.0)
    if undo != "off":
        back = PlannedUndo(None, "h", {}, (), None, 2.0, "because", final=undo == "none")
    return PlannedStep(
        number=number,
        group=number if group is None else group,
        name=f"turn {switch} on",
        host="h",
        action="on",
        arguments=arguments,
        commands=(f"turn on {switch}",),
        needs=(PlannedCheck("is-on", "h", {"switch": needs}),) if needs else (),
        until=check,
        within=2.0,
        retry=False,
        undo=back,
        holds=holds,
        urgent=urgent,
    )


def plan(*steps: PlannedStep) -> Plan:
    return Plan("test", "c", steps)


THREE = plan(step(1, "a"), step(2, "b"), step(3, "c"))


def test_each_step_is_written_down_before_it_runs_and_done_is_proven() -> None:
    world = World()
    ended, execution = world.run(THREE)
    assert ended.ending is Ending.DONE
    assert world.on == {"a", "b", "c"}
    assert [result.outcome for result in execution.results] == [StepOutcome.DONE] * 3
    assert [entry["event"] for entry in world.log] == ["step-started", "step-ended"] * 3


def test_what_is_already_so_is_skipped_and_not_taken_back() -> None:
    world = World(on={"a"}, behaviours={"c": "refuses"})
    ended, execution = world.run(THREE)
    assert ended.ending is Ending.ROLLED_BACK
    assert execution.results[0].outcome is StepOutcome.SKIPPED
    assert world.on == {"a"}


@pytest.mark.parametrize(("first", "second", "told"), [("works", "untested", True), ("untested", "untested", False)])
def test_users_are_told_only_where_a_checkout_succeeded(first: str, second: str, told: bool) -> None:
    tests = (
        msgspec.structs.replace(step(number, name), action="test-checkout") for number, name in ((1, "a"), (2, "b"))
    )
    world = World(behaviours={"a": first, "b": second})
    ended, execution = world.run(plan(*tests, msgspec.structs.replace(step(3, "c"), after_checkout=True)))
    assert ended.ending is Ending.DONE
    assert ("on c" in world.ran) is told
    assert execution.results[2].outcome is (StepOutcome.DONE if told else StepOutcome.SKIPPED)
    assert any("no checkout could be tested" in line and "turn on c" in line for line in ended.card) is not told


def test_a_failed_step_takes_back_what_was_done_in_reverse() -> None:
    world = World(behaviours={"c": "no-effect"})
    ended, execution = world.run(THREE)
    assert ended.ending is Ending.ROLLED_BACK
    assert world.ran == ["on a", "on b", "on c", "off b", "off a"]
    assert [result.outcome.value for result in execution.results] == ["undone", "undone", "failed"]


def test_a_lost_connection_is_looked_up_and_counts_as_done_if_it_happened() -> None:
    world = World(behaviours={"b": "lost-done"})
    ended, _ = world.run(THREE)
    assert ended.ending is Ending.DONE
    assert world.ran == ["on a", "on b", "on c"]


def test_what_nobody_can_tell_is_unknown_and_nothing_is_taken_back() -> None:
    world = World(behaviours={"b": "lost-silent"})
    ended, execution = world.run(THREE)
    assert ended.ending is Ending.NEEDS_PERSON
    assert execution.results[1].outcome is StepOutcome.UNKNOWN
    assert world.ran == ["on a", "on b"]
    assert any("Look at h" in line for line in ended.card)
    assert any("turn a on" in line for line in ended.card)


def test_what_got_no_answer_may_still_happen_and_nothing_is_taken_back_around_it() -> None:
    world = World(behaviours={"b": "lost-undone"})
    ended, execution = world.run(THREE)
    assert ended.ending is Ending.NEEDS_PERSON
    assert execution.results[1].outcome is StepOutcome.UNKNOWN
    assert world.ran == ["on a", "on b"]


@pytest.mark.parametrize(("bound", "expected"), [(1.0, Ending.ROLLED_BACK), (60.0, Ending.NEEDS_PERSON)])
def test_only_past_the_far_sides_own_time_limit_no_is_believed(bound: float, expected: Ending) -> None:
    world = World(behaviours={"b": "lost-undone"}, bound=bound)
    assert world.run(THREE)[0].ending is expected


def test_what_a_host_forgot_is_done_again_without_waiting() -> None:
    world = World(forgetful={"b": 2})
    ended, _ = world.run(THREE)
    assert ended.ending is Ending.DONE
    assert world.ran == ["on a", "on b", "on b", "on b", "on c"]
    assert world.now == 1000.0


def test_what_a_host_always_forgets_has_failed() -> None:
    assert World(forgetful={"b": 99}).run(THREE)[0].ending is Ending.ROLLED_BACK


def _undoing(world: World, switch: str, when: str) -> None:
    """Let a switch fall back when another one is turned."""
    original = world.turn_on

    async def turn_on(call: Call) -> str:
        if call["switch"] == when:
            world.on.discard(switch)
        return await original(call)

    world.turn_on = turn_on  # type: ignore[method-assign]


def test_what_must_hold_is_read_before_the_end_and_done_again() -> None:
    world = World()
    _undoing(world, "a", when="b")
    ended, _ = world.run(plan(step(1, "a", holds=True), step(2, "b")))
    assert ended.ending is Ending.DONE
    assert world.on == {"a", "b"}
    assert [entry.get("again") for entry in world.events("step-started")] == [None, None, "a is off"]


def test_what_does_not_hold_in_the_end_needs_a_person() -> None:
    world = World()
    _undoing(world, "a", when="b")
    _undoing(world, "a", when="a")
    execution = world.execution(plan(step(1, "a", holds=True), step(2, "b")))
    original = world.turn_on

    async def once(call: Call) -> str:
        if world.ran.count("on a") == 1 and call["switch"] == "a":
            raise Refused("no")
        return await original(call)

    actions = execution._attempts._actions
    execution._attempts._actions = {**actions, "on": Action(actions["on"].commands, once)}
    ended = asyncio.run(execution.run())
    assert ended.ending is Ending.NEEDS_PERSON
    assert "Not so any more: turn a on" in ended.card[0]


def test_an_operation_that_is_not_its_own_any_more_runs_and_undoes_nothing() -> None:
    world = World(barred_from="b")
    ended, execution = world.run(THREE)
    assert ended.ending is Ending.NEEDS_PERSON
    assert "taken it over" in ended.sentence
    assert world.ran == ["on a"]
    assert execution.results[1].outcome is StepOutcome.PLANNED
    assert len(world.events("step-started")) == 1


def test_past_a_step_that_cannot_be_taken_back_nothing_is() -> None:
    world = World(behaviours={"c": "refuses"})
    ended, _ = world.run(plan(step(1, "a"), step(2, "b", undo="none"), step(3, "c")))
    assert ended.ending is Ending.NEEDS_PERSON
    assert world.on == {"a", "b"}
    assert any("can't be taken back: because" in line for line in ended.card)


def test_a_step_that_needs_no_undo_does_not_stand_in_the_way() -> None:
    world = World(behaviours={"c": "refuses"})
    ended, _ = world.run(plan(step(1, "a"), step(2, "b", undo="unneeded"), step(3, "c")))
    assert ended.ending is Ending.ROLLED_BACK
    assert world.on == {"b"}


def test_an_undo_that_fails_stops_the_rolling_back_and_calls_a_person() -> None:
    world = World(behaviours={"c": "refuses"}, undo_behaviours={"b": "no-effect"})
    ended, _ = world.run(THREE)
    assert ended.ending is Ending.NEEDS_PERSON
    assert world.on == {"a", "b"}
    assert "off a" not in world.ran


def test_a_step_whose_need_is_not_met_is_not_run() -> None:
    world = World(behaviours={"a": "no-effect"})
    ended, execution = world.run(plan(step(1, "b", needs="a")))
    assert ended.ending is Ending.ROLLED_BACK
    assert world.ran == []
    assert execution.results[0].outcome is StepOutcome.FAILED


def test_an_urgent_step_begins_without_asking_and_is_proven_all_the_same() -> None:
    world = World(on={"a"})
    ended, execution = world.run(plan(step(1, "a", urgent=True)))
    assert ended.ending is Ending.DONE
    assert world.ran == ["on a"]
    assert world.asked == ["a"], "at its end"
    world = World(behaviours={"a": "no-effect"})
    ended, execution = world.run(plan(step(1, "a", urgent=True)))
    assert execution.results[0].outcome is StepOutcome.FAILED


def test_an_urgent_step_that_may_have_been_begun_before_is_asked_for_first() -> None:
    world = World(on={"a"})
    execution = world.execution(plan(step(1, "a", urgent=True)), earlier={1: StepOutcome.RUNNING})
    assert asyncio.run(execution.run()).ending is Ending.DONE
    assert world.ran == []


@pytest.mark.parametrize(
    ("urgent", "later", "asked"),
    [(True, 1.0, ["b"]), (True, 3.0, ["a", "b"]), (False, 1.0, ["a", "b", "b"])],
    ids=["of a moment ago", "of long ago", "where there is time"],
)
def test_what_an_urgent_step_needs_may_have_been_proven_by_the_step_before(
    urgent: bool, later: float, asked: list[str]
) -> None:
    world = World()
    first, second = step(1, "a"), step(2, "b", needs="a", urgent=urgent)

    def time_passes(one: PlannedStep, result: StepResult) -> None:
        if one is first and result.outcome is StepOutcome.DONE:
            world.now += later
            world.asked.clear()

    assert asyncio.run(world.execution(plan(first, second), progress=time_passes).run()).ending is Ending.DONE
    assert world.asked == asked


@pytest.mark.parametrize(
    ("own", "answered"), [(("switch",), True), (("switch", "strictly"), False), ((), False)], ids=str
)
def test_of_a_need_with_arguments_of_its_own_those_alone_must_have_been_asked(
    own: tuple[str, ...], answered: bool
) -> None:
    asked = PlannedCheck("is-on", "h", {"switch": "a"})
    need = PlannedCheck("is-on", "h", {"switch": "a", "strictly": "yes"}, own)
    assert need.is_answered_by(asked) is answered
    assert not replace(need, host="other").is_answered_by(asked)
    assert asked.is_answered_by(asked)


def stopped_in(switch: str, plan: Plan) -> tuple[World, Ended]:
    """A run that is asked to stop while it turns a switch on."""
    world, stop = World(), asyncio.Event()
    execution = world.execution(plan, stop)
    original = world.turn_on

    async def turn_on(call: Call) -> str:
        if call["switch"] == switch:
            stop.set()
        return await original(call)

    actions = execution._attempts._actions
    execution._attempts._actions = {**actions, "on": Action(actions["on"].commands, turn_on)}
    return world, asyncio.run(execution.run())


@pytest.mark.parametrize(
    ("switch", "ran"),
    [("b", ["on a", "on b", "off b", "off a"]), ("c", ["on a", "on b", "on c", "off c", "off b", "off a"])],
)
def test_asked_to_stop_it_stops_after_the_step_and_takes_back(switch: str, ran: list[str]) -> None:
    world, ended = stopped_in(switch, THREE)
    assert ended.ending is Ending.ROLLED_BACK
    assert ended.sentence.startswith("It was asked to stop.")
    assert world.ran == ran


def test_asked_to_stop_while_no_answer_comes_it_is_left_open_at_once() -> None:
    world, stop = World(behaviours={"b": "lost-undone"}), asyncio.Event()
    patient = plan(step(1, "a"), replace(step(2, "b"), within=600.0), step(3, "c"))
    execution = world.execution(patient, stop)
    original = world.turn_on

    async def turn_on(call: Call) -> str:
        if call["switch"] == "b":
            stop.set()
        return await original(call)

    actions = execution._attempts._actions
    execution._attempts._actions = {**actions, "on": Action(actions["on"].commands, turn_on)}
    ended = asyncio.run(execution.run())
    assert ended.ending is Ending.NEEDS_PERSON
    assert "asked to stop before that could be told" in ended.sentence
    assert world.now < 1010, "nobody waits ten minutes for what nobody will tell"


def test_asked_to_stop_in_its_last_step_after_what_can_not_be_taken_back_it_is_done_and_says_so() -> None:
    world, ended = stopped_in("c", plan(step(1, "a"), step(2, "b", undo="none"), step(3, "c")))
    assert ended.ending is Ending.DONE
    assert world.ran == ["on a", "on b", "on c"]
    assert "It was asked to stop when all had been done already" in ended.card[0]


def test_with_a_full_disk_from_the_start_nothing_runs() -> None:
    world = World(writes_left=0)
    ended, _ = world.run(THREE)
    assert ended.ending is Ending.REFUSED
    assert world.ran == []
    assert "no space left" in ended.sentence


def test_steps_of_one_group_all_come_to_their_end_when_one_fails() -> None:
    world = World(behaviours={"a": "refuses"})
    ended, _ = world.run(plan(step(1, "a", group=1), step(2, "b", group=1), step(3, "c")))
    assert ended.ending is Ending.ROLLED_BACK
    assert world.on == set()
    assert world.ran == ["on a", "on b", "off b"]


behaviours = st.fixed_dictionaries({switch: st.sampled_from(BEHAVIOURS) for switch in "abcd"})
undos = st.fixed_dictionaries(
    {switch: st.sampled_from(("works", "no-effect", "refuses", "lost-done")) for switch in "abcd"}
)
kinds = st.tuples(*(st.sampled_from(("off", "none", "unneeded")) for _ in "abcd"))


@given(behaviours, undos, kinds, st.sets(st.sampled_from("abcd")), st.integers(0, 40))
def test_invariants(
    does: dict[str, str], undoes: dict[str, str], kind: tuple[str, ...], already: set[str], writes: int
) -> None:
    world = World(does, undoes, set(already), writes_left=writes)
    ended, execution = world.run(
        plan(*(step(n, s, undo=k) for n, (s, k) in enumerate(zip("abcd", kind, strict=True), 1)))
    )
    started = world.events("step-started")
    # Nothing runs that was not written down before.
    assert len(world.ran) <= len(started)
    turned_on = [ran.split()[1] for ran in world.ran if ran.startswith("on")]
    turned_off = [ran.split()[1] for ran in world.ran if ran.startswith("off")]
    # Steps run in order, undo in reverse, and only what was begun is taken back.
    assert turned_on == sorted(turned_on)
    assert turned_off == sorted(turned_off, reverse=True)
    assert set(turned_off) <= set(turned_on)
    # What was so before is left alone.
    assert not set(turned_on) & already
    outcomes = [result.outcome for result in execution.results]
    if ended.ending is Ending.DONE:
        assert world.on == set("abcd")
        assert set(outcomes) <= {StepOutcome.DONE, StepOutcome.SKIPPED}
    if ended.ending is Ending.ROLLED_BACK:
        kept = {s for s, k in zip("abcd", kind, strict=True) if k == "unneeded"}
        assert world.on - kept == already - kept
        assert StepOutcome.UNKNOWN not in outcomes
    if StepOutcome.UNKNOWN in outcomes:
        assert ended.ending is Ending.NEEDS_PERSON
        assert not turned_off
    if not started:
        assert ended.ending is not Ending.NEEDS_PERSON
        assert world.on == already


@pytest.mark.parametrize("writes", range(9))
def test_once_the_journal_is_full_nothing_more_runs(writes: int) -> None:
    world = World(behaviours={"c": "refuses"}, writes_left=writes)
    world.run(THREE)
    assert len(world.ran) == len(world.events("step-started"))


def test_what_is_settled_stands_and_only_what_came_after_is_taken_back() -> None:
    world = World(behaviours={"d": "refuses"})
    steps = (
        step(1, "a", undo="none"),
        msgspec.structs.replace(step(2, "b"), settles=True, tells=True),
        step(3, "c"),
        step(4, "d"),
    )
    ended, execution = world.run(plan(*steps))
    assert ended.ending is Ending.ROLLED_BACK
    assert world.on == {"a", "b"}
    assert [one.outcome for one in execution.results] == [
        StepOutcome.DONE, StepOutcome.DONE, StepOutcome.UNDONE, StepOutcome.FAILED,
    ]  # fmt: skip
    assert "Up to “turn b on”" in ended.sentence
    assert any("b is on" in line for line in ended.card)


def test_steps_that_fail_together_are_all_told() -> None:
    world = World(behaviours={"b": "refuses", "c": "refuses"})
    together = step(2, "b", group=1), step(3, "c", group=1)
    for kept in ("off", "none"):
        ended, _ = world.run(plan(step(1, "a", undo=kept), *together))
        assert ended.ending is (Ending.ROLLED_BACK if kept == "off" else Ending.NEEDS_PERSON)
        assert "“turn b on” on h failed" in ended.sentence
        assert any(line.startswith("Failed too: turn c on (h): no") for line in ended.card), ended.card
    world = World(behaviours={"b": "lost-silent", "c": "refuses"})
    ended, _ = world.run(plan(step(1, "a"), *together))
    assert "not known whether “turn b on”" in ended.sentence
    assert any(line.startswith("Failed too: turn c on") for line in ended.card), ended.card


def test_what_can_not_be_taken_back_is_not_done_again() -> None:
    world = World()
    _undoing(world, "a", when="b")
    ended, _ = world.run(plan(step(1, "a", undo="none", holds=True), step(2, "b")))
    assert ended.ending is Ending.NEEDS_PERSON
    assert world.ran == ["on a", "on b"]
    assert ended.card == ("Not so any more: turn a on (h): a is off", "Done and standing: turn b on (h).")


def test_where_it_was_overtaken_nothing_is_done_again() -> None:
    world = World()
    _undoing(world, "a", when="c")
    _undoing(world, "b", when="c")
    ended, _ = world.run(plan(step(1, "a", holds=True), step(2, "b", undo="none", holds=True), step(3, "c")))
    assert ended.ending is Ending.NEEDS_PERSON
    assert world.ran == ["on a", "on b", "on c"]


def test_nothing_is_done_again_once_another_has_taken_it_over() -> None:
    world = World()
    _undoing(world, "a", when="b")
    one = world.execution(plan(step(1, "a", holds=True), step(2, "b")))
    world.barred_after = 2
    ended = asyncio.run(one.run())
    assert ended.ending is Ending.NEEDS_PERSON
    assert "another console has taken it over" in ended.sentence
    assert world.ran == ["on a", "on b"]
