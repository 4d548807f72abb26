"""How a rehearsal went, as rows of text. All of it says what it is: a model, on which nothing real was changed."""

from dslsconsole.tui.operation import Plan, PlannedStep
from dslsconsole.tui.render.cells import GLYPHS, Cell, Row, Sheet, Tone
from dslsconsole.tui.render.plan import ENDINGS, OUTCOMES


def _text(key: str, text: str, tone: Tone = Tone.TEXT, indent: int = 1) -> Row:
    return Row(key, (Cell(text, tone),), spans=True, wraps=True, indent=indent)


def rehearsal(plan: Plan, went: Plan) -> Sheet:
    """What became of a plan on the model.

    Args:
        plan: what would be done.
        went: what `run --rehearse` said.
    """
    tone, sentence = ENDINGS.get(went.outcome, (Tone.CRITICAL, f"It ended with status {went.status}."))
    told = went.rehearsal
    rows = [] if told is None else [_text("what it is", told.text, Tone.WARNING)]
    took = f", in {told.seconds:.0f} s" if told is not None else ""
    rows.append(_text("ending", f"{GLYPHS[tone]} on the model{took}: {sentence}", tone))
    rows += [_text("sentence", went.sentence, indent=3)] if went.sentence else []
    rows += [_text(f"card {n}", f"→ {text}", Tone.ACCENT, 3) for n, text in enumerate(went.card)]
    for n, text in enumerate(told.unlike if told is not None else ()):
        rows.append(_text(f"unlike {n}", f"▲ the model is not alike: {text}", Tone.WARNING))
    rows += _otherwise(plan, went)
    for guard in went.guards:
        if not guard.accepted:
            rows.append(_text(f"guard {guard.name}", f"✖ {guard.name}: {guard.reading}", Tone.CRITICAL))
    rows.append(_text("steps", "Steps, as they went on the model", Tone.TITLE))
    rows += [_step(number, step) for number, step in enumerate(went.steps, 1)]
    return Sheet(f"REHEARSAL · {plan.title or plan.runbook} · {plan.cluster}", (), tuple(rows), tone=Tone.ACCENT)


def _otherwise(plan: Plan, went: Plan) -> list[Row]:
    """Where the model's plan is another one than the plan."""

    def named(one: Plan) -> list[tuple[str, str]]:
        return [(step.name, step.host) for step in one.steps]

    ours, theirs = named(plan), named(went)
    if not theirs or ours == theirs:
        return []
    missing = [f"{name} on {host}" for name, host in ours if (name, host) not in theirs]
    more = [f"{name} on {host}" for name, host in theirs if (name, host) not in ours]
    parts = [f"without: {'; '.join(missing)}"] if missing else []
    parts += [f"with: {'; '.join(more)}"] if more else []
    said = ". ".join(parts) or "in another order"
    return [_text("otherwise", f"▲ the model's plan is another one, {said}", Tone.WARNING)]


def _step(number: int, step: PlannedStep) -> Row:
    tone, mark = OUTCOMES.get(step.outcome, (Tone.UNKNOWN, "?"))
    host = f" on {step.host}" if step.host else ""
    took = f", {step.seconds:.1f} s" if step.seconds is not None else ""
    said = f": {step.output}" if step.output and step.outcome in ("failed", "unknown") else ""
    return _text(f"step {number}", f"{mark} {number}. {step.name}{host}: {step.outcome}{took}{said}", tone, 3)
