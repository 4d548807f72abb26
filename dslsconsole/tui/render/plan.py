"""A plan, a run under way and its outcome, as rows of text. Nothing of a command or a warning is left out."""

from collections.abc import Sequence

from dslsconsole.tui.journal_feed import BEGINNINGS, LogEntry
from dslsconsole.tui.operation import DECISIONS, Ask, KnownOperation, Plan, PlannedGuard, PlannedStep, Request, Second
from dslsconsole.tui.render import words
from dslsconsole.tui.render.cells import GLYPHS, Cell, Row, Sheet, Tone

RESULTS = {"pass": Tone.OK, "fail": Tone.CRITICAL, "unknown": Tone.UNKNOWN}
OUTCOMES = {
    "planned": (Tone.MUTED, "○"),
    "running": (Tone.ACCENT, "▶"),
    "done": (Tone.OK, "●"),
    "skipped": (Tone.MUTED, "–"),  # noqa: RUF001
    "failed": (Tone.CRITICAL, "✖"),
    "undone": (Tone.WARNING, "↶"),
    "undoing": (Tone.ACCENT, "↶"),
    "stuck": (Tone.CRITICAL, "✖"),
    "unknown": (Tone.CRITICAL, "?"),
}
ENDINGS = {
    "done": (Tone.OK, "Done and verified."),
    "refused": (Tone.WARNING, "Refused by a guard. Nothing was changed."),
    "locked": (Tone.WARNING, "Another operation holds the lock. Nothing was changed."),
    "rolled_back": (Tone.WARNING, "Not done. What had been changed was taken back."),
    "needs_person": (
        Tone.CRITICAL,
        "It failed, or its outcome is unknown. It needs a person: look at the steps below.",
    ),
    "abandoned": (Tone.WARNING, "Abandoned. Its locks are released; what it had done stands as it is."),
    "not_confirmed": (Tone.WARNING, "Not confirmed or not permitted. Nothing was changed."),
}


def _text(key: str, text: str, tone: Tone = Tone.TEXT, indent: int = 1) -> Row:
    return Row(key, (Cell(text, tone),), spans=True, wraps=True, indent=indent)


def plan(plan: Plan, request: Request) -> Sheet:
    """What would be done, on what grounds, and what it means for the users."""
    rows = [] if plan.approval is None else [_text("approval", *_second(plan.approval))]
    rows.append(_text("impact", "What it means for users", Tone.TITLE))
    rows += [_text(f"impact {n}", text, indent=3) for n, text in enumerate(plan.impact)]
    if not plan.impact:
        rows.append(_text("impact none", "unknown: the runbook does not say", Tone.UNKNOWN, 3))
    rows += [_text(f"warning {n}", f"▲ {text}", Tone.WARNING, 3) for n, text in enumerate(plan.warnings)]
    rows.append(_text("guards", "Guards", Tone.TITLE))
    for guard in sorted(plan.guards, key=lambda guard: guard.result == "pass"):
        rows += _guard(guard, guard.overridden or guard.name in request.overrides)
    rows += [
        _text(f"attest {host}", f"▲ {host}: you attest that it is down", Tone.WARNING, 3) for host in request.attests
    ]
    if plan.asks:
        rows.append(_text("asks", "Settings, changed by typing NAME=VALUE", Tone.TITLE))
        rows += [_ask(ask, request.params.get(ask.name)) for ask in plan.asks]
    if plan.steps:
        rows.append(_text("steps", "Steps, in this order; the same on several hosts at once", Tone.TITLE))
    for number, step in enumerate(plan.steps, 1):
        rows += _step(number, step)
    return Sheet(f"{plan.title or plan.runbook} · {plan.cluster}", (), tuple(rows), tone=Tone.WARNING)


def _second(second: Second) -> tuple[str, Tone]:
    """What the second operator's approval means for this run."""
    if second.state == "approved":
        return f"{GLYPHS[Tone.OK]} {second.text}", Tone.OK
    return f"▲ {second.text}", Tone.WARNING


