"""A plan, a run under way and its outcome, as rows of text. Nothing of a command or a warning is left out."""

from collections.abc import Sequence

from dslsconsole.tui.journal_feed import LogEntry
from dslsconsole.tui.operation import Ask, Plan, PlannedGuard, PlannedStep, Request
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
    "unknown": (Tone.CRITICAL, "?"),
}
ENDINGS = {
    "done": (Tone.OK, "Done and verified."),
    "refused": (Tone.WARNING, "Refused by a guard. Nothing was changed."),
    "locked": (Tone.WARNING, "Another operation holds the lock. Nothing was changed."),
    "rolled_back": (Tone.WARNING, "A step failed. What had been changed was taken back."),
    "needs_person": (
        Tone.CRITICAL,
        "It failed, or its outcome is unknown. It needs a person: look at the steps below.",
    ),
    "not_confirmed": (Tone.WARNING, "Not confirmed or not permitted. Nothing was changed."),
}


def _text(key: str, text: str, tone: Tone = Tone.TEXT, indent: int = 1) -> Row:
    return Row(key, (Cell(text, tone),), spans=True, wraps=True, indent=indent)


def plan(plan: Plan, request: Request) -> Sheet:
    """What would be done, on what grounds, and what it means for the users."""
    rows = [_text("impact", "What it means for users", Tone.TITLE)]
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
    rows.append(_text("steps", "Steps, in this order", Tone.TITLE))
    for number, step in enumerate(plan.steps, 1):
        rows += _step(number, step)
    return Sheet(f"{plan.title or plan.runbook} · {plan.cluster}", (), tuple(rows), tone=Tone.WARNING)


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


def progress(plan: Plan, entries: Sequence[LogEntry], outcome: Plan | None, failure: str | None) -> Sheet:
    """The steps as the journal tells them, and at the end how it ended."""
    rows: list[Row] = []
    tone = Tone.WARNING
    if failure is not None:
        text = f"✖ {failure}. What was done is in the journal: dslsconsole operations"
        rows.append(_text("ending", text, tone := Tone.CRITICAL))
    elif outcome is not None:
        tone, sentence = ENDINGS.get(outcome.outcome, (Tone.CRITICAL, f"It ended with status {outcome.status}."))
        rows.append(_text("ending", f"{GLYPHS[tone]} {sentence}", tone))
        rows += [_text("sentence", outcome.sentence, indent=3)] if outcome.sentence else []
        rows += [_text(f"card {n}", f"→ {text}", Tone.ACCENT, 3) for n, text in enumerate(outcome.card)]
        rows += _unsettled(outcome)
    states = _states(plan, entries) if outcome is None else [step.outcome for step in outcome.steps]
    steps = plan.steps if outcome is None or not outcome.steps else outcome.steps
    for number, step in enumerate(steps, 1):
        state = states[number - 1] if number <= len(states) else "planned"
        colour, mark = OUTCOMES.get(state, (Tone.UNKNOWN, "?"))
        host = f" on {step.host}" if step.host else ""
        rows.append(_text(f"step {number}", f"{mark} {number}. {step.name}{host}: {state or 'planned'}", colour))
    rows.append(_text("journal", "The journal", Tone.TITLE))
    told = [entry for entry in entries if entry.event != "guard" or entry.outcome != "pass"]
    rows += [_text(f"entry {e.seq}", f"{words.time_of_day(e.at)} {e.text}", Tone.MUTED, 3) for e in told]
    word = "under way" if outcome is None and failure is None else "ended"
    return Sheet(f"{plan.title or plan.runbook} · {plan.cluster} · {word}", (), tuple(rows), tone=tone)


def running_step(plan: Plan, entries: Sequence[LogEntry]) -> int | None:
    """The number of the step that runs, to be kept in sight."""
    states = _states(plan, entries)
    return states.index("running") + 1 if "running" in states else None


def _unsettled(outcome: Plan) -> list[Row]:
    """Which guards refused it."""
    failed = [guard for guard in outcome.guards if not guard.accepted]
    return [row for guard in failed if outcome.outcome == "refused" for row in _guard(guard, False)]


def _states(plan: Plan, entries: Sequence[LogEntry]) -> list[str]:
    """Each step's state by the newest journal line about it; steps are counted from 1."""
    states = ["planned"] * len(plan.steps)
    for entry in entries:
        if entry.step is None or not 1 <= entry.step <= len(states):
            continue
        if entry.event == "step-started":
            states[entry.step - 1] = "running"
        elif entry.event == "step-ended":
            states[entry.step - 1] = entry.outcome or "unknown"
    return states