def _ask(ask: Ask, value: str | None) -> Row:
    now = ask.default if value is None else value
    choices = f" ({' or '.join(ask.choices)})" if len(ask.choices) > 1 else ""
    tone = Tone.TEXT if value is None else Tone.WARNING
    return _text(f"ask {ask.name}", f"{ask.name}={now} · {ask.label or ask.name}{choices}", tone, 3)


def _guard(guard: PlannedGuard, overridden: bool) -> list[Row]:
    tone = RESULTS.get(guard.result, Tone.UNKNOWN)
    word = f"{guard.result}, overridden by you" if overridden else guard.result
    rows = [_text(f"guard {guard.name}", f"{GLYPHS[tone]} {guard.name}: {word} · {guard.reading}", tone, 3)]
    if guard.result != "pass":
        needed = f"needed: {guard.needed}" if guard.needed else ""
        advice = f"→ {guard.advice}" if guard.advice else ""
        rows += [_text(f"guard {guard.name} {n}", text, indent=5) for n, text in enumerate((needed, advice)) if text]
    return rows


def _step(number: int, step: PlannedStep) -> list[Row]:
    host = f"  on {step.host}" if step.host else ""
    rows = [_text(f"step {number}", f"{number}. {step.name}{host}", indent=3)]
    rows += [
        _text(f"step {number} {n}", f"$ {line}", Tone.ACCENT, 6)
        for n, line in enumerate(step.command.split("\n"))
        if line
    ]
    if step.undo:
        rows.append(_text(f"step {number} undo", f"undo: {step.undo}", Tone.MUTED, 6))
    return rows


def freshness(read_at: float, now: float, *, changed: bool, stale_after_s: float) -> Cell:
    """When a plan was read, and what that is worth now."""
    age = max(0, int(now - read_at))
    when = f"read {words.time_of_day(read_at)}, {age} s ago"
    if changed:
        return Cell(f" ▲ the cluster changed since: Ctrl-R reads it again · {when}", Tone.WARNING)
    if age > stale_after_s:
        return Cell(f" ▲ {when}: Ctrl-R reads it again; confirming does so first", Tone.WARNING)
    return Cell(f" {when}", Tone.MUTED)


def progress(
    plan: Plan, entries: Sequence[LogEntry], outcome: Plan | None, failure: str | None, now: float | None = None
) -> Sheet:
    """The steps as the journal tells them, and at the end how it ended. `now` tells how long a step has run."""
    rows: list[Row] = []
    tone = Tone.WARNING
    if outcome is None and failure is not None:
        tone = Tone.CRITICAL
        rows += _without_a_word(plan, entries, failure)
    elif outcome is not None:
        tone, sentence = ENDINGS.get(outcome.outcome, (Tone.CRITICAL, f"It ended with status {outcome.status}."))
        if outcome.outcome == "not_confirmed" and outcome.approval is not None and outcome.approval.waits:
            sentence = "It waits for a second operator. Nothing was changed."
        rows.append(_text("ending", f"{GLYPHS[tone]} {sentence}", tone))
        rows += [_text("sentence", outcome.sentence, indent=3)] if outcome.sentence else []
        rows += [_text(f"card {n}", f"→ {text}", Tone.ACCENT, 3) for n, text in enumerate(outcome.card)]
        rows += _unsettled(outcome)
    told_by_outcome = outcome is not None and bool(outcome.steps)
    steps = outcome.steps if outcome is not None and told_by_outcome else plan.steps
    states = [step.outcome for step in steps] if told_by_outcome else _states(plan, entries)
    over = outcome is not None or failure is not None
    for number, step in enumerate(steps, 1):
        rows.append(_state(number, step, states[number - 1] or "planned", entries, None if over else now, over))
    if not steps:
        rows.append(_text("no steps", "its steps are in the journal of the machine it was started on", Tone.MUTED))
    rows.append(_text("journal", "The journal", Tone.TITLE))
    told = [entry for entry in entries if entry.event != "guard" or entry.outcome != "pass"]
    rows += [_text(f"entry {e.seq}", f"{words.time_of_day(e.at)} {e.text}", Tone.MUTED, 3) for e in told]
    word = "ended" if over else "under way"
    return Sheet(f"{plan.title or plan.runbook} · {plan.cluster} · {word}", (), tuple(rows), tone=tone)


def _state(
    number: int, step: PlannedStep, state: str, entries: Sequence[LogEntry], now: float | None, over: bool
) -> Row:
    """One step in a line. What was begun and never ended is not known once nothing drives it any more."""
    text = state
    if state == "undoing":
        text = "it was being taken back; whether that happened is not known" if over else "is being taken back"
        state = "unknown" if over else state
    elif state == "stuck":
        text = "taking it back did not work"
    elif state == "running" and over:
        state, text = "unknown", "begun; whether it happened is not known"
    elif state == "running" and now is not None and (since := _begun_at(number, entries)) is not None:
        within = f" of {step.within:.0f} s" if step.within else ""
        text = f"running, {max(0, int(now - since))} s{within}"
    colour, mark = OUTCOMES.get(state, (Tone.UNKNOWN, "?"))
    host = f" on {step.host}" if step.host else ""
    return _text(f"step {number}", f"{mark} {number}. {step.name}{host}: {text}", colour)


def _begun_at(number: int, entries: Sequence[LogEntry]) -> float | None:
    return next((e.at for e in reversed(entries) if e.step == number and e.event == "step-started"), None)


def was_begun(entries: Sequence[LogEntry]) -> bool:
    """Whether an operation got as far as being confirmed."""
    return any(entry.event in BEGINNINGS for entry in entries)


def _without_a_word(plan: Plan, entries: Sequence[LogEntry], failure: str) -> list[Row]:
    """The card of a run whose process is gone and has not told how it ended."""
    if not was_begun(entries):
        return [_text("ending", f"✖ {failure}. The journal tells of no step: nothing was begun.", Tone.CRITICAL)]
    return [
        *cut_off(plan, entries),
        _text("failure", f"the process: {failure}", Tone.MUTED, 3),
        _text("way on", "→ press o to verify, continue, undo or abandon", Tone.ACCENT, 3),
    ]


def cut_off(plan: Plan, entries: Sequence[LogEntry], step: int = 0) -> list[Row]:
    """What is known of an operation whose process ended without a word. `step` is how far its lock tells it was."""
    number = running_step(plan, entries) or max((e.step or 0 for e in entries), default=0) or step
    at = plan.steps[number - 1] if 1 <= number <= len(plan.steps) else None
    where = f" at step {number}{f' on {at.host}' if at and at.host else ''}" if number else " before its first step"
    rows = [_text("ending", f"? outcome UNKNOWN: the process that acts ended without a word{where}", Tone.CRITICAL)]
    if at is not None and number and _states(plan, entries)[number - 1] == "undoing":
        rows.append(_text("look", f"→ it was being taken back: did that happen? {at.name}", Tone.ACCENT, 3))
        rows.append(_text("look 0", f"$ {at.undo}", Tone.ACCENT, 6))
    elif at is not None:
        rows.append(_text("look", f"→ look at {at.host or 'its host'}: did this happen? {at.name}", Tone.ACCENT, 3))
        lines = [line for line in at.command.split("\n") if line]
        rows += [_text(f"look {n}", f"$ {line}", Tone.ACCENT, 6) for n, line in enumerate(lines)]
    return rows


def choices(plan: Plan, entries: Sequence[LogEntry], one: KnownOperation) -> Sheet:
    """An operation that was cut off: what is known of each step, and what may become of it."""
    who = f"{one.operator or 'unknown'} on {one.origin or 'unknown'}"
    rows = cut_off(plan, entries, one.step)
    rows.append(_text("who", f"{one.runbook} of {who}, begun {one.started_at}, operation {one.operation}", indent=3))
    rows.append(_text("decisions", "What may become of it", Tone.TITLE))
    rows += [_text(f"decide {word}", f"{word}: {text}", indent=3) for word, text in DECISIONS.items()]
    rows.append(_text("steps", "What is known of each step", Tone.TITLE))
    states = _states(plan, entries)
    rows += [_state(n, step, states[n - 1], entries, None, True) for n, step in enumerate(plan.steps, 1)]
    if not plan.steps:
        rows.append(_text("no steps", f"its steps are in the journal of {one.origin or 'another machine'}", Tone.MUTED))
    return Sheet(f"{one.runbook} · {one.cluster} · cut off", (), tuple(rows), tone=Tone.CRITICAL)


def running_step(plan: Plan, entries: Sequence[LogEntry]) -> int | None:
    """The number of the step that runs or is taken back, to be kept in sight."""
    under_way = [n for n, state in enumerate(_states(plan, entries), 1) if state in ("running", "undoing")]
    return under_way[0] if under_way else None


def stopping(plan: Plan, entries: Sequence[LogEntry]) -> tuple[str, ...]:
    """What stopping a run now would leave, as far as plan and journal tell: what runs on, what is taken back."""
    if not plan.steps:
        return ("Its steps are not known here. What it did is taken back as far as it can be; the journal says what.",)
    states = [*enumerate(zip(plan.steps, _states(plan, entries), strict=True), 1)]
    if back := [f"{n}. {step.name}" for n, (step, state) in states if state == "undoing"]:
        return (f"It is taking back already what it did, at this moment {listed(back)}; that goes on to its end.",)
    running = [f"{n}. {step.name}" for n, (step, state) in states if state == "running"]
    first = f"First {listed(running)} runs to its end." if running else "No step runs at this moment."
    final = [(n, step) for n, (step, state) in states if state in ("done", "skipped", "running") and _is_final(step)]
    if final:
        n, step = final[-1]
        left = f"Then nothing is taken back, because of {n}. {step.name}: it {step.undo}."
        if not any(state == "planned" for _, (_, state) in states):
            return first, left, "All is done by then: stopping now comes too late to change anything."
        return first, left, "The cluster is left as it is after that; the card says what stands, and it needs a person."
    back = [f"{n}. {step.name}" for n, (step, state) in states if state in ("done", "running") and _is_undone(step)]
    if not back:
        return first, "There is nothing to take back: the cluster is left as it was."
    return first, f"Then is taken back, in this order: {listed(back[::-1])}.", "The cluster is left as it was before."


def _is_final(step: PlannedStep) -> bool:
    return step.undo.startswith("can't be taken back")


def _is_undone(step: PlannedStep) -> bool:
    return bool(step.undo) and not step.undo.startswith("nothing to take back")


def listed(names: Sequence[str], most: int = 6) -> str:
    """The names, with how many there are beyond the first few."""
    more = f", and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _unsettled(outcome: Plan) -> list[Row]:
    """Which guards refused it."""
    failed = [guard for guard in outcome.guards if not guard.accepted]
    return [row for guard in failed if outcome.outcome == "refused" for row in _guard(guard, False)]


def _states(plan: Plan, entries: Sequence[LogEntry]) -> list[str]:
    """Each step's state by the newest journal line about it; steps are counted from 1."""
    states = ["planned"] * len(plan.steps)
    for entry in entries:
        if entry.taken_back is not None and 1 <= entry.taken_back <= len(states):
            states[entry.taken_back - 1] = "undoing" if entry.event == "step-started" else "stuck"
        if entry.step is None or not 1 <= entry.step <= len(states):
            continue
        if entry.event == "step-started":
            states[entry.step - 1] = "running"
        elif entry.event == "step-ended":
            states[entry.step - 1] = entry.outcome or "unknown"
    return states
